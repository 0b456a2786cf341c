import { hashOf, NO_GROUP, sameCells } from './loops.ts'

/**
 * Keys to groups, which are numbered 0, 1, 2, ... in the order they came. Open addressing over typed arrays: a key is
 * `stride` cells in `keys`, a slot holds a group plus one, and at most half of the slots are taken.
 */
export class KeyTable {
  readonly stride: number
  size = 0
  keys: Uint32Array
  #hashes: Uint32Array
  #slots: Uint32Array
  #capacity: number

  constructor(stride: number) {
    this.stride = stride
    this.#capacity = 256
    this.keys = new Uint32Array(this.#capacity * stride)
    this.#hashes = new Uint32Array(this.#capacity)
    this.#slots = new Uint32Array(this.#capacity * 2)
  }

  get capacity(): number {
    return this.#capacity
  }

  /** Makes room for `groups` in all. */
  reserve(groups: number): void {
    if (groups <= this.#capacity) return
    while (this.#capacity < groups) this.#capacity *= 2
    const keys = new Uint32Array(this.#capacity * this.stride)
    keys.set(this.keys.subarray(0, this.size * this.stride))
    this.keys = keys
    this.rehash()
  }

  /**
   * HOT. Gives every row of `wanted` that has no group in `groupOf` yet the group of its key, a new one if need be. Rows
   * that would need a new group beyond `limit` go without; returns how many. There must be room for all.
   */
  assign(wanted: Uint32Array, groupOf: Uint32Array, limit: number): number {
    const { stride, keys } = this
    const hashes = this.#hashes
    const slots = this.#slots
    const mask = slots.length - 1
    let left = 0
    for (let row = 0; row < groupOf.length; row++) {
      if (groupOf[row] !== NO_GROUP) continue
      const at = row * stride
      const hash = hashOf(wanted, at, stride)
      let slot = hash & mask
      let taken = slots[slot]
      while (taken !== 0) {
        const group = taken - 1
        if (hashes[group] === hash && sameCells(keys, group * stride, wanted, at, stride)) break
        slot = (slot + 1) & mask
        taken = slots[slot]
      }
      if (taken === 0) {
        if (this.size >= limit) {
          left++
          continue
        }
        const to = this.size * stride
        for (let i = 0; i < stride; i++) keys[to + i] = wanted[at + i]
        hashes[this.size] = hash
        taken = ++this.size
        slots[slot] = taken
      }
      groupOf[row] = taken - 1
    }
    return left
  }

  /** Keeps these groups, ascending, and numbers them anew. */
  keep(groups: Uint32Array): void {
    const { stride, keys } = this
    for (let to = 0; to < groups.length; to++)
      keys.copyWithin(to * stride, groups[to] * stride, (groups[to] + 1) * stride)
    this.size = groups.length
    this.rehash()
  }

  /** Finds every key its slot again, after the cells of keys have changed. */
  rehash(): void {
    const { stride, keys } = this
    this.#hashes = new Uint32Array(this.#capacity)
    this.#slots = new Uint32Array(this.#capacity * 2)
    const mask = this.#slots.length - 1
    for (let group = 0; group < this.size; group++) {
      const hash = hashOf(keys, group * stride, stride)
      let slot = hash & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#hashes[group] = hash
      this.#slots[slot] = group + 1
    }
  }
}
