// JSON's grammar, to the letter of RFC 8259: what is skipped here must be what JSON.parse takes.
//
// Every function gets the place where a value begins and returns the place behind it, or 0 where it does not
// understand. None looks for the end of the input: a NUL stands there, which no JSON has in it, so each of
// them stops.

const QUOTE: u8 = 0x22
const BACKSLASH: u8 = 0x5c

/**
 * What no plain text has, and does not end it either: a backslash, a control character, or a byte of more than
 * seven bits. As signed bytes the last two are both below a blank, so one comparison finds them.
 */
// @ts-ignore: decorator
@inline
export function oddIn(v: v128): v128 {
  return v128.or(i8x16.lt_s(v, i8x16.splat(0x20)), i8x16.eq(v, i8x16.splat(0x5c)))
}

/** The first byte, from `p` on, that a plain run of text does not have: a quote, or an odd one. */
// @ts-ignore: decorator
@inline
export function runOfText(p: usize): usize {
  while (true) {
    const v = v128.load(p)
    const stops = i8x16.bitmask(v128.or(oddIn(v), i8x16.eq(v, i8x16.splat(0x22))))
    if (stops != 0) return p + <usize>ctz(stops)
    p += 16
  }
}

/** A string of ASCII without escapes: the place of its closing quote. `p` is behind the opening one. */
// @ts-ignore: decorator
@inline
export function plainText(p: usize): usize {
  const end = runOfText(p)
  return load<u8>(end) == QUOTE ? end : 0
}

/** A string; `p` is behind the opening quote. Text beyond ASCII is not understood: it may be broken UTF-8. */
export function skipText(p: usize): usize {
  while (true) {
    p = runOfText(p)
    const stop = load<u8>(p)
    if (stop == QUOTE) return p + 1
    if (stop != BACKSLASH) return 0
    p = escape(p)
    if (p == 0) return 0
  }
}

function escape(p: usize): usize {
  const c = load<u8>(p, 1)
  if (c == 0x75) {
    for (let i: usize = 2; i < 6; i++) if (!isHex(load<u8>(p + i))) return 0
    return p + 6
  }
  const known =
    c == QUOTE || c == BACKSLASH || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74
  return known ? p + 2 : 0
}

function isHex(c: u8): bool {
  return c - 0x30 < 10 || (c | 0x20) - 0x61 < 6
}

// @ts-ignore: decorator
@inline
export function isDigit(c: u8): bool {
  return <u8>(c - 0x30) < 10
}

function skipDigits(p: usize): usize {
  if (!isDigit(load<u8>(p))) return 0
  do p++
  while (isDigit(load<u8>(p)))
  return p
}

function skipNumber(p: usize): usize {
  if (load<u8>(p) == 0x2d) p++
  if (load<u8>(p) == 0x30) p++
  else p = skipDigits(p)
  if (p != 0 && load<u8>(p) == 0x2e) p = skipDigits(p + 1)
  if (p != 0 && (load<u8>(p) | 0x20) == 0x65) {
    const sign = load<u8>(p, 1)
    p = skipDigits(sign == 0x2b || sign == 0x2d ? p + 2 : p + 1)
  }
  return p
}

const TRUE: u32 = 0x65757274
const NULL: u32 = 0x6c6c756e
const ALSE: u32 = 0x65736c61

// @ts-ignore: decorator
@inline
export function isTrue(p: usize): bool {
  return load<u32>(p) == TRUE
}

// @ts-ignore: decorator
@inline
export function isFalse(p: usize): bool {
  return load<u8>(p) == 0x66 && load<u32>(p, 1) == ALSE
}

/** A value that is no object, no array and no string. */
function skipScalar(p: usize): usize {
  const c = load<u8>(p)
  if (isDigit(c) || c == 0x2d) return skipNumber(p)
  if (isTrue(p) || load<u32>(p) == NULL) return p + 4
  return isFalse(p) ? p + 5 : 0
}

/** Any value without blanks in it, nested at most 60 deep. */
export function skipValue(p: usize): usize {
  // One bit per level, the innermost lowest: 1 in an object, 0 in an array. A leading 1 marks the bottom.
  let levels: u64 = 1
  let isKey = false
  seen = 0
  while (true) {
    const c = load<u8>(p)
    if (c == QUOTE) {
      p = skipOneText(p + 1)
      if (isKey) {
        if (p == 0 || load<u8>(p) != 0x3a) return 0
        p++
        isKey = false
        continue
      }
    } else if (isKey) return 0
    else if ((c | 0x20) == 0x7b) {
      if (levels >> 60 != 0) return 0
      const object = c == 0x7b
      levels = (levels << 1) | u64(object)
      p++
      // `]` is `[` and two, `}` is `{` and two.
      if (load<u8>(p) != c + 2) {
        isKey = object
        continue
      }
      p++
      levels >>= 1
    } else p = skipScalar(p)
    while (true) {
      if (p == 0 || levels == 1) return p
      const mark = load<u8>(p)
      const object = (levels & 1) != 0
      p++
      if (mark == 0x2c) {
        isKey = object
        break
      }
      if (mark != (object ? 0x7d : 0x5d)) return 0
      levels >>= 1
    }
  }
}

/** Where 64 bytes were looked at, or 0; their quotes, and what else a plain text does not have. */
let seen: usize = 0
let quotes: u64 = 0
let odds: u64 = 0

/** As `skipText`, for one of many: several mostly end in the same 64 bytes. */
// @ts-ignore: decorator
@inline
function skipOneText(p: usize): usize {
  let rest = p - seen < 64 ? quotes >> <u64>(p - seen) : 0
  if (rest == 0) {
    seen = p
    quotes = quotesIn(p)
    odds = oddsIn(p)
    rest = quotes
  }
  const length: u64 = ctz(rest)
  const isPlain = rest != 0 && ((odds >> <u64>(p - seen)) & ((<u64>1 << length) - 1)) == 0
  return isPlain ? p + <usize>length + 1 : skipText(p)
}

/** One bit for each of 64 bytes. */
// @ts-ignore: decorator
@inline
function bits(first: v128, second: v128, third: v128, fourth: v128): u64 {
  return (
    <u64>i8x16.bitmask(first) |
    (<u64>i8x16.bitmask(second) << 16) |
    (<u64>i8x16.bitmask(third) << 32) |
    (<u64>i8x16.bitmask(fourth) << 48)
  )
}

// @ts-ignore: decorator
@inline
function quotesIn(p: usize): u64 {
  const quote = i8x16.splat(0x22)
  return bits(
    i8x16.eq(v128.load(p), quote),
    i8x16.eq(v128.load(p, 16), quote),
    i8x16.eq(v128.load(p, 32), quote),
    i8x16.eq(v128.load(p, 48), quote),
  )
}

// @ts-ignore: decorator
@inline
function oddsIn(p: usize): u64 {
  return bits(oddIn(v128.load(p)), oddIn(v128.load(p, 16)), oddIn(v128.load(p, 32)), oddIn(v128.load(p, 48)))
}
