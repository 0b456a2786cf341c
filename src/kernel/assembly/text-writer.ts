// Text into a buffer: pieces, JSON strings, numbers, times.
//
// Every piece may write some bytes more than it has, behind its end, where the next piece goes. What does not fit is
// not written, and `isFull` says so.

import { textLength, textStart } from './texts'

/** Bytes behind the end of the buffer that may be written to. Also in `src/kernel/row-kernel.ts`. */
const OVERRUN: usize = 64

let cursor: usize = 0
let end: usize = 0
let full: bool = false

export function open(start: usize, bytes: usize): void {
  cursor = start
  end = start + bytes - OVERRUN
  full = false
}

// @ts-ignore: decorator
@inline
export function position(): usize {
  return cursor
}

// @ts-ignore: decorator
@inline
export function moveTo(p: usize): void {
  cursor = p
}

// @ts-ignore: decorator
@inline
export function isFull(): bool {
  return full
}

// @ts-ignore: decorator
@inline
function hasRoom(bytes: usize): bool {
  if (cursor + bytes <= end) return true
  full = true
  return false
}

export function byte(value: u8): void {
  if (!hasRoom(1)) return
  store<u8>(cursor, value)
  cursor++
}

export function fourBytes(value: u32): void {
  if (!hasRoom(4)) return
  store<u32>(cursor, value)
  cursor += 4
}

/** The bytes at `start`; memory can be read a little behind them. */
export function piece(start: usize, length: usize): void {
  if (!hasRoom(length)) return
  if (length > 256) memory.copy(cursor, start, length)
  else for (let at: usize = 0; at < length; at += 16) v128.store(cursor + at, v128.load(start + at))
  cursor += length
}

export function text(id: u32): void {
  piece(textStart(id), textLength(id))
}

/** The text as a JSON string, as JSON.stringify writes it. */
export function quoted(id: u32): void {
  const start = textStart(id)
  const length: usize = textLength(id)
  // An escaped byte takes up to six.
  if (!hasRoom(length * 6 + 2)) return
  store<u8>(cursor, 0x22)
  let to = cursor + 1
  let from = start
  const last = start + length
  while (from < last) {
    const bytes = v128.load(from)
    v128.store(to, bytes)
    const control = i8x16.lt_u(bytes, i8x16.splat(0x20))
    const special = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c)))
    const escapes = <u32>i8x16.bitmask(v128.or(control, special))
    const plain: usize = escapes == 0 ? 16 : <usize>ctz(escapes)
    if (from + plain >= last) {
      to += last - from
      break
    }
    from += plain
    to += plain
    if (escapes != 0) to = escaped(load<u8>(from++), to)
  }
  store<u8>(to, 0x22)
  cursor = to + 1
}

function escaped(c: u8, to: usize): usize {
  let short: u8 = 0
  if (c == 0x22 || c == 0x5c) short = c
  else if (c == 0x08) short = 0x62
  else if (c == 0x09) short = 0x74
  else if (c == 0x0a) short = 0x6e
  else if (c == 0x0c) short = 0x66
  else if (c == 0x0d) short = 0x72
  store<u8>(to, 0x5c)
  if (short != 0) {
    store<u8>(to, short, 1)
    return to + 2
  }
  // u00xx
  store<u32>(to, 0x30303075, 1)
  store<u8>(to, 0x30 + (c >> 4), 4)
  store<u8>(to, hexDigit(c & 15), 5)
  return to + 6
}

// @ts-ignore: decorator
@inline
function hexDigit(nibble: u32): u8 {
  return <u8>(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
}

/** The digits of 2^64 and a little more. */
const digits: usize = memory.data(32)

export function decimal(value: u64): void {
  if (!hasRoom(20)) return
  let p: usize = digits + 20
  do {
    p--
    store<u8>(p, <u8>(0x30 + value % 10))
    value /= 10
  } while (value != 0)
  const length = digits + 20 - p
  v128.store(cursor, v128.load(p))
  store<u32>(cursor, load<u32>(p, 16), 16)
  cursor += length
}

/** The lowest `count` nibbles. */
export function hex(value: u32, count: u32): void {
  if (!hasRoom(8)) return
  for (let left = count; left > 0; left--) store<u8>(cursor++, hexDigit((value >> ((left - 1) << 2)) & 15))
}

/** The last day written, and its ten characters. */
let day: u64 = 0
const date: usize = memory.data<u8>([
  0x31, 0x39, 0x37, 0x30, 0x2d, 0x30, 0x31, 0x2d, 0x30, 0x31, 0, 0, 0, 0, 0, 0,
])

/** RFC 3339 in UTC with 0, 3, 6 or 9 digits of fraction, in quotes. */
export function time(seconds: u64, nanos: u32): void {
  if (!hasRoom(32)) return
  if (seconds / 86400 != day) setDay(seconds / 86400)
  const second = <u32>(seconds % 86400)
  store<u8>(cursor, 0x22)
  v128.store(cursor, v128.load(date), 1)
  store<u8>(cursor, 0x54, 11)
  twoDigits(cursor + 12, second / 3600)
  store<u8>(cursor, 0x3a, 14)
  twoDigits(cursor + 15, (second / 60) % 60)
  store<u8>(cursor, 0x3a, 17)
  twoDigits(cursor + 18, second % 60)
  let to = cursor + 20
  if (nanos != 0) {
    store<u8>(to, 0x2e)
    let width: usize = 9
    let left = nanos
    while (width > 3 && left % 1000 == 0) {
      left /= 1000
      width -= 3
    }
    for (let at = width; at > 0; at--) {
      store<u8>(to + at, <u8>(0x30 + left % 10))
      left /= 10
    }
    to += width + 1
  }
  store<u16>(to, 0x225a)
  cursor = to + 2
}

// @ts-ignore: decorator
@inline
function twoDigits(p: usize, value: u32): void {
  store<u8>(p, <u8>(0x30 + value / 10))
  store<u8>(p, <u8>(0x30 + value % 10), 1)
}

/** A date of the Gregorian calendar from the days since the epoch; years begin in March, so that leap days come last. */
function setDay(days: u64): void {
  day = days
  const shifted = <u32>days + 719468
  const era = shifted / 146097
  const ofEra = shifted - era * 146097
  const yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365
  const ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const march = (5 * ofYear + 2) / 153
  const month = march < 10 ? march + 3 : march - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  twoDigits(date, year / 100)
  twoDigits(date + 2, year % 100)
  twoDigits(date + 5, month)
  twoDigits(date + 8, ofYear - (153 * march + 2) / 5 + 1)
}
