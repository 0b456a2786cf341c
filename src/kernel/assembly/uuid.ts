// The UUID of a row, written as text.

import { ask, PENDING } from './answers'
import { byte, hex } from './text-writer'

/** The question for eight bytes that stand for a text in UUIDs. Also in `src/kernel/row-kernel.ts`. */
const HASH_QUESTION: u32 = 3

let a: u32 = 0
let b: u32 = 0
let c: u32 = 0
let d: u32 = 0

/** One round of MurmurHash3's 32-bit mixer for each of four words, each fed by its neighbour. */
function mix(value: u32): void {
  let carried: u32 = (value ^ d) * 0xcc9e2d51
  carried = rotl(carried, 15)
  a = (a ^ (carried * 0x1b873593)) * 5 + 0xe6546b64
  carried = ((carried ^ a) * 0x85ebca6b) ^ (a >> 13)
  carried = rotl(carried, 15)
  b = (b ^ (carried * 0x1b873593)) * 5 + 0xe6546b64
  carried = ((carried ^ b) * 0x85ebca6b) ^ (b >> 13)
  carried = rotl(carried, 15)
  c = (c ^ (carried * 0x1b873593)) * 5 + 0xe6546b64
  carried = ((carried ^ c) * 0x85ebca6b) ^ (c >> 13)
  carried = rotl(carried, 15)
  d = (d ^ (carried * 0x1b873593)) * 5 + 0xe6546b64
}

/**
 * A UUID of version 8 (RFC 9562): its own hash of the key, which is the same in every process. Texts go in by eight
 * bytes of their SHA-256, and all is mixed by multiplication: it tells rows apart, it is no secret and no signature.
 */
export function uuid(answers: usize, seed: usize, revision: u32, record: usize, cells: usize, ids: usize): void {
  a = load<u32>(seed)
  b = load<u32>(seed, 4)
  c = load<u32>(seed, 8)
  d = load<u32>(seed, 12)
  mix(revision)
  for (let i: usize = 0; i < cells; i++) {
    const cell = load<u32>(record + (i << 2))
    if (load<u32>(ids + (i << 2)) == 0) {
      mix(cell)
      continue
    }
    const hash: usize = ask(answers, HASH_QUESTION, cell, 0)
    if (<u32>hash == PENDING) return
    mix(load<u32>(hash))
    mix(load<u32>(hash, 4))
  }
  byte(0x22)
  hex(a, 8)
  byte(0x2d)
  hex(b >> 16, 4)
  byte(0x2d)
  byte(0x38)
  hex(b, 3)
  byte(0x2d)
  byte(0x61)
  hex(c >> 16, 3)
  byte(0x2d)
  hex(c, 4)
  hex(d, 8)
  byte(0x22)
}
