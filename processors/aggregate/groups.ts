import { type Dictionary, type Field, GroupTable, MIXED, type RecordShape } from '../../src/sdk/index.ts'
import type { Layout } from './layout.ts'

/** A key begins with the start of its window and, for an `other` group, the id of its verdict and drop reason. */
const KEY_START = 0
export const KEY_OTHER = 1
export const KEY_PARTS = 2

/** Sums of columns, in the order in which records have them. */
export const SUMMED = [
  'ingress_flows',
  'egress_flows',
  'unknown_flows',
  'packets',
  'bytes',
  'bytes_high',
] as const
/** Flags of which flows are counted, in the same way. */
export const FLAGS = ['SYN', 'FIN', 'RST'] as const

const WORD_BYTES = 4
const SUM_BYTES = 8

/** Some cells of every record, by where they begin, in words. */
export interface CellRange {
  readonly at: number
  readonly width: number
  readonly holds: 'ids' | 'numbers'
}

/** Also a cell in which nothing ever is. */
export type GroupShape = RecordShape & { readonly nothing: number }

/** The groups of all open windows: a record each, in the kernel's memory. */
export class Groups {
  readonly layout: Layout
  readonly shape: GroupShape
  readonly table: GroupTable
  /** Which cells of a key are dictionary ids. */
  readonly keyIds: readonly boolean[]
  /** All cells beside the key, and all sums by where they stand in bytes, as panes write them. */
  readonly cells: readonly CellRange[]
  readonly sums: readonly number[]
  /** How many groups hold flows that found no room in one of their own. */
  otherGroups = 0
  readonly #kernel: Dictionary['kernel']
  readonly #touched: number

  constructor(layout: Layout, { kernel }: Dictionary) {
    const { keyParts, carried, evidence, examples } = layout
    this.layout = layout
    this.#kernel = kernel
    this.shape = shapeOf(layout)
    this.table = new GroupTable(kernel, this.shape)
    this.keyIds = [false, true, ...keyParts.map((part) => part.kind === 'endpoint' || holdsIds(part.field))]
    const { agreed, times, sums, touched } = this.shape
    const range = (bytes: number, width: number, holds: 'ids' | 'numbers'): CellRange => ({
      at: bytes / WORD_BYTES,
      width,
      holds,
    })
    this.cells = [
      ...carried.map((field, i) => range(agreed + i * WORD_BYTES, 1, holdsIds(field) ? 'ids' : 'numbers')),
      range(times, 4, 'numbers'),
      range(this.shape.examples, evidence.length * examples, 'ids'),
    ]
    this.sums = Array.from({ length: (times - sums) / SUM_BYTES }, (_, i) => sums + i * SUM_BYTES)
    this.#touched = touched / WORD_BYTES
  }

  get size(): number {
    return this.table.size
  }

  /** The kernel's memory, for those who know where a record stands. */
  get words(): Uint32Array {
    return this.#kernel.words
  }

  get doubles(): Float64Array {
    return this.#kernel.doubles
  }

  startOf(group: number): number {
    return this.words[this.table.at(group) + KEY_START]
  }

  isOther(group: number): boolean {
    return this.words[this.table.at(group) + KEY_OTHER] !== 0
  }

  flowsOf(group: number): number {
    const first = (this.table.at(group) * WORD_BYTES + this.shape.sums) / SUM_BYTES
    const { doubles } = this
    return doubles[first] + doubles[first + 1] + doubles[first + 2]
  }

  flows(): number {
    let flows = 0
    for (let group = 0; group < this.size; group++) flows += this.flowsOf(group)
    return flows
  }

  /** Whether the group has changed since it was last asked. */
  takeTouched(group: number): boolean {
    const at = this.table.at(group) + this.#touched
    const { words } = this
    const wasTouched = words[at] !== 0
    words[at] = 0
    return wasTouched
  }

  /** The group of one key, made when there is none. For `restore`, which fills all its cells. */
  groupOf(key: Uint32Array): number {
    const before = this.size
    const group = this.table.find(key)
    if (this.size > before && this.isOther(before)) this.otherGroups++
    const { keyBytes, stride } = this.shape
    const record = this.table.at(group)
    this.words.fill(0, record + keyBytes / WORD_BYTES, record + stride / WORD_BYTES)
    return group
  }

  /** Lets go of the groups of these windows. */
  drop(starts: readonly number[]): void {
    this.table.drop(starts)
    if (this.otherGroups === 0) return
    this.otherGroups = 0
    for (let group = 0; group < this.size; group++) if (this.isOther(group)) this.otherGroups++
  }

  mark(keep: (id: number) => void): void {
    this.#eachId((words, at) => keep(words[at]))
  }

  remap(renamed: Uint32Array): void {
    this.#eachId((words, at) => {
      words[at] = renamed[words[at]]
    })
    this.table.rehash()
  }

  #eachId(visit: (words: Uint32Array, at: number) => void): void {
    const { words } = this
    const inKey = [...this.keyIds.keys()].filter((i) => this.keyIds[i])
    const ranges = this.cells.filter(({ holds }) => holds === 'ids')
    for (let group = 0; group < this.size; group++) {
      const record = this.table.at(group)
      for (const i of inKey) visit(words, record + i)
      for (const { at, width } of ranges)
        for (let cell = record + at; cell < record + at + width; cell++)
          if (words[cell] !== MIXED) visit(words, cell)
    }
  }
}

/** A record: key, values to agree on, sums, times, examples, and whether it was touched. */
function shapeOf({ keyParts, carried, evidence, examples }: Layout): GroupShape {
  const keyBytes = wide((KEY_PARTS + keyParts.length) * WORD_BYTES)
  const agreedEnd = keyBytes + wide(carried.length * WORD_BYTES)
  const flagged = agreedEnd + SUMMED.length * SUM_BYTES
  const others = flagged + FLAGS.length * SUM_BYTES
  const times = others + evidence.length * SUM_BYTES
  const firstExample = times + 4 * WORD_BYTES
  const touched = firstExample + evidence.length * examples * WORD_BYTES
  const nothing = touched + WORD_BYTES
  return {
    keyBytes,
    agreed: keyBytes,
    agreedEnd,
    sums: agreedEnd,
    flagged,
    others,
    times,
    examples: firstExample,
    touched,
    nothing,
    stride: wide(nothing + WORD_BYTES),
  }
}

/** The kernel compares sixteen bytes at a time. */
function wide(bytes: number): number {
  return Math.ceil(bytes / 16) * 16
}

function holdsIds({ cell }: Field): boolean {
  return cell === 'text' || cell === 'json'
}
