import type { Kernel } from './kernel.ts'

/** Indexes of the cells. Also in `assembly/groups.ts`, in bytes. */
const CELL = { size: 0, slotMask: 1, slots: 2, pages: 3, stride: 5, keyBytes: 6 } as const
const CELLS = 7
/** Also in `assembly/groups.ts`. */
const PAGE_SHIFT = 8
const PAGE_MASK = 2 ** PAGE_SHIFT - 1
const SLOT_BYTES = 8
const FIRST_SLOTS = 512
const NO_LIMIT = 0xffffffff
/** Groups listed at a time. */
const MOST_LISTED = 512

/**
 * Groups in the kernel's memory: records of one size, numbered 0, 1, 2, ... in the order they came, found by their key.
 * A key is the first cells of a record; the first of all says when its window starts.
 */
export class GroupTable {
  readonly address: number
  readonly #kernel: Kernel
  readonly #cells: number
  readonly #strideWords: number
  readonly #key: number
  readonly #list: number

  /** Both in bytes, and multiples of 16. */
  constructor(kernel: Kernel, { stride, keyBytes }: { readonly stride: number; readonly keyBytes: number }) {
    this.#kernel = kernel
    this.#strideWords = stride / 4
    const cells = new Array<number>(CELLS).fill(0)
    cells[CELL.slotMask] = FIRST_SLOTS - 1
    cells[CELL.slots] = kernel.exports.block(FIRST_SLOTS * SLOT_BYTES)
    cells[CELL.stride] = stride
    cells[CELL.keyBytes] = keyBytes
    this.address = kernel.list(cells)
    this.#cells = this.address / 4
    this.#key = kernel.exports.block(keyBytes)
    this.#list = kernel.exports.block(MOST_LISTED * 4)
  }

  get size(): number {
    return this.#kernel.words[this.#cells + CELL.size]
  }

  /** Where the record of a group stands in the kernel's words. */
  at(group: number): number {
    const { words } = this.#kernel
    const page = words[words[this.#cells + CELL.pages] / 4 + (group >>> PAGE_SHIFT)]
    return page / 4 + (group & PAGE_MASK) * this.#strideWords
  }

  /** The group of a key, made when there is none; then what stands behind its key is anything. */
  find(key: Uint32Array): number {
    this.#kernel.words.fill(0, this.#key / 4, this.#key / 4 + key.length).set(key, this.#key / 4)
    return this.#kernel.exports.find(this.address, this.#key, NO_LIMIT)
  }

  /** The groups of the window that starts then, ascending, some at a time. */
  *members(startS: number): Generator<Uint32Array> {
    const { exports, words } = this.#kernel
    for (let from = 0; from < this.size; ) {
      const found = exports.members(this.address, startS, from, this.#list, MOST_LISTED)
      if (found === 0) return
      const list = words.slice(this.#list / 4, this.#list / 4 + found)
      yield list
      from = list[found - 1] + 1
    }
  }

  /** Drops the groups of the windows that start then; the others move up, in order. */
  drop(starts: readonly number[]): void {
    for (let from = 0; from < starts.length; from += MOST_LISTED) {
      const some = starts.slice(from, from + MOST_LISTED)
      this.#kernel.words.set(some, this.#list / 4)
      this.#kernel.exports.drop(this.address, this.#list, some.length)
    }
  }

  /** Must be called after cells of keys have changed. */
  rehash(): void {
    this.#kernel.exports.rehash(this.address)
  }
}
