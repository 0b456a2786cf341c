// The UUID of a row, written as text.

import { ask, PENDING } from './answers'
import { byte, hex } from './text-writer'

/** The question for eight bytes that stand for a text in UUIDs. Also in `src/kernel/row-kernel.ts`. */
const HASH_QUESTION: u32 = 3

const C1: u64 = 0x87c37b91114253d5
const C2: u64 = 0x4cf5ad432745937f

/** The halves of the hash, and which of them the next word goes to. */
let a: u64 = 0
let b: u64 = 0
let isSecond: bool = false

/** Half a round of MurmurHash3 for 128 bits: words go to both halves in turn. */
// @ts-ignore: decorator
@inline
function mix(value: u64): void {
  if (isSecond) {
    b = rotl(b ^ (rotl(value * C2, 33) * C1), 31) + a
    b = b * 5 + 0x38495ab5
  } else {
    a = rotl(a ^ (rotl(value * C1, 31) * C2), 27) + b
    a = a * 5 + 0x52dce729
  }
  isSecond = !isSecond
}

/** Its last step: every bit of the input by now decides about every bit. */
function spread(h: u64): u64 {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53
  return h ^ (h >> 33)
}

/**
 * A UUID of version 8 (RFC 9562): its own hash of the key, which is the same in every process. Texts go in by eight
 * bytes of their SHA-256, and all is mixed by multiplication: it tells rows apart, it is no secret and no signature.
 */
export function uuid(answers: usize, seed: usize, revision: u32, record: usize, cells: usize, ids: usize): void {
  a = load<u64>(seed)
  b = load<u64>(seed, 8)
  isSecond = false
  mix(revision)
  for (let i: usize = 0; i < cells; i++) {
    let value: u64 = load<u32>(record + (i << 2))
    if (load<u32>(ids + (i << 2)) != 0) {
      const hash: usize = ask(answers, HASH_QUESTION, <u32>value, 0)
      if (<u32>hash == PENDING) return
      value = load<u64>(hash)
    }
    mix(value)
  }
  a += b
  b += a
  a = spread(a)
  b = spread(b)
  a += b
  b += a
  byte(0x22)
  hex(<u32>(a >> 32), 8)
  byte(0x2d)
  hex(<u32>a >> 16, 4)
  byte(0x2d)
  byte(0x38)
  hex(<u32>a, 3)
  byte(0x2d)
  byte(0x61)
  hex(<u32>(b >> 48), 3)
  byte(0x2d)
  hex(<u32>(b >> 32), 4)
  hex(<u32>b, 8)
  byte(0x22)
}
