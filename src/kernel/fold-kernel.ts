import type { Answers } from './answers.ts'
import type { GroupTable } from './group-table.ts'
import type { Kernel } from './kernel.ts'

/** Stands in a cell whose flows disagree. Ids, ports and codes never come near it. Also in `assembly/fold-cells.ts`. */
export const MIXED = 0xffffffff

/** How a cell of a row comes about. `C` are the names of columns. */
export type CellOrder<C extends string = string> =
  | { readonly from: 'column'; readonly column: C }
  /** A word of a note about the id in a column; the same note serves several cells. */
  | { readonly from: 'note'; readonly column: C; readonly question: number; readonly word: number }
  | { readonly from: 'answer'; readonly column: C; readonly question: number }
  /** Port of the side that was called, or that called. */
  | { readonly from: 'port'; readonly of: 'server' | 'client'; readonly columns: readonly [C, C, C] }
  /** The port where the question about the protocol is answered with 1. */
  | { readonly from: 'protocol port'; readonly columns: readonly [C, C]; readonly question: number }
  | { readonly from: 'pair'; readonly columns: readonly [C, C]; readonly question: number }
  /** What is said of the ids in four columns, joined two by two. */
  | {
      readonly from: 'joined'
      readonly columns: readonly [C, C, C, C]
      readonly question: number
      readonly join: number
    }

/** Where the parts of a record stand, in bytes. */
export interface RecordShape {
  readonly stride: number
  readonly keyBytes: number
  readonly agreed: number
  readonly agreedEnd: number
  readonly sums: number
  readonly flagged: number
  readonly others: number
  readonly times: number
  readonly examples: number
  readonly touched: number
}

export interface FoldPlan<C extends string = string> {
  readonly groups: GroupTable
  readonly answers: Answers
  readonly record: RecordShape
  /** The cells of the key behind its first two: the start of the window, and what flows without room share. */
  readonly key: readonly CellOrder<C>[]
  readonly agreed: readonly CellOrder<C>[]
  readonly collected: readonly CellOrder<C>[]
  /** Distinct values kept of each collected cell. */
  readonly examples: number
  readonly summed: readonly C[]
  /** Each counts the flows that have one of its bits in the column of flags. */
  readonly flagMasks: readonly number[]
  readonly roles: readonly C[]
  readonly maxGroups: number
  readonly windowS: number
}

/** What a batch did. */
export interface Folded {
  readonly lateFlows: number
  readonly otherFlows: number
  readonly latestS: number
  readonly latestNs: number
  readonly hasAggregated: boolean
}

/** Cells of the key before those of the plan. */
const KEY_PARTS = 2
/** Also in `assembly/fold.ts`. */
const SLICE_ROWS = 128
const ORDER_WORDS = 8
const ACTION = {
  column: 0,
  note: 1,
  noteWord: 2,
  answer: 3,
  server: 4,
  client: 5,
  'protocol port': 6,
  pair: 7,
  joined: 8,
} as const
/** Indexes of the cells. Also in `assembly/fold-cells.ts`, in bytes. */
const CELL = {
  groups: 0,
  answers: 1,
  columns: 2,
  rows: 3,
  rowCount: 4,
  at: 5,
  orders: 6,
  orderCount: 7,
  layout: 8,
  layoutStride: 9,
  agreed: 10,
  agreedEnd: 11,
  collected: 12,
  collectedCount: 13,
  examples: 14,
  exampleCount: 15,
  others: 16,
  sums: 17,
  flagged: 18,
  times: 19,
  touched: 20,
  summed: 21,
  summedCount: 22,
  flagMasks: 23,
  flagMaskCount: 24,
  mostGroups: 25,
  otherGroups: 26,
  windowS: 27,
  epoch: 28,
  latestS: 29,
  latestNs: 30,
  aggregatedSeen: 31,
  lateFlows: 32,
  otherFlows: 34,
  roles: 36,
} as const
const CELLS = 45

/** HOT, by way of the kernel: puts rows of columns into groups. */
export class FoldKernel<C extends string> {
  readonly #kernel: Kernel
  readonly #plan: FoldPlan<C>
  /** The columns that somebody reads; orders name them by their place. */
  readonly #columns: C[] = []
  /** Each is an order of its own; the cells made of it come behind. */
  readonly #notes: { readonly key: string; readonly order: number[] }[] = []
  readonly #cells: number
  readonly #addresses: number
  #rows: { readonly start: number; readonly count: number } = { start: 0, count: 0 }
  /** The columns whose addresses the kernel has: a decoder's are the same for every batch. */
  #own: { readonly [name in C]: Uint32Array } | null = null
  /** For columns that are not in the kernel's memory. */
  #copies: { readonly start: number; readonly rows: number } | null = null

  constructor(kernel: Kernel, plan: FoldPlan<C>) {
    this.#kernel = kernel
    this.#plan = plan
    const { groups, answers, record } = plan
    const orders = this.#orders()
    const roles = plan.roles.map((column) => this.#place(column))
    const summed = plan.summed.map((column) => this.#place(column))
    this.#addresses = kernel.exports.block(this.#columns.length * 4)
    const collected = record.agreedEnd
    // Notes stand behind the collected values.
    const layoutStride = Math.ceil((collected + (plan.collected.length + this.#notes.length) * 4) / 16) * 16
    const cells = new Array<number>(CELLS).fill(0)
    const set = (values: { readonly [name in keyof typeof CELL]?: number }) => {
      for (const [name, value] of Object.entries(values)) cells[CELL[name as keyof typeof CELL]] = value
    }
    set({ groups: groups.address, answers: answers.address, columns: this.#addresses })
    set({ orders: kernel.list(orders.flat()), orderCount: orders.length })
    set({ layout: kernel.exports.block(layoutStride * SLICE_ROWS), layoutStride })
    set({ agreed: record.agreed, agreedEnd: record.agreedEnd })
    set({ collected, collectedCount: plan.examples > 0 ? plan.collected.length : 0 })
    set({ examples: record.examples, exampleCount: plan.examples, others: record.others })
    set({ sums: record.sums, summed: kernel.list(summed), summedCount: summed.length })
    set({ flagged: record.flagged, flagMasks: kernel.list(plan.flagMasks) })
    set({ flagMaskCount: plan.flagMasks.length, times: record.times, touched: record.touched })
    set({ mostGroups: plan.maxGroups, windowS: plan.windowS })
    roles.forEach((place, role) => {
      cells[CELL.roles + role] = place
    })
    this.#cells = kernel.list(cells) / 4
  }

  /** Groups that hold flows that found no room in one of their own. */
  get otherGroups(): number {
    return this.#kernel.words[this.#cells + CELL.otherGroups]
  }

  set otherGroups(count: number) {
    this.#kernel.words[this.#cells + CELL.otherGroups] = count
  }

  /** What was said of windows is no longer so. */
  windowsChanged(): void {
    this.#kernel.words[this.#cells + CELL.epoch]++
  }

  fold(columns: { readonly [name in C]: Uint32Array }, rows: Uint32Array): Folded {
    const kernel = this.#kernel
    this.#takeRows(columns, rows)
    const cells = this.#cells
    kernel.words[cells + CELL.rows] = this.#rows.start
    kernel.words[cells + CELL.rowCount] = rows.length
    kernel.words.fill(0, cells + CELL.latestS, cells + CELL.roles)
    kernel.words[cells + CELL.at] = 0
    while (kernel.exports.fold(cells * 4) !== 0) this.#plan.answers.give()
    const { words, doubles } = kernel
    return {
      lateFlows: doubles[(cells + CELL.lateFlows) / 2],
      otherFlows: doubles[(cells + CELL.otherFlows) / 2],
      latestS: words[cells + CELL.latestS],
      latestNs: words[cells + CELL.latestNs],
      hasAggregated: words[cells + CELL.aggregatedSeen] !== 0,
    }
  }

  /** Columns of a decoder are in the kernel's memory already; others are copied there. */
  #takeRows(columns: { readonly [name in C]: Uint32Array }, rows: Uint32Array): void {
    const kernel = this.#kernel
    if (rows.length > this.#rows.count) {
      if (this.#rows.count > 0) kernel.exports.recycle(this.#rows.start, this.#rows.count * 4)
      this.#rows = { start: kernel.exports.block(rows.length * 4), count: rows.length }
    }
    if (columns !== this.#own) {
      // Only kernels have shared memory, and a batch with ids of another dictionary would be nonsense. Comparing buffers
      // would not do: when the memory grows, views keep the object they had.
      const isOwn = this.#columns.every((name) => columns[name].buffer instanceof SharedArrayBuffer)
      this.#own = isOwn ? columns : null
      if (!isOwn) return this.#copy(columns, rows)
      const addresses = kernel.words.subarray(this.#addresses / 4)
      this.#columns.forEach((name, place) => {
        addresses[place] = columns[name].byteOffset
      })
    }
    kernel.words.set(rows, this.#rows.start / 4)
  }

  #copy(columns: { readonly [name in C]: Uint32Array }, rows: Uint32Array): void {
    const kernel = this.#kernel
    if (this.#copies === null || this.#copies.rows < rows.length) {
      const { start, rows: before } = this.#copies ?? { start: 0, rows: 0 }
      kernel.exports.recycle(start, before * this.#columns.length * 4)
      this.#copies = {
        start: kernel.exports.block(rows.length * this.#columns.length * 4),
        rows: rows.length,
      }
    }
    const { start } = this.#copies
    const { words } = kernel
    this.#columns.forEach((name, place) => {
      const to = start / 4 + place * rows.length
      const column = columns[name]
      words[this.#addresses / 4 + place] = to * 4
      for (let row = 0; row < rows.length; row++) words[to + row] = column[rows[row]]
    })
    for (let row = 0; row < rows.length; row++) words[this.#rows.start / 4 + row] = row
  }

  #orders(): number[][] {
    const { key, agreed, collected, record } = this.#plan
    const orders: number[][] = []
    const add = (cells: readonly CellOrder<C>[], start: number) => {
      cells.forEach((cell, index) => {
        orders.push(this.#order(cell, start + index * 4))
      })
    }
    add(key, KEY_PARTS * 4)
    add(agreed, record.agreed)
    add(collected, record.agreedEnd)
    // Where the notes stand is known only now.
    const notes = record.agreedEnd + collected.length * 4
    for (const order of orders) if (order[0] === ACTION.noteWord) order[3] = notes + order[3] * 4
    this.#notes.forEach(({ order }, index) => {
      order[1] = notes + index * 4
    })
    return [...this.#notes.map(({ order }) => order), ...orders]
  }

  /** [action, cell, place of a column, two more of what it needs, question, question, unused] */
  #order(cell: CellOrder<C>, offset: number): number[] {
    const words = new Array<number>(ORDER_WORDS).fill(0)
    const set = (action: number, ...rest: readonly number[]) => {
      words.splice(0, rest.length + 2, action, offset, ...rest)
      return words
    }
    switch (cell.from) {
      case 'column':
        return set(ACTION.column, this.#place(cell.column))
      case 'note':
        return set(ACTION.noteWord, 0, this.#noteOf(cell.column, cell.question), cell.word * 4)
      case 'answer':
        return set(ACTION.answer, this.#place(cell.column), 0, 0, cell.question)
      case 'port':
        return set(ACTION[cell.of], ...cell.columns.map((column) => this.#place(column)))
      case 'protocol port':
      case 'pair': {
        const [first, second] = cell.columns.map((column) => this.#place(column))
        return set(ACTION[cell.from], first, second, 0, cell.question)
      }
      case 'joined': {
        const places = cell.columns.map((column) => this.#place(column))
        return set(ACTION.joined, 0, this.#kernel.list(places), 0, cell.question, cell.join)
      }
    }
  }

  /** The index of the note about the ids in a column. */
  #noteOf(column: C, question: number): number {
    const key = `${column} ${question}`
    const known = this.#notes.findIndex((note) => note.key === key)
    if (known >= 0) return known
    const order = [ACTION.note, 0, this.#place(column), 0, 0, question, 0, 0]
    return this.#notes.push({ key, order }) - 1
  }

  #place(column: C): number {
    const known = this.#columns.indexOf(column)
    return known >= 0 ? known : this.#columns.push(column) - 1
  }
}
