// What to do with the value behind a key. JavaScript writes these tables (`src/kernel/tables.ts`); the kernel
// itself knows no key and no column.
//
// A key is [text 32 bytes][mask u32][action u8][runs u8][unused u16][once u64][column u32][extra u32][preset u32]
// [next u32]:
//   text    `"key":`, padded with zeros; mask has a bit for each byte of it
//   runs    whether a run of keys begins or ends here: see `runs.ts`
//   once    a bit; keys that share it exclude each other
//   column  address of the column the value goes to
//   extra   fragment: its kind, and in the second byte how it recurs. object: its context. number: an addend.
//           time: the column of its nanoseconds. flag: the value of `true`
//   preset  fragment: address of its memory. flag: the value of `false`. object: address of what columns get
//           on entry, pairs of a column and a value, and a 0 behind the last
//   next    the key that came next last time: a guess
// A context is [first guess u32][slots u32][slot mask u32][runs u32]; its slots are addresses of keys, or 0.

export const SKIP: u32 = 0
export const REPEATED: u32 = 1
export const FRAGMENT: u32 = 2
export const TEXT: u32 = 3
export const PATH: u32 = 4
export const NUMBER: u32 = 5
export const BOOL: u32 = 6
export const OBJECT: u32 = 7
export const TIME: u32 = 8
export const DECLINE: u32 = 9

// Runs, as bits. Also in `src/kernel/tables.ts`.
export const BEGINS_STEADY: u32 = 1
export const BEGINS_VARIED: u32 = 2
export const BEGINS: u32 = BEGINS_STEADY | BEGINS_VARIED
export const ENDS: u32 = 4

// How a fragment recurs; 0 is steadily.
export const VARIEDLY: u32 = 1
export const RARELY: u32 = 2
/** With the same value of another column it mostly is the same. */
export const ALONGSIDE: u32 = 3

import { plainText } from './json'

// @ts-ignore: decorator
@inline
export function actionOf(key: usize): u32 {
  return load<u8>(key, 36)
}
// @ts-ignore: decorator
@inline
export function runsOf(key: usize): u32 {
  return load<u8>(key, 37)
}
// @ts-ignore: decorator
@inline
export function onceOf(key: usize): u64 {
  return load<u64>(key, 40)
}
// @ts-ignore: decorator
@inline
export function columnOf(key: usize): usize {
  return load<u32>(key, 48)
}
// @ts-ignore: decorator
@inline
export function extraOf(key: usize): u32 {
  return load<u32>(key, 52)
}
// @ts-ignore: decorator
@inline
export function presetOf(key: usize): u32 {
  return load<u32>(key, 56)
}
/** Where the guess stands for the key that comes next. */
// @ts-ignore: decorator
@inline
export function guessBehindKey(key: usize): usize {
  return key + 60
}
/** Of a fragment: its kind, how it recurs, and where the nodes are that it was: one, or 256 of a key that
 * varies. Of one that goes along with a column, the address of that, three unused words and 1024 nodes. */
// @ts-ignore: decorator
@inline
export function kindOf(key: usize): u32 {
  return load<u8>(key, 52)
}
// @ts-ignore: decorator
@inline
export function recursOf(key: usize): u32 {
  return load<u8>(key, 53)
}
// @ts-ignore: decorator
@inline
export function memoryOf(key: usize): usize {
  return load<u32>(key, 56)
}
/** Length of the key with its quotes and colon. */
// @ts-ignore: decorator
@inline
export function lengthOf(key: usize): usize {
  return 32 - <usize>clz(load<u32>(key, 32))
}

// @ts-ignore: decorator
@inline
export function isAt(key: usize, p: usize): bool {
  const mask = load<u32>(key, 32)
  let same = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), v128.load(key)))
  if (mask >> 16 != 0) same |= <u32>i8x16.bitmask(i8x16.eq(v128.load(p, 16), v128.load(key, 16))) << 16
  return (mask & ~same) == 0
}

/** The known key at `p`, or 0. */
export function lookUp(context: usize, p: usize): usize {
  const end = plainText(p + 1)
  if (end == 0) return 0
  const mask = load<u32>(context, 8)
  const slots: usize = load<u32>(context, 4)
  let slot = slotOf(load<u32>(p, 1), <u32>(end - p - 1)) & mask
  while (true) {
    const key: usize = load<u32>(slots + ((<usize>slot) << 2))
    if (key == 0 || isAt(key, p)) return key
    slot = (slot + 1) & mask
  }
}

/** Also in `src/kernel/tables.ts`. `start` is four bytes: a short key's quote and colon are among them. */
function slotOf(start: u32, length: u32): u32 {
  const h = (start ^ (length * 0x9e3779b1)) * 0x85ebca6b
  return h >> 20
}
