// RFC 3339 in UTC, as Go writes it: "2026-01-02T03:04:05.123456789Z".

import { isDigit } from './json'

/** The last time up to its seconds, with the opening quote: the lines of one second share it. */
const known: usize = memory.data(32, 16)
let knownSeconds: u32 = 0

export let seconds: u32 = 0
export let nanos: u32 = 0

const WHOLE: usize = 20

/** Reads the time at `p` into `seconds` and `nanos`; the place behind it, or 0. */
export function readTime(p: usize): usize {
  const unequal =
    v128.any_true(v128.xor(v128.load(p), v128.load(known))) || load<u32>(p, 16) != load<u32>(known, 16)
  if (unequal && !readSeconds(p)) return 0
  seconds = knownSeconds
  nanos = 0
  p += WHOLE
  if (load<u8>(p) == 0x2e) {
    p = readNanos(p + 1)
    if (p == 0) return 0
  }
  return load<u16>(p) == 0x225a ? p + 2 : 0
}

/** One to nine digits. */
function readNanos(p: usize): usize {
  const eight = load<u64>(p) ^ 0x3030303030303030
  // Nine digits are what Hubble mostly writes; a byte that is no digit has a high nibble, or passes 9 by
  // adding 6.
  if (((eight | (eight + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) == 0 && isDigit(load<u8>(p, 8))) {
    let n = (eight * 10 + (eight >> 8)) & 0x00ff00ff00ff00ff
    n = (n * 100 + (n >> 16)) & 0x0000ffff0000ffff
    n = (n * 10000 + (n >> 32)) & 0xffffffff
    nanos = <u32>n * 10 + (load<u8>(p, 8) - 0x30)
    return p + 9
  }
  let digits: u32 = 0
  while (digits < 9 && isDigit(load<u8>(p))) {
    nanos = nanos * 10 + (load<u8>(p) - 0x30)
    digits++
    p++
  }
  if (digits == 0) return 0
  for (; digits < 9; digits++) nanos *= 10
  return p
}

function readSeconds(p: usize): bool {
  const marks =
    load<u8>(p) == 0x22 &&
    load<u8>(p, 5) == 0x2d &&
    load<u8>(p, 8) == 0x2d &&
    load<u8>(p, 11) == 0x54 &&
    load<u8>(p, 14) == 0x3a &&
    load<u8>(p, 17) == 0x3a
  if (!marks) return false
  const year = twoDigits(p + 1) * 100 + twoDigits(p + 3)
  const month = twoDigits(p + 6)
  const day = twoDigits(p + 9)
  const hour = twoDigits(p + 12)
  const minute = twoDigits(p + 15)
  const second = twoDigits(p + 18)
  // What is no number is far too large. The range of years is what 32 bits of seconds hold.
  if (year < 1970 || year > 2105 || month < 1 || month > 12) return false
  if (day < 1 || day > daysIn(year, month)) return false
  if (hour > 23 || minute > 59 || second > 59) return false
  knownSeconds = daysUntil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
  v128.store(known, v128.load(p))
  store<u32>(known, load<u32>(p, 16), 16)
  return true
}

function twoDigits(p: usize): u32 {
  const tens = load<u8>(p)
  const ones = load<u8>(p, 1)
  return isDigit(tens) && isDigit(ones) ? (tens - 0x30) * 10 + (ones - 0x30) : 1000000
}

function isLeap(year: u32): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

function daysIn(year: u32, month: u32): u32 {
  if (month == 2) return isLeap(year) ? 29 : 28
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

/** Days from the epoch to the date. */
function daysUntil(year: u32, month: u32, day: u32): u32 {
  const y = year - 1
  let days = y * 365 + y / 4 - y / 100 + y / 400 - 719162
  for (let m: u32 = 1; m < month; m++) days += daysIn(year, m)
  return days + day - 1
}
