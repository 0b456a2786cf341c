// What JavaScript has said about ids: which namespace an endpoint has, how a code is written. It is asked once for
// each, and the answer is found by a hash from then on.
//
// A loop over rows goes on behind a question without an answer, so that JavaScript is called for many at a time;
// then what depends on them is done again.

import { block, recycle } from './memory'

/** No answer yet. */
export const PENDING: u32 = 0xffffffff

// A table of answers, one u32 each. Also in `src/kernel/answers.ts`.
const SLOTS: usize = 0
const MASK: usize = 4
const COUNT: usize = 8
/** Addresses of slots without an answer. */
const MISSES: usize = 12
const MISS_COUNT: usize = 16
const FIRST_CHUNK: usize = 20
const CHUNK: usize = 24
const CURSOR: usize = 28
const CHUNK_END: usize = 32

/** A slot is [a u32][b u32][question u32, 0 where it is free][answer u32]. */
const SLOT: usize = 16
/** Questions asked in one go, at most. Also in `src/kernel/answers.ts`. */
const MOST_MISSES: u32 = 4096
const CHUNK_BYTES: usize = 64 << 10
/** Then all is forgotten and asked again: keys come and go for as long as the process lives. */
const MOST_ANSWERS: u32 = 1 << 20

/** The answer to `question` about `a` and `b`, or PENDING. */
export function ask(answers: usize, question: u32, a: u32, b: u32): u32 {
  const slots: usize = load<u32>(answers, SLOTS)
  const mask = load<u32>(answers, MASK)
  let h = hashOf(question, a, b)
  while (true) {
    const slot = slots + (<usize>(h & mask)) * SLOT
    const asked = load<u32>(slot, 8)
    if (asked == 0) return miss(answers, slot, question, a, b)
    if (asked == question && load<u32>(slot) == a && load<u32>(slot, 4) == b) return load<u32>(slot, 12)
    h++
  }
}

// @ts-ignore: decorator
@inline
function hashOf(question: u32, a: u32, b: u32): u32 {
  let h = (a * 0x9e3779b1) ^ (b * 0x85ebca6b) ^ (question * 0xc2b2ae35)
  h ^= h >> 15
  h *= 0x2c1b3c6d
  return h ^ (h >> 13)
}

function miss(answers: usize, slot: usize, question: u32, a: u32, b: u32): u32 {
  const misses = load<u32>(answers, MISS_COUNT)
  // The next round asks again.
  if (misses == MOST_MISSES) return PENDING
  store<u32>(slot, a)
  store<u32>(slot, b, 4)
  store<u32>(slot, question, 8)
  store<u32>(slot, PENDING, 12)
  store<u32>(<usize>load<u32>(answers, MISSES) + ((<usize>misses) << 2), <u32>slot)
  store<u32>(answers, misses + 1, MISS_COUNT)
  store<u32>(answers, load<u32>(answers, COUNT) + 1, COUNT)
  return PENDING
}

export function missCount(answers: usize): u32 {
  return load<u32>(answers, MISS_COUNT)
}

/** Makes room for the next round of questions; those of the last one have their answers. */
export function prepare(answers: usize): void {
  store<u32>(answers, 0, MISS_COUNT)
  const count = load<u32>(answers, COUNT)
  if (count > MOST_ANSWERS) forget(answers)
  else if ((count + MOST_MISSES) * 2 > load<u32>(answers, MASK)) grow(answers)
}

export function forget(answers: usize): void {
  memory.fill(load<u32>(answers, SLOTS), 0, (<usize>load<u32>(answers, MASK) + 1) * SLOT)
  store<u32>(answers, 0, COUNT)
  store<u32>(answers, 0, MISS_COUNT)
  store<u32>(answers, 0, CHUNK)
  store<u32>(answers, 0, CURSOR)
  store<u32>(answers, 0, CHUNK_END)
}

function grow(answers: usize): void {
  const old: usize = load<u32>(answers, SLOTS)
  const oldBytes = (<usize>load<u32>(answers, MASK) + 1) * SLOT
  const mask = (load<u32>(answers, MASK) << 1) | 1
  const slots = block((<usize>mask + 1) * SLOT)
  for (let from = old; from < old + oldBytes; from += SLOT) {
    const question = load<u32>(from, 8)
    if (question == 0) continue
    let h = hashOf(question, load<u32>(from), load<u32>(from, 4))
    while (load<u32>(slots + (<usize>(h & mask)) * SLOT, 8) != 0) h++
    v128.store(slots + (<usize>(h & mask)) * SLOT, v128.load(from))
  }
  store<u32>(answers, <u32>slots, SLOTS)
  store<u32>(answers, mask, MASK)
  recycle(old, oldBytes)
}

/** Where an answer of so many bytes can be written: answers of several words are given by their address. */
export function note(answers: usize, bytes: usize): usize {
  if (<usize>load<u32>(answers, CURSOR) + bytes > <usize>load<u32>(answers, CHUNK_END)) nextChunk(answers)
  const start: usize = load<u32>(answers, CURSOR)
  store<u32>(answers, <u32>(start + bytes), CURSOR)
  return start
}

function nextChunk(answers: usize): void {
  const current: usize = load<u32>(answers, CHUNK)
  let next: usize = current == 0 ? load<u32>(answers, FIRST_CHUNK) : load<u32>(current)
  if (next == 0) {
    next = block(CHUNK_BYTES)
    if (current == 0) store<u32>(answers, <u32>next, FIRST_CHUNK)
    else store<u32>(current, <u32>next)
  }
  store<u32>(answers, <u32>next, CHUNK)
  store<u32>(answers, <u32>(next + 16), CURSOR)
  store<u32>(answers, <u32>(next + CHUNK_BYTES), CHUNK_END)
}
