import { type Dictionary, type FlowBatch, type Processor, selectRows } from '../../src/sdk/index.ts'
import { ClauseMatcher } from './clause-matcher.ts'
import { compile } from './compile.ts'
import type { FilterSpec } from './spec.ts'

/** A flow passes when one of `include` matches it and none of `exclude`. */
export interface Rules {
  /** Null lets everything pass; an empty list nothing. */
  readonly include: readonly FilterSpec[] | null
  readonly exclude: readonly FilterSpec[]
}

/** Keeps the flows that were asked for. Its rules can be exchanged between two batches. */
export class Filter implements Processor {
  readonly #dictionary: Dictionary
  #include: ClauseMatcher | null = null
  #exclude: ClauseMatcher | null = null
  #rows = new Uint32Array(0)

  constructor(dictionary: Dictionary, rules: Rules) {
    this.#dictionary = dictionary
    this.use(rules)
  }

  use({ include, exclude }: Rules): void {
    this.#include = include && this.#matcher(include)
    this.#exclude = exclude.length > 0 ? this.#matcher(exclude) : null
  }

  process(batch: FlowBatch): FlowBatch | null {
    const total = batch.rows.length
    if (this.#rows.length < total) this.#rows = new Uint32Array(total)
    let rows = this.#rows.subarray(0, total)
    rows.set(batch.rows)
    if (this.#exclude) rows = rows.subarray(0, this.#exclude.select(batch.columns, rows, 'others'))
    if (this.#include) rows = rows.subarray(0, this.#include.select(batch.columns, rows, 'matching'))
    if (rows.length === 0) return null
    return rows.length === total ? batch : selectRows(batch, rows)
  }

  #matcher(filters: readonly FilterSpec[]): ClauseMatcher {
    return new ClauseMatcher(filters.flatMap(compile), this.#dictionary)
  }
}
