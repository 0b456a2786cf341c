// The dictionary's texts: bytes to ids. Id 0 is the empty text.

import { block, recycle, rewind, room, take } from './memory'
import { equal, hash } from './bytes'

// An entry is [bytes u32][length u32][hash u32][unused]; a slot of the hash table is [hash u32][id u32].
const ENTRY: usize = 16
const SLOT: usize = 8

let entries: usize = 0
let capacity: u32 = 0
let count: u32 = 1
let slots: usize = 0
let slotMask: u32 = 0
let bytes: usize = 0

export function textCount(): u32 {
  return count
}

export function textBytes(): usize {
  return bytes
}

export function textStart(id: u32): usize {
  return load<u32>(entries + <usize>id * ENTRY)
}

export function textLength(id: u32): u32 {
  return id == 0 ? 0 : load<u32>(entries + <usize>id * ENTRY, 4)
}

/** The id of the text at `start`. */
export function intern(start: usize, length: u32): u32 {
  if (length == 0) return 0
  if (count >= capacity) grow()
  const h = hash(start, length)
  let at = h & slotMask
  while (true) {
    const slot = slots + <usize>at * SLOT
    const id = load<u32>(slot, 4)
    if (id == 0) return add(slot, start, length, h)
    if (load<u32>(slot) == h) {
      const entry = entries + <usize>id * ENTRY
      if (load<u32>(entry, 4) == length && equal(load<u32>(entry), start, length)) return id
    }
    at = (at + 1) & slotMask
  }
}

function add(slot: usize, start: usize, length: u32, h: u32): u32 {
  const copy = room(length)
  if (copy != start) memory.copy(copy, start, length)
  take(length)
  const id = count++
  bytes += <usize>length + ENTRY + 2 * SLOT
  writeEntry(id, copy, length, h)
  store<u32>(slot, h)
  store<u32>(slot, id, 4)
  return id
}

function writeEntry(id: u32, start: usize, length: u32, h: u32): void {
  const entry = entries + <usize>id * ENTRY
  store<u32>(entry, <u32>start)
  store<u32>(entry, length, 4)
  store<u32>(entry, h, 8)
}

/** Doubles the tables. The hash table has two slots per entry, so that chains stay short. */
function grow(): void {
  const old = entries
  const oldSlots = slots
  const oldCapacity = capacity
  capacity = max<u32>(256, capacity << 1)
  entries = block(<usize>capacity * ENTRY)
  if (old != 0) memory.copy(entries, old, <usize>count * ENTRY)
  slotMask = (capacity << 1) - 1
  slots = block(<usize>(capacity << 1) * SLOT)
  index()
  recycle(old, <usize>oldCapacity * ENTRY)
  recycle(oldSlots, <usize>(oldCapacity << 1) * SLOT)
}

function index(): void {
  for (let id: u32 = 1; id < count; id++) {
    const h = load<u32>(entries + <usize>id * ENTRY, 8)
    let at = h & slotMask
    while (load<u32>(slots + <usize>at * SLOT, 4) != 0) at = (at + 1) & slotMask
    store<u32>(slots + <usize>at * SLOT, h)
    store<u32>(slots + <usize>at * SLOT, id, 4)
  }
}

/**
 * Drops every text whose cell in `renamed` (one u32 per id) is 0 and writes the new ids of the others into
 * the cells. `renamed` stands in room that was not taken, so nothing is moved onto it.
 */
export function compactTexts(renamed: usize): void {
  const size = count
  count = 1
  bytes = 0
  rewind()
  for (let id: u32 = 1; id < size; id++) {
    if (load<u32>(renamed + ((<usize>id) << 2)) == 0) continue
    const entry = entries + <usize>id * ENTRY
    const length = load<u32>(entry, 4)
    const start = room(length)
    memory.copy(start, load<u32>(entry), length)
    take(length)
    bytes += <usize>length + ENTRY + 2 * SLOT
    writeEntry(count, start, length, load<u32>(entry, 8))
    store<u32>(renamed + ((<usize>id) << 2), count++)
  }
  memory.fill(slots, 0, <usize>(slotMask + 1) * SLOT)
  index()
}
