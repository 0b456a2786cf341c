// Groups: records of one size, in pages, found by their key. A key is the first cells of a record.

import { block, recycle } from './memory'

// A table of groups, one u32 each. Also in `src/kernel/groups.ts`.
export const SIZE: usize = 0
const SLOT_MASK: usize = 4
const SLOTS: usize = 8
const PAGES: usize = 12
const PAGE_COUNT: usize = 16
export const STRIDE: usize = 20
export const KEY_BYTES: usize = 24

/** A slot is [hash u32][group plus one u32]; at most a quarter of them are taken, so that few keys meet in one. */
const SLOT: usize = 8
/** Also in `src/kernel/groups.ts`. */
const PAGE_SHIFT: u32 = 8
const PAGE_MASK: u32 = (1 << PAGE_SHIFT) - 1
export const NO_GROUP: u32 = 0xffffffff

/** The record of a group. */
// @ts-ignore: decorator
@inline
export function recordOf(groups: usize, group: u32): usize {
  const page: usize = load<u32>(<usize>load<u32>(groups, PAGES) + ((<usize>(group >> PAGE_SHIFT)) << 2))
  return page + <usize>(group & PAGE_MASK) * <usize>load<u32>(groups, STRIDE)
}

// @ts-ignore: decorator
@inline
function hashOf(key: usize, bytes: usize): u32 {
  // Two at once, so that neither waits for the other.
  let a: u64 = 0x243f6a8885a308d3
  let b: u64 = 0x13198a2e03707344
  for (let at: usize = 0; at < bytes; at += 16) {
    a = (a ^ load<u64>(key + at)) * 0x9e3779b97f4a7c15
    b = (b ^ load<u64>(key + at, 8)) * 0xc2b2ae3d27d4eb4f
    a ^= a >> 32
    b ^= b >> 29
  }
  const h = (a ^ rotl(b, 32)) * 0x9e3779b97f4a7c15
  return <u32>(h >> 32)
}

// @ts-ignore: decorator
@inline
function sameKey(a: usize, b: usize, bytes: usize): bool {
  for (let at: usize = 0; at < bytes; at += 16)
    if (v128.any_true(v128.xor(v128.load(a + at), v128.load(b + at)))) return false
  return true
}

/** True where `find` has just made the group: its record bears the key, and what stood behind it before. */
export let isNew: bool = false

/** The group of a key, made when there are fewer than `limit`; otherwise NO_GROUP. */
export function find(groups: usize, key: usize, limit: u32): u32 {
  const bytes: usize = load<u32>(groups, KEY_BYTES)
  const mask = load<u32>(groups, SLOT_MASK)
  const slots: usize = load<u32>(groups, SLOTS)
  const hash = hashOf(key, bytes)
  let h = hash
  isNew = false
  while (true) {
    const slot = slots + (<usize>(h & mask)) * SLOT
    const taken = load<u32>(slot, 4)
    if (taken == 0) break
    if (load<u32>(slot) == hash && sameKey(recordOf(groups, taken - 1), key, bytes)) return taken - 1
    h++
  }
  const group = load<u32>(groups, SIZE)
  if (group >= limit) return NO_GROUP
  isNew = true
  store<u32>(groups, group + 1, SIZE)
  if (group >> PAGE_SHIFT == load<u32>(groups, PAGE_COUNT)) addPage(groups)
  memory.copy(recordOf(groups, group), key, bytes)
  if ((group + 1) * 4 > mask) rehash(groups)
  else write(slots, mask, hash, group)
  return group
}

// @ts-ignore: decorator
@inline
function write(slots: usize, mask: u32, hash: u32, group: u32): void {
  let h = hash
  while (load<u32>(slots + (<usize>(h & mask)) * SLOT, 4) != 0) h++
  const slot = slots + (<usize>(h & mask)) * SLOT
  store<u32>(slot, hash)
  store<u32>(slot, group + 1, 4)
}

/** Pages stay where they are; only the list of them moves. */
function addPage(groups: usize): void {
  const count = load<u32>(groups, PAGE_COUNT)
  let pages: usize = load<u32>(groups, PAGES)
  // The list has room for a power of two.
  if (count == 0 || (count >= 64 && (count & (count - 1)) == 0)) {
    const grown = block(<usize>max<u32>(64, count << 1) << 2)
    memory.copy(grown, pages, (<usize>count) << 2)
    if (count > 0) recycle(pages, (<usize>count) << 2)
    pages = grown
    store<u32>(groups, <u32>pages, PAGES)
  }
  const page = block((<usize>load<u32>(groups, STRIDE)) << PAGE_SHIFT)
  store<u32>(pages + ((<usize>count) << 2), <u32>page)
  store<u32>(groups, count + 1, PAGE_COUNT)
}

/** Finds every key its slot again: there are more groups, fewer, or their cells have changed. */
export function rehash(groups: usize): void {
  const size = load<u32>(groups, SIZE)
  let mask = load<u32>(groups, SLOT_MASK)
  if (size * 4 > mask) {
    if (mask > 0) recycle(load<u32>(groups, SLOTS), (<usize>mask + 1) * SLOT)
    mask = max<u32>(mask, 511)
    while (size * 4 > mask) mask = (mask << 1) | 1
    store<u32>(groups, mask, SLOT_MASK)
    store<u32>(groups, <u32>block((<usize>mask + 1) * SLOT), SLOTS)
  } else memory.fill(load<u32>(groups, SLOTS), 0, (<usize>mask + 1) * SLOT)
  const bytes: usize = load<u32>(groups, KEY_BYTES)
  const slots: usize = load<u32>(groups, SLOTS)
  for (let group: u32 = 0; group < size; group++) write(slots, mask, hashOf(recordOf(groups, group), bytes), group)
}

/** Writes the groups whose key begins with `start` to `list`, at most `most`, from `from` on; returns how many. */
export function members(groups: usize, start: u32, from: u32, list: usize, most: u32): u32 {
  const size = load<u32>(groups, SIZE)
  let found: u32 = 0
  for (let group = from; group < size && found < most; group++) {
    if (load<u32>(recordOf(groups, group)) != start) continue
    store<u32>(list + ((<usize>found) << 2), group)
    found++
  }
  return found
}

/** Drops the groups whose key begins with one of `count` cells at `starts`; the others move up, in order. */
export function drop(groups: usize, starts: usize, count: u32): void {
  const size = load<u32>(groups, SIZE)
  const stride: usize = load<u32>(groups, STRIDE)
  let kept: u32 = 0
  for (let group: u32 = 0; group < size; group++) {
    const record = recordOf(groups, group)
    const start = load<u32>(record)
    let leaves = false
    for (let i: u32 = 0; i < count && !leaves; i++) leaves = load<u32>(starts + ((<usize>i) << 2)) == start
    if (leaves) continue
    if (kept != group) memory.copy(recordOf(groups, kept), record, stride)
    kept++
  }
  store<u32>(groups, kept, SIZE)
  rehash(groups)
}
