import type { Field } from '../../src/sdk/index.ts'
import { KeyTable } from './key-table.ts'
import type { Layout } from './layout.ts'
import { MIXED, NO_GROUP } from './loops.ts'

/** A key begins with the start of its window and, for an `other` group, the id of its verdict and drop reason. */
export const KEY_START = 0
export const KEY_OTHER = 1
export const KEY_PARTS = 2

/** The groups of all open windows, in columns: group `g` has cells `g * width` to `(g + 1) * width` of each. */
export class Groups {
  readonly layout: Layout
  readonly table: KeyTable
  /** Which cells of a key are dictionary ids. */
  readonly keyIds: readonly boolean[]
  /** One per carried field: the value all flows agree on, or MIXED. */
  readonly carried: readonly CellColumn[]
  /** Seconds and nanoseconds. */
  readonly first = new CellColumn(2, 'numbers', 0xffffffff)
  readonly last = new CellColumn(2, 'numbers', 0)
  /** One per evidence list, each with its count of flows that have another value. */
  readonly examples: readonly CellColumn[]
  readonly others: readonly SumColumn[]
  readonly ingress = new SumColumn()
  readonly egress = new SumColumn()
  readonly unknown = new SumColumn()
  readonly syn = new SumColumn()
  readonly fin = new SumColumn()
  readonly rst = new SumColumn()
  /** All columns beside the key, as panes write them. */
  readonly cells: readonly CellColumn[]
  readonly sums: readonly SumColumn[]
  /** 1 where a group has changed since it was last sealed. */
  touched = new Uint8Array(0)
  /** How many groups hold flows that found no room in one of their own. */
  otherGroups = 0

  constructor(layout: Layout) {
    const { keyParts, carried, evidence, examples } = layout
    this.layout = layout
    this.table = new KeyTable(KEY_PARTS + keyParts.length)
    this.keyIds = [false, true, ...keyParts.map((part) => part.kind === 'endpoint' || holdsIds(part.field))]
    this.carried = carried.map((field) => new CellColumn(1, holdsIds(field) ? 'ids' : 'numbers', 0))
    this.examples = evidence.map(() => new CellColumn(examples, 'ids', 0))
    this.others = evidence.map(() => new SumColumn())
    this.cells = [...this.carried, this.first, this.last, ...this.examples]
    const { ingress, egress, unknown, syn, fin, rst } = this
    this.sums = [ingress, egress, unknown, syn, fin, rst, ...this.others]
    this.#grow()
  }

  get size(): number {
    return this.table.size
  }

  startOf(group: number): number {
    return this.table.keys[group * this.table.stride + KEY_START]
  }

  isOther(group: number): boolean {
    return this.table.keys[group * this.table.stride + KEY_OTHER] !== 0
  }

  flowsOf(group: number): number {
    return this.ingress.cells[group] + this.egress.cells[group] + this.unknown.cells[group]
  }

  flows(): number {
    let flows = 0
    for (let group = 0; group < this.size; group++) flows += this.flowsOf(group)
    return flows
  }

  reserve(groups: number): void {
    if (groups <= this.table.capacity) return
    this.table.reserve(groups)
    this.#grow()
  }

  /** The group of one key, made when there is none. For `restore`. */
  groupOf(key: Uint32Array): number {
    this.reserve(this.size + 1)
    const groupOf = Uint32Array.of(NO_GROUP)
    const before = this.size
    this.table.assign(key, groupOf, Infinity)
    if (this.size > before && this.isOther(before)) this.otherGroups++
    return groupOf[0]
  }

  /** Keeps these groups, ascending; the others are gone. */
  keep(groups: Uint32Array): void {
    const before = this.size
    this.table.keep(groups)
    for (const column of [...this.cells, ...this.sums]) column.keep(groups, before)
    for (let to = 0; to < groups.length; to++) this.touched[to] = this.touched[groups[to]]
    this.touched.fill(0, groups.length, before)
    this.otherGroups = 0
    for (let group = 0; group < this.size; group++) if (this.isOther(group)) this.otherGroups++
  }

  mark(keep: (id: number) => void): void {
    const { keys, stride } = this.table
    this.keyIds.forEach((isId, i) => {
      if (isId) for (let at = i; at < this.size * stride; at += stride) keep(keys[at])
    })
    for (const column of this.cells) column.mark(this.size, keep)
  }

  remap(renamed: Uint32Array): void {
    const { keys, stride } = this.table
    this.keyIds.forEach((isId, i) => {
      if (isId) for (let at = i; at < this.size * stride; at += stride) keys[at] = renamed[keys[at]]
    })
    this.table.rehash()
    for (const column of this.cells) column.remap(this.size, renamed)
  }

  #grow(): void {
    const { capacity } = this.table
    for (const column of [...this.cells, ...this.sums]) column.grow(capacity)
    const touched = new Uint8Array(capacity)
    touched.set(this.touched)
    this.touched = touched
  }
}

/** A column of dictionary ids or plain numbers. What has no group yet is as groups begin. */
export class CellColumn {
  readonly width: number
  readonly holds: 'ids' | 'numbers'
  readonly #beginning: number
  cells = new Uint32Array(0)

  constructor(width: number, holds: 'ids' | 'numbers', beginning: number) {
    this.width = width
    this.holds = holds
    this.#beginning = beginning
  }

  grow(capacity: number): void {
    const cells = new Uint32Array(capacity * this.width)
    cells.set(this.cells)
    cells.fill(this.#beginning, this.cells.length)
    this.cells = cells
  }

  keep(groups: Uint32Array, before: number): void {
    const { width, cells } = this
    for (let to = 0; to < groups.length; to++)
      cells.copyWithin(to * width, groups[to] * width, (groups[to] + 1) * width)
    cells.fill(this.#beginning, groups.length * width, before * width)
  }

  mark(groups: number, keep: (id: number) => void): void {
    if (this.holds === 'numbers') return
    for (let at = 0; at < groups * this.width; at++) if (this.cells[at] !== MIXED) keep(this.cells[at])
  }

  remap(groups: number, renamed: Uint32Array): void {
    if (this.holds === 'numbers') return
    const { cells } = this
    for (let at = 0; at < groups * this.width; at++) if (cells[at] !== MIXED) cells[at] = renamed[cells[at]]
  }
}

/** A column of counts: whole numbers, exact up to 2^53. */
export class SumColumn {
  cells = new Float64Array(0)

  grow(capacity: number): void {
    const cells = new Float64Array(capacity)
    cells.set(this.cells)
    this.cells = cells
  }

  keep(groups: Uint32Array, before: number): void {
    for (let to = 0; to < groups.length; to++) this.cells[to] = this.cells[groups[to]]
    this.cells.fill(0, groups.length, before)
  }
}

function holdsIds({ cell }: Field): boolean {
  return cell === 'text' || cell === 'json'
}
