// What the values of one more flow make of the record of its group.

import { at, columnAt } from './columns'
import {
  AGREED,
  AGREED_END,
  COLLECTED,
  COLLECTED_COUNT,
  EXAMPLE_COUNT,
  EXAMPLES,
  FLAGGED,
  FLAG_MASK_COUNT,
  FLAG_MASKS,
  FLAGS,
  LATEST_S,
  OTHERS,
  ROLES,
  SUMMED,
  SUMMED_COUNT,
  SUMS,
  TIMES,
  TOUCHED,
} from './fold-cells'
import { KEY_BYTES, STRIDE } from './groups'

/** Empties a new record behind its key. */
export function clear(f: usize, groups: usize, record: usize): void {
  const key: usize = load<u32>(groups, KEY_BYTES)
  memory.fill(record + key, 0, <usize>load<u32>(groups, STRIDE) - key)
  // The first flow comes before this.
  store<u32>(record + <usize>load<u32>(f, TIMES), 0xffffffff)
  store<u32>(record + <usize>load<u32>(f, TIMES), 0xffffffff, 4)
}

export function begin(f: usize, groups: usize, record: usize, values: usize): void {
  clear(f, groups, record)
  const agreed: usize = load<u32>(f, AGREED)
  memory.copy(record + agreed, values + agreed, <usize>load<u32>(f, AGREED_END) - agreed)
}

/** A value stays while all flows of the group have it, and is MIXED from then on. */
// @ts-ignore: decorator
@inline
export function agree(f: usize, record: usize, values: usize): void {
  const end: usize = load<u32>(f, AGREED_END)
  for (let at: usize = load<u32>(f, AGREED); at < end; at += 16) {
    const held = v128.load(record + at)
    // All bits of a cell that differs are set, and stay set.
    const differs = i32x4.ne(held, v128.load(values + at))
    v128.store(record + at, v128.or(held, differs))
  }
}

/** Keeps the first few distinct values; flows that have another are counted. */
// @ts-ignore: decorator
@inline
export function collect(f: usize, record: usize, values: usize, weight: f64): void {
  const most = load<u32>(f, EXAMPLE_COUNT)
  let cell = values + <usize>load<u32>(f, COLLECTED)
  let examples = record + <usize>load<u32>(f, EXAMPLES)
  let others = record + <usize>load<u32>(f, OTHERS)
  for (let left = load<u32>(f, COLLECTED_COUNT); left > 0; left--) {
    const value = load<u32>(cell)
    if (value != 0 && !isAmong(value, examples, most)) add(value, examples, most, others, weight)
    cell += 4
    examples += (<usize>most) << 2
    others += 8
  }
}

/** Looks at all of them: at which the value stands could not be foreseen. */
// @ts-ignore: decorator
@inline
function isAmong(value: u32, examples: usize, count: u32): bool {
  const wanted = i32x4.splat(value)
  for (let i: u32 = 0; i < count; i += 4) {
    const same = i32x4.bitmask(i32x4.eq(v128.load(examples + ((<usize>i) << 2)), wanted))
    if ((same & (15 >> (4 - min<u32>(count - i, 4)))) != 0) return true
  }
  return false
}

function add(value: u32, examples: usize, most: u32, others: usize, weight: f64): void {
  const end = examples + ((<usize>most) << 2)
  for (let example = examples; example < end; example += 4) {
    if (load<u32>(example) != 0) continue
    store<u32>(example, value)
    return
  }
  store<f64>(others, load<f64>(others) + weight)
}

/** Sums of whole numbers are exact up to 2^53. */
// @ts-ignore: decorator
@inline
export function sum(f: usize, columns: usize, record: usize, row: usize, weight: f64): void {
  let place: usize = load<u32>(f, SUMMED)
  let total = record + <usize>load<u32>(f, SUMS)
  for (let left = load<u32>(f, SUMMED_COUNT); left > 0; left--) {
    const count = at(columnAt(columns, load<u32>(place)), row)
    // Also when it is 0: which of them is could not be foreseen.
    store<f64>(total, load<f64>(total) + <f64>count)
    place += 4
    total += 8
  }
  const masks = load<u32>(f, FLAG_MASK_COUNT)
  if (masks != 0) {
    const flags = at(columnAt(columns, load<u32>(f + ROLES, FLAGS)), row)
    let mask: usize = load<u32>(f, FLAG_MASKS)
    let flagged = record + <usize>load<u32>(f, FLAGGED)
    for (let left = masks; left > 0; left--) {
      store<f64>(flagged, load<f64>(flagged) + select<f64>(weight, 0, (flags & load<u32>(mask)) != 0))
      mask += 4
      flagged += 8
    }
  }
  store<u32>(record + <usize>load<u32>(f, TOUCHED), 1)
}

/** Keeps the earliest and the latest time, of the group and of all. */
// @ts-ignore: decorator
@inline
export function span(f: usize, record: usize, seconds: u32, nanos: u32): void {
  const times = record + <usize>load<u32>(f, TIMES)
  const time = (<u64>seconds << 32) | <u64>nanos
  if (time < timeAt(times)) keepTime(times, seconds, nanos)
  if (time > timeAt(times + 8)) keepTime(times + 8, seconds, nanos)
  if (time > timeAt(f + LATEST_S)) keepTime(f + LATEST_S, seconds, nanos)
}

// @ts-ignore: decorator
@inline
function timeAt(p: usize): u64 {
  return (<u64>load<u32>(p) << 32) | <u64>load<u32>(p, 4)
}

// @ts-ignore: decorator
@inline
function keepTime(p: usize, seconds: u32, nanos: u32): void {
  store<u32>(p, seconds)
  store<u32>(p, nanos, 4)
}
