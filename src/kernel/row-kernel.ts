import { Buffer } from 'node:buffer'
import type { Answers } from './answers.ts'
import type { GroupTable } from './group-table.ts'
import type { Kernel } from './kernel.ts'

/**
 * What a row is made of, in order. `at` is the offset of a cell in the group's record, in bytes; `head` is what stands
 * before the value, `,"Verdict":`. A cell that holds nothing, or in which flows differ, writes nothing, not even its head.
 */
export type RowOrder =
  | { readonly write: 'literal'; readonly head: string }
  /** The text of an id as JSON, or JSON that is the text of an id. */
  | { readonly write: 'text' | 'json' | 'flag' | 'boolean'; readonly head: string; readonly at: number }
  | { readonly write: 'number'; readonly head: string; readonly at: number; readonly less: number }
  /** A number of which `less` itself is not written. */
  | { readonly write: 'number above'; readonly head: string; readonly at: number; readonly less: number }
  /** JSON that is the answer to a question about the cell and `about`. */
  | {
      readonly write: 'said'
      readonly head: string
      readonly at: number
      readonly question: number
      readonly about: number
    }
  /** A sum, written even when it is 0. */
  | { readonly write: 'sum' | 'time'; readonly head: string; readonly at: number }
  /** A sum of the lower halves, and one of the upper halves where there are any; nothing where both are 0. */
  | { readonly write: 'total'; readonly head: string; readonly at: number; readonly high: number | null }
  | { readonly write: 'second'; readonly head: string; readonly at: number; readonly plus: number }
  | { readonly write: 'uuid' | 'revision'; readonly head: string }
  /** A text; `or` where all flows have none. */
  | { readonly write: 'text or'; readonly head: string; readonly at: number; readonly or: string }
  /** One of the two ways, by whether the cell holds something. */
  | {
      readonly write: 'either'
      readonly at: number
      readonly some: readonly RowOrder[]
      readonly none: readonly RowOrder[]
    }
  /** Left out when it is empty, unless it is to be kept or one of the marks holds something. */
  | {
      readonly write: 'object'
      readonly head: string
      readonly members: readonly RowOrder[]
      readonly empty: 'left out' | 'kept'
      readonly marks: readonly number[]
    }
  /** The answer to a question about two cells, head and all. */
  | {
      readonly write: 'said of two'
      readonly at: number
      readonly and: number
      readonly question: number
    }
  /** A list, unless flows agree on all of `agreed`; with `join`, the examples are lists themselves. */
  | {
      readonly write: 'examples'
      readonly head: string
      readonly at: number
      readonly list: number
      readonly most: number
      readonly agreed: readonly number[] | null
      readonly join: number | null
    }
  /** A sum, if the list of examples was written and there are others. */
  | { readonly write: 'others'; readonly head: string; readonly at: number; readonly list: number }
  /** All of it, if one of the sums is not 0. */
  | {
      readonly write: 'if any'
      readonly at: number
      readonly sums: number
      readonly orders: readonly RowOrder[]
    }

export interface RowPlan {
  readonly groups: GroupTable
  readonly answers: Answers
  readonly orders: readonly RowOrder[]
  /** Four words with which every UUID begins. */
  readonly seed: Uint32Array
  /** Which cells of the key are ids of texts. */
  readonly keyIds: readonly boolean[]
}

/** Numbers of the orders. Also in `assembly/rows.ts`. */
const ACTION = {
  literal: 0,
  text: 1,
  json: 2,
  number: 3,
  flag: 4,
  boolean: 5,
  said: 6,
  'number above': 7,
  sum: 8,
  time: 9,
  second: 10,
  uuid: 11,
  revision: 12,
  'text or': 13,
  open: 14,
  close: 15,
  unless: 16,
  jump: 17,
  'said of two': 18,
  examples: 19,
  others: 20,
  unlessAny: 21,
  total: 22,
} as const
/** Indexes of the cells. Also in `assembly/rows.ts`, in bytes. */
const CELL = {
  groups: 0,
  answers: 1,
  orders: 2,
  orderCount: 3,
  list: 4,
  count: 5,
  buffer: 6,
  bufferBytes: 7,
  revision: 8,
  seed: 9,
  written: 13,
  ends: 14,
  keyCells: 15,
  keyIds: 16,
} as const
const CELLS = 17
/** What `render` says when it has questions. */
const ASKS = 1
const ORDER_WORDS = 8
/** Rows at a time. */
const MOST_ROWS = 512
const FIRST_BUFFER_BYTES = 256 * 1024
const NO_CELL = 0

/** Some rows, and until when they can be read. */
export interface RenderedRows {
  /** In the kernel's memory; the next rows are written there. */
  readonly text: Buffer
  readonly groups: Uint32Array
  isThere(): boolean
}

/** HOT, by way of the kernel: writes groups as rows of JSON. */
export class RowKernel {
  readonly #kernel: Kernel
  readonly #answers: Answers
  readonly #cells: number
  readonly #orders: number[][] = []
  readonly #list: number
  readonly #ends: number
  /** Grows whenever rows are written, and so over those before. */
  #edition = 0

  constructor(kernel: Kernel, { groups, answers, orders, seed, keyIds }: RowPlan) {
    this.#kernel = kernel
    this.#answers = answers
    this.#add(orders)
    this.#list = kernel.exports.block(MOST_ROWS * 4)
    this.#ends = kernel.exports.block(MOST_ROWS * 4)
    const cells = new Array<number>(CELLS).fill(0)
    cells[CELL.groups] = groups.address
    cells[CELL.answers] = answers.address
    cells[CELL.orders] = kernel.list(this.#orders.flat())
    cells[CELL.orderCount] = this.#orders.length
    cells[CELL.list] = this.#list
    cells[CELL.ends] = this.#ends
    cells[CELL.buffer] = kernel.exports.block(FIRST_BUFFER_BYTES)
    cells[CELL.bufferBytes] = FIRST_BUFFER_BYTES
    cells[CELL.keyCells] = keyIds.length
    cells[CELL.keyIds] = kernel.list(keyIds.map(Number))
    cells.splice(CELL.seed, seed.length, ...seed)
    this.#cells = kernel.list(cells) / 4
  }

  /** Lines of JSON, each with its line feed, for some of the groups at a time, in order. */
  *render(groups: Uint32Array, revision: number): Generator<RenderedRows> {
    for (let from = 0; from < groups.length; ) {
      const some = groups.subarray(from, from + MOST_ROWS)
      const written = this.#some(some, revision)
      if (written === 0) this.#growBuffer()
      else {
        const { words, bytes } = this.#kernel
        const start = words[this.#cells + CELL.buffer]
        const end = words[this.#ends / 4 + written - 1]
        const edition = this.#edition
        yield {
          text: bytes.subarray(start, start + end),
          groups: some.subarray(0, written),
          isThere: () => edition === this.#edition,
        }
      }
      from += written
    }
  }

  #some(groups: Uint32Array, revision: number): number {
    this.#edition++
    const kernel = this.#kernel
    kernel.words.set(groups, this.#list / 4)
    kernel.words[this.#cells + CELL.count] = groups.length
    kernel.words[this.#cells + CELL.revision] = revision
    while (kernel.exports.render(this.#cells * 4) === ASKS) this.#answers.give()
    return kernel.words[this.#cells + CELL.written]
  }

  /** A single row did not fit. */
  #growBuffer(): void {
    const { exports } = this.#kernel
    const [buffer, bytes] = this.#kernel.words.subarray(
      this.#cells + CELL.buffer,
      this.#cells + CELL.bufferBytes + 1,
    )
    exports.recycle(buffer, bytes)
    const grown = exports.block(bytes * 2)
    this.#kernel.words.set([grown, bytes * 2], this.#cells + CELL.buffer)
  }

  #add(orders: readonly RowOrder[]): void {
    for (const order of orders) this.#addOne(order)
  }

  #addOne(order: RowOrder): void {
    switch (order.write) {
      case 'literal':
      case 'uuid':
      case 'revision':
        this.#push(ACTION[order.write], NO_CELL, order.head)
        return
      case 'text':
      case 'json':
      case 'flag':
      case 'boolean':
      case 'sum':
      case 'time':
        this.#push(ACTION[order.write], order.at, order.head)
        return
      case 'number':
      case 'number above':
        this.#push(ACTION[order.write], order.at, order.head, order.less)
        return
      case 'said':
        this.#push(ACTION.said, order.at, order.head, order.question, order.about)
        return
      case 'total':
        this.#push(ACTION.total, order.at, order.head, order.high === null ? 0 : 1, order.high ?? order.at)
        return
      case 'second':
        this.#push(ACTION.second, order.at, order.head, order.plus)
        return
      case 'text or':
        this.#push(ACTION['text or'], order.at, order.head, ...this.#text(order.or))
        return
      case 'object':
        this.#push(ACTION.open, NO_CELL, order.head)
        this.#add(order.members)
        this.#push(ACTION.close, NO_CELL, '', order.empty === 'kept' ? 1 : 0, this.#cellList(order.marks))
        return
      case 'said of two':
        this.#push(ACTION['said of two'], order.at, '', order.question, order.and)
        return
      case 'examples': {
        const { at, head, list, most, agreed, join } = order
        const cells = agreed === null ? 0 : this.#cellList(agreed)
        this.#push(ACTION.examples, at, head, list, cells, most, join ?? 0)
        return
      }
      case 'others':
        this.#push(ACTION.others, order.at, order.head, order.list)
        return
      case 'either': {
        const unless = this.#push(ACTION.unless, order.at, '')
        this.#add(order.some)
        const jump = this.#push(ACTION.jump, NO_CELL, '')
        unless[4] = this.#orders.length
        this.#add(order.none)
        jump[4] = this.#orders.length
        return
      }
      case 'if any': {
        const unless = this.#push(ACTION.unlessAny, order.at, '', 0, order.sums)
        this.#add(order.orders)
        unless[4] = this.#orders.length
        return
      }
    }
  }

  /** [action, offset, head, its length, up to four more] */
  #push(action: number, at: number, head: string, ...rest: readonly number[]): number[] {
    const order = [action, at, ...this.#text(head), ...rest]
    while (order.length < ORDER_WORDS) order.push(0)
    this.#orders.push(order)
    return order
  }

  #text(text: string): [address: number, length: number] {
    const bytes = Buffer.from(text)
    const start = this.#kernel.exports.block(bytes.length)
    bytes.copy(this.#kernel.bytes, start)
    return [start, bytes.length]
  }

  /** [how many, offset ...] */
  #cellList(cells: readonly number[]): number {
    return this.#kernel.list([cells.length, ...cells])
  }
}
