// One record: keys and values into the cells of a row.

import {
  find,
  idOf,
  isNodeAt,
  LONGEST,
  lengthOf as fragmentLength,
  learn,
  nodeAt,
  valueOf,
} from './fragments'
import { isDigit, isFalse, isTrue, oddIn, plainText, skipText, skipValue } from './json'
import {
  ALONGSIDE,
  actionOf,
  BEGINS,
  BOOL,
  columnOf,
  ENDS,
  extraOf,
  FRAGMENT,
  guessBehindKey,
  isAt,
  kindOf,
  lengthOf,
  lookUp,
  memoryOf,
  NUMBER,
  OBJECT,
  onceOf,
  PATH,
  presetOf,
  RARELY,
  recursOf,
  REPEATED,
  runsOf,
  SKIP,
  TEXT,
  TIME,
  VARIEDLY,
} from './keys'
import {
  addToRun,
  beginRun,
  endRun,
  guessBehind,
  knownRun,
  onceOfRun,
  takeRun,
} from './runs'
import { intern } from './texts'
import { nanos, readTime, seconds } from './time'

/** Offset of the row's cell in each column. */
let row: usize = 0
let timed: bool = false

export function begin(rowOffset: usize): void {
  row = rowOffset
  timed = false
  missStart = 0
}

export function isTimed(): bool {
  return timed
}

/** The unknown fragment on which `readObject` gave up; `missStart` is 0 when there is none. */
export let missKind: u32 = 0
export let missStart: usize = 0
export let missEnd: usize = 0

/** HOT: once per object. Reads the object at `p`; the place behind it, or 0 where it does not understand. */
export function readObject(p: usize, context: usize): usize {
  if (load<u8>(p) != 0x7b) return 0
  p++
  if (load<u8>(p) == 0x7d) return p + 1
  let seen: u64 = 0
  // Whether keys are being read that may be a run.
  let isRun = false
  // Where the guess for the next key stands: keys come in the same order on nearly every line.
  let guess = context
  while (true) {
    let key: usize = load<u32>(guess)
    if (!isAt(key, p)) {
      if (load<u8>(p) != 0x22) return 0
      // A key that is not always there is mostly followed by the same one as when it is.
      key = load<u32>(guessBehindKey(key))
      if (!isAt(key, p)) {
        key = lookUp(context, p)
        if (key != 0) store<u32>(guess, <u32>key)
      }
    }
    if (key != 0) {
      if (!isRun && (runsOf(key) & BEGINS) != 0) {
        const runs: usize = load<u32>(context, 12)
        const run = knownRun(runs, key, p)
        if (run != 0) {
          const once = onceOfRun(run)
          if ((seen & once) != 0) return 0
          seen |= once
          p = takeRun(run, p, row)
          guess = guessBehind(run)
          continue
        }
        beginRun(p, seen)
        isRun = true
      }
      const once = onceOf(key)
      if ((seen & once) != 0) return 0
      seen |= once
      p = readValue(p + lengthOf(key), key)
      guess = guessBehindKey(key)
      if (isRun && p != 0) {
        isRun = addToRun(key)
        if (isRun && runsOf(key) == ENDS) {
          endRun(load<u32>(context, 12), p, row, seen, guess)
          isRun = false
        }
      }
    } else {
      isRun = false
      p = skipText(p + 1)
      if (p == 0 || load<u8>(p) != 0x3a) return 0
      p = skipValue(p + 1)
    }
    if (p == 0) return 0
    const mark = load<u8>(p)
    p++
    if (mark == 0x7d) return p
    if (mark != 0x2c) return 0
  }
}

// @ts-ignore: decorator
@inline
function set(key: usize, value: u32): void {
  store<u32>(columnOf(key) + row, value)
}

// @ts-ignore: decorator
@inline
function readValue(p: usize, key: usize): usize {
  switch (actionOf(key)) {
    case SKIP:
      return load<u8>(p) == 0x22 ? skipText(p + 1) : skipValue(p)
    case FRAGMENT:
      return readFragment(p, key)
    case REPEATED:
      return skipRepeated(p, key)
    case TEXT: {
      if (load<u8>(p) != 0x22) return 0
      const end = plainText(p + 1)
      if (end == 0) return 0
      set(key, intern(p + 1, <u32>(end - p - 1)))
      return end + 1
    }
    case NUMBER:
      return readNumber(p, key)
    case BOOL: {
      const yes = isTrue(p)
      if (!yes && !isFalse(p)) return 0
      set(key, yes ? extraOf(key) : presetOf(key))
      return yes ? p + 4 : p + 5
    }
    case OBJECT:
      for (let q: usize = presetOf(key); load<u32>(q) != 0; q += 8) {
        store<u32>(<usize>load<u32>(q) + row, load<u32>(q, 4))
      }
      return readObject(p, extraOf(key))
    case TIME: {
      p = readTime(p)
      if (p == 0) return 0
      timed = true
      set(key, seconds)
      store<u32>(<usize>extraOf(key) + row, nanos)
      return p
    }
    case PATH:
      return readPath(p, key)
    default:
      return 0
  }
}

// @ts-ignore: decorator
@inline
function readFragment(p: usize, key: usize): usize {
  const node = recall(p, key)
  if (node != 0) {
    set(key, valueOf(node))
    return p + fragmentLength(node)
  }
  const end = fragmentEnd(p)
  if (end == 0) return 0
  missKind = kindOf(key)
  missStart = p
  missEnd = end
  return 0
}

/** A value nobody reads; an object or list that recurs so often that it pays to know its bytes. */
// @ts-ignore: decorator
@inline
function skipRepeated(p: usize, key: usize): usize {
  const c = load<u8>(p)
  if (c == 0x22) return skipText(p + 1)
  if ((c | 0x20) != 0x7b) return skipValue(p)
  const node = recall(p, key)
  if (node != 0) return p + fragmentLength(node)
  const end = skipValue(p)
  if (end != 0 && end - p <= LONGEST) learn(kindOf(key), p, end - p, 0, false)
  return end
}

/**
 * The node of the value at `p`, or 0. A key remembers what its value was. If it is steady, what it was last
 * time: then the place behind the value is known before its bytes are compared, and the processor reads on
 * there meanwhile. If it varies, a wrong guess costs more than looking it up by a rough hash, which may take
 * in what stands behind the value.
 */
// @ts-ignore: decorator
@inline
function recall(p: usize, key: usize): usize {
  const recurs = recursOf(key)
  if (recurs == RARELY) return find(kindOf(key), p)
  let memory: usize = memoryOf(key)
  if (recurs == ALONGSIDE) {
    const companion = load<u32>(<usize>load<u32>(memory) + row)
    if (companion == 0) return find(kindOf(key), p)
    memory += 16 + ((<usize>(companion & 1023)) << 2)
  } else if (recurs == VARIEDLY) memory += <usize>(roughHash(p) >> 56) << 2
  const known = load<u32>(memory)
  if (known != 0 && isNodeAt(nodeAt(known), p)) return nodeAt(known)
  const node = find(kindOf(key), p)
  if (node != 0) store<u32>(memory, idOf(node))
  return node
}

// @ts-ignore: decorator
@inline
function roughHash(p: usize): u64 {
  return (
    (load<u64>(p, 1) * 0x9e3779b97f4a7c15) ^
    (load<u64>(p, 9) * 0xc2b2ae3d27d4eb4f) ^
    (load<u64>(p, 17) * 0x165667b19e3779f9)
  )
}

/** Only what shows its own end can be found again by its bytes: a number could go on. */
function fragmentEnd(p: usize): usize {
  const c = load<u8>(p)
  if (c != 0x22 && (c | 0x20) != 0x7b) return 0
  const end = skipValue(p)
  return end - p > LONGEST ? 0 : end
}

/** Digits, in quotes or not, from 0 to the largest but one of 32 bits: the largest is Hubble's -1. */
function readNumber(p: usize, key: usize): usize {
  const quoted = load<u8>(p) == 0x22
  if (quoted) p++
  if (!isDigit(load<u8>(p))) return 0
  if (load<u8>(p) == 0x30 && isDigit(load<u8>(p, 1))) return 0
  let n: u64 = 0
  do {
    n = n * 10 + (load<u8>(p) - 0x30)
    if (n > 0xfffffffe) return 0
    p++
  } while (isDigit(load<u8>(p)))
  if (quoted) {
    if (load<u8>(p) != 0x22) return 0
    p++
  }
  set(key, <u32>n + extraOf(key))
  return p
}

/** The path of a URL. What is behind it, the query most of all, may have escapes: Go escapes each `&`. */
function readPath(p: usize, key: usize): usize {
  if (load<u8>(p) != 0x22) return 0
  const start = pathStart(p + 1)
  const end = untilQuery(start)
  const c = load<u8>(end)
  if (c != 0x22 && c != 0x3f && c != 0x23) return 0
  const behind = skipText(end)
  if (behind == 0) return 0
  set(key, intern(start, <u32>(end - start)))
  return behind
}

/** Behind `scheme://authority`, where there is one. */
function pathStart(p: usize): usize {
  const first = load<u8>(p) | 0x20
  if (first < 0x61 || first > 0x7a) return p
  let colon = p
  while (isOfScheme(load<u8>(colon))) colon++
  if (load<u8>(colon) != 0x3a || load<u16>(colon, 1) != 0x2f2f) return p
  p = colon + 3
  while (true) {
    const v = v128.load(p)
    const ends = i8x16.bitmask(v128.or(endOfPath(v), i8x16.eq(v, i8x16.splat(0x2f))))
    if (ends != 0) return p + <usize>ctz(ends)
    p += 16
  }
}

// @ts-ignore: decorator
@inline
function isOfScheme(c: u8): bool {
  const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
  return letter || isDigit(c) || c == 0x2b || c == 0x2d || c == 0x2e
}

/** The first byte, from `p` on, that is in no path: what ends one, or what is no plain text. */
// @ts-ignore: decorator
@inline
function untilQuery(p: usize): usize {
  while (true) {
    const ends = i8x16.bitmask(endOfPath(v128.load(p)))
    if (ends != 0) return p + <usize>ctz(ends)
    p += 16
  }
}

/** `"`, `?`, `#`, and what no plain text has. */
// @ts-ignore: decorator
@inline
function endOfPath(v: v128): v128 {
  const marks = v128.or(i8x16.eq(v, i8x16.splat(0x3f)), i8x16.eq(v, i8x16.splat(0x23)))
  const ends = v128.or(i8x16.eq(v, i8x16.splat(0x22)), marks)
  return v128.or(ends, oddIn(v))
}
