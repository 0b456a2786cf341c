import {
  type Dictionary,
  FLOW_COLUMNS,
  type FlowColumn,
  type FlowColumns,
  Memo,
} from '../../src/sdk/index.ts'
import type { Clause } from './compile.ts'

/**
 * Finds the rows that match at least one of many clauses, in one pass a column however many clauses there are.
 *
 * Each clause has a bit. A cell's mask, computed once per distinct cell, says which clauses the cell is right for; the
 * masks of a row's cells combined by AND leave the clauses that match the row. More clauses than bits make several words.
 */
export class ClauseMatcher {
  readonly #words: readonly Word[]
  #bits = new Uint32Array(0)
  #matched = new Uint32Array(0)

  constructor(clauses: readonly Clause[], dictionary: Dictionary) {
    const count = Math.ceil(clauses.length / CLAUSES_PER_WORD)
    this.#words = Array.from({ length: count }, (_, index) =>
      wordOf(clauses.slice(index * CLAUSES_PER_WORD, (index + 1) * CLAUSES_PER_WORD), dictionary),
    )
  }

  /** Moves the row numbers that match (or that do not) to the front of `rows`, in their order; returns how many. */
  select(columns: FlowColumns, rows: Uint32Array, kind: 'matching' | 'others'): number {
    const count = rows.length
    const matched = this.#match(columns, rows)
    const wanted = kind === 'matching'
    let kept = 0
    // HOT: once a row.
    for (let i = 0; i < count; i++) {
      rows[kept] = rows[i]
      if ((matched[i] !== 0) === wanted) kept++
    }
    return kept
  }

  /** By index into `rows`: not 0 where a clause matches. */
  #match(columns: FlowColumns, rows: Uint32Array): Uint32Array {
    const count = rows.length
    if (this.#matched.length < count) {
      this.#bits = new Uint32Array(count)
      this.#matched = new Uint32Array(count)
    }
    const bits = this.#bits
    const matched = this.#matched
    matched.fill(0, 0, count)
    for (const word of this.#words) {
      bits.fill(word.all, 0, count)
      for (const test of word.tests) test.narrow(columns, rows, bits)
      // HOT: once a row.
      for (let i = 0; i < count; i++) matched[i] |= bits[i]
    }
    return matched
  }
}

/** A memo answers numbers below 2^32 - 1, so the last bit stays unused. */
const CLAUSES_PER_WORD = 31

interface Word {
  readonly all: number
  readonly tests: readonly ColumnTest[]
}

function wordOf(clauses: readonly Clause[], dictionary: Dictionary): Word {
  const columns = new Set(clauses.flatMap((clause) => [...clause.keys()]))
  return {
    all: 2 ** clauses.length - 1,
    tests: [...columns].map((column) => new ColumnTest(column, clauses, dictionary)),
  }
}

/** Ports and codes fit in 16 bits. What does not is damaged input, and this number, which nobody can ask for, stands for it. */
const LARGEST_NUMBER = 2 ** 16
const LARGEST_ID = 2 ** 32 - 1

/** What the cells of one column say to the clauses of a word. */
class ColumnTest {
  readonly #column: FlowColumn
  readonly #masks: Memo
  readonly #largest: number

  constructor(column: FlowColumn, clauses: readonly Clause[], dictionary: Dictionary) {
    const kind = FLOW_COLUMNS[column]
    this.#column = column
    this.#largest = kind === 'text' || kind === 'json' || kind === 'endpoint' ? LARGEST_ID : LARGEST_NUMBER
    this.#masks = new Memo(dictionary, (cell) =>
      clauses.reduce((mask, clause, bit) => {
        const test = clause.get(column)
        return test === undefined || test(cell, dictionary) ? mask + 2 ** bit : mask
      }, 0),
    )
  }

  /** Takes from each row's bits the clauses that its cell is wrong for. */
  narrow(columns: FlowColumns, rows: Uint32Array, bits: Uint32Array): void {
    const cells = columns[this.#column]
    const masks = this.#masks
    const largest = this.#largest
    const count = rows.length
    // HOT: once a row and column.
    for (let i = 0; i < count; i++) bits[i] &= masks.at(Math.min(cells[rows[i]], largest))
  }
}
