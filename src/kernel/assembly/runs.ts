// Runs: keys that follow each other with the same few values on most lines, as the name and labels of the node do.
//
// The first time, a run is read key by key, and what it writes to the row is noted. From then on its bytes are
// compared as one, and the note is copied. A run goes from the quote of its first key to behind the quote of the key
// that follows its last, so that no run is the beginning of another, and each ends with a byte that a quote's search
// finds: what `fragments.ts` asks of the values it knows.

import { find, idOf, isNodeAt, learn, lengthOf, nodeAt, valueOf } from './fragments'
import { room, take } from './memory'
import { BEGINS_STEADY, BOOL, actionOf, columnOf, FRAGMENT, REPEATED, runsOf } from './keys'

// The runs of a context: [kind u32][how many were learned u32][unused u64], and slots, each the node that fitted last.
// Also in `src/kernel/tables.ts`.
const SLOTS: usize = 16
const SLOT_MASK: u32 = 255

/** Past so many, the keys of these lines do not recur as they should, and no more are learned. */
const MOST_RUNS: u32 = 2048
const LONGEST_RUN: usize = 4096

// A note is [cells u32][guess u32][once u64], and for each cell its column and value.
const NOTE_HEAD: usize = 16
const MOST_CELLS: u32 = 32

/** The known run that begins with `key` at `p`, or 0. */
// @ts-ignore: decorator
@inline
export function knownRun(runs: usize, key: usize, p: usize): usize {
  const slot = runs + SLOTS + ((<usize>(slotOf(key, p) & SLOT_MASK)) << 2)
  const known = load<u32>(slot)
  if (known != 0 && isNodeAt(nodeAt(known), p)) return nodeAt(known)
  const node = find(load<u32>(runs), p)
  if (node != 0) store<u32>(slot, idOf(node))
  return node
}

/** A hash of what decides which run it is: of the key alone where it mostly is the same. */
// @ts-ignore: decorator
@inline
function slotOf(key: usize, p: usize): u32 {
  if (runsOf(key) == BEGINS_STEADY) return <u32>(key >> 6)
  let h: u64 = 0
  for (let i: usize = 0; i < 128; i += 32) {
    h ^= (load<u64>(p + i) * 0x9e3779b97f4a7c15) ^ (load<u64>(p + i, 8) * 0xc2b2ae3d27d4eb4f)
    h ^= (load<u64>(p + i, 16) * 0x165667b19e3779f9) ^ (load<u64>(p + i, 24) * 0xd6e8feb86659fd93)
    h = rotl(h, 17)
  }
  return <u32>(h >> 40)
}

// @ts-ignore: decorator
@inline
export function onceOfRun(node: usize): u64 {
  return load<u64>(<usize>valueOf(node), 8)
}

/** Writes what the run says to the row; answers with the place behind it, where a key begins. */
// @ts-ignore: decorator
@inline
export function takeRun(node: usize, p: usize, row: usize): usize {
  const note: usize = valueOf(node)
  let cell = note + NOTE_HEAD
  for (let left = load<u32>(note); left > 0; left--) {
    store<u32>(<usize>load<u32>(cell) + row, load<u32>(cell, 4))
    cell += 8
  }
  return p + lengthOf(node) - 1
}

// @ts-ignore: decorator
@inline
export function guessBehind(node: usize): usize {
  return load<u32>(<usize>valueOf(node), 4)
}

/** The run that is being read key by key. */
let begun: usize = 0
let onceBefore: u64 = 0
let cells: u32 = 0
const columns: usize = memory.data(128)

/** From here on keys may be a run. */
export function beginRun(p: usize, seen: u64): void {
  begun = p
  onceBefore = seen
  cells = 0
}

/** The run has one key more; false when its value does not recur, so that there is no run. */
export function addToRun(key: usize): bool {
  const action = actionOf(key)
  if (action == REPEATED) return true
  if ((action != FRAGMENT && action != BOOL) || cells == MOST_CELLS) return false
  store<u32>(columns + ((<usize>cells) << 2), <u32>columnOf(key))
  cells++
  return true
}

/** The run ends at `p`, behind the value of its last key. */
export function endRun(runs: usize, p: usize, row: usize, seen: u64, guess: usize): void {
  const start = begun
  // A comma and a quote.
  if (load<u16>(p) != 0x222c) return
  const length = p + 2 - start
  if (length > LONGEST_RUN || load<u32>(runs, 4) >= MOST_RUNS) return
  store<u32>(runs, load<u32>(runs, 4) + 1, 4)
  const bytes = NOTE_HEAD + ((<usize>cells) << 3)
  const note = room(bytes)
  take(bytes)
  store<u32>(note, cells)
  store<u32>(note, <u32>guess, 4)
  store<u64>(note, seen ^ onceBefore, 8)
  for (let i: usize = 0; i < <usize>cells; i++) {
    const column: usize = load<u32>(columns + (i << 2))
    store<u32>(note + NOTE_HEAD + (i << 3), <u32>column)
    store<u32>(note + NOTE_HEAD + (i << 3), load<u32>(column + row), 4)
  }
  learn(load<u32>(runs), start, length, <u32>note, false)
}
