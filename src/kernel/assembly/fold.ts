// Folding: rows of a batch into records of groups.
//
// A few rows at a time are laid out as records look: first the key, then the values to agree on, then the values to
// collect examples of, each a column at a time. Then every row finds its group, and its values meet those of the
// group sixteen bytes at a time.

import { ask, missCount, PENDING, prepare } from './answers'
import { find, isNew, KEY_BYTES, NO_GROUP, recordOf, STRIDE } from './groups'

/** Stands in a cell whose flows disagree. Also in `src/kernel/fold-kernel.ts`. */
export const MIXED: u32 = 0xffffffff

// What a fold is set up with, one u32 each. Also in `src/kernel/fold-kernel.ts`.
const GROUPS: usize = 0
const ANSWERS: usize = 4
/** Addresses of the columns; orders name them by their place in this list. */
const COLUMNS: usize = 8
/** Which rows of the columns. */
const ROWS: usize = 12
const ROW_COUNT: usize = 16
/** The row to go on with. */
const AT: usize = 20
const ORDERS: usize = 24
const ORDER_COUNT: usize = 28
/** Where rows are laid out, and how many bytes each takes. */
const LAYOUT: usize = 32
const LAYOUT_STRIDE: usize = 36
// Of records and laid out rows alike: the values to agree on.
const AGREED: usize = 40
const AGREED_END: usize = 44
/** Of laid out rows: the values to collect. */
const COLLECTED: usize = 48
const COLLECTED_COUNT: usize = 52
// Of records.
const EXAMPLES: usize = 56
const EXAMPLE_COUNT: usize = 60
/** One f64 for each list of examples. */
const OTHERS: usize = 64
/** One f64 for each of the summed columns. */
const SUMS: usize = 68
/** One f64 for each of the masks of flags. */
const FLAGGED: usize = 72
/** Seconds and nanoseconds of the first flow and of the last. */
const TIMES: usize = 76
const TOUCHED: usize = 80
// Addresses of lists of columns.
const SUMMED: usize = 84
const SUMMED_COUNT: usize = 88
/** Masks. */
const FLAG_MASKS: usize = 92
const FLAG_MASK_COUNT: usize = 96
const MOST_GROUPS: usize = 100
/** Groups that hold flows that found no room in one of their own. */
const OTHER_GROUPS: usize = 104
const WINDOW_S: usize = 108
/** Grows when windows close: what was said of them is no longer so. */
const EPOCH: usize = 112
const LATEST_S: usize = 116
const LATEST_NS: usize = 120
const AGGREGATED_SEEN: usize = 124
/** Both f64. */
const LATE_FLOWS: usize = 128
const OTHER_FLOWS: usize = 136
/** Places of columns, in this order: seconds, nanoseconds, three counts, aggregated, flags, verdict, drop reason. */
const ROLES: usize = 144

const SECONDS: usize = 0
const NANOS: usize = 4
const INGRESS: usize = 8
const EGRESS: usize = 12
const UNKNOWN: usize = 16
const AGGREGATED: usize = 20
const FLAGS: usize = 24
const VERDICT: usize = 28
const DROP_REASON: usize = 32

// Questions that every fold has. Also in `src/kernel/fold-kernel.ts`.
/** Whether the window that starts then is late: 1 no, 2 yes. */
const WINDOW_QUESTION: u32 = 1
/** The cell that stands for a verdict and a drop reason. */
const OTHER_QUESTION: u32 = 2

/** Past so many groups of flows without room, one stands for all verdicts of its window. */
const MOST_OTHER_GROUPS: u32 = 4096

/** So many rows laid out fit into the nearest cache. */
const SLICE: u32 = 128

const DONE: u32 = 0
const ASKS: u32 = 1

/** Folds the batch from row AT on; ASKS when questions are to be answered before it can go on. */
export function fold(f: usize): u32 {
  const answers: usize = load<u32>(f, ANSWERS)
  const count = load<u32>(f, ROW_COUNT)
  prepare(answers)
  windowEnd = 0
  while (load<u32>(f, AT) < count) {
    const at = load<u32>(f, AT)
    const rows = min(SLICE, count - at)
    layOut(f, <usize>load<u32>(f, ROWS) + ((<usize>at) << 2), rows)
    if (missCount(answers) > 0 || !place(f, at, rows)) return ASKS
  }
  return DONE
}

// Orders. Also in `src/kernel/fold-kernel.ts`.
/** A column as it is. */
const COPY: u32 = 0
/** A word of the note about the id in a column; the addresses of notes stand in a cell of the row. */
const NOTE: u32 = 1
const NOTE_WORD: u32 = 2
/** What was said of the id in a column; nothing of nothing. */
const MEMO: u32 = 3
/** The port of the side that was called, and of the one that called. */
const SERVER_PORT: u32 = 4
const CLIENT_PORT: u32 = 5
/** The port in a column where another holds a certain protocol. */
const PROTOCOL_PORT: u32 = 6
/** What was said of two ids together. */
const PAIR: u32 = 7
/** Of four columns, what was said of each id, and of the first two together, and of those and the third ... */
const JOINED: u32 = 8

/** An order is [action, cell in bytes, place of a column, two more of what it needs, question, question, unused]. */
const ORDER: usize = 32

function layOut(f: usize, rows: usize, count: u32): void {
  const columns: usize = load<u32>(f, COLUMNS)
  const answers: usize = load<u32>(f, ANSWERS)
  const stride: usize = load<u32>(f, LAYOUT_STRIDE)
  const layout: usize = load<u32>(f, LAYOUT)
  const end = rows + ((<usize>count) << 2)
  let order: usize = load<u32>(f, ORDERS)
  for (let left = load<u32>(f, ORDER_COUNT); left > 0; left--) {
    let cell = layout + <usize>load<u32>(order, 4)
    const question = load<u32>(order, 20)
    const x: usize = columnAt(columns, load<u32>(order, 8))
    switch (load<u32>(order)) {
      case COPY:
        for (let row = rows; row < end; row += 4, cell += stride) store<u32>(cell, at(x, row))
        break
      case NOTE:
        for (let row = rows; row < end; row += 4, cell += stride) store<u32>(cell, ask(answers, question, at(x, row), 0))
        break
      case NOTE_WORD: {
        let notes = layout + <usize>load<u32>(order, 12)
        const offset: usize = load<u32>(order, 16)
        for (let row = rows; row < end; row += 4, cell += stride, notes += stride) {
          const note = load<u32>(notes)
          store<u32>(cell, note == PENDING ? 0 : load<u32>(<usize>note + offset))
        }
        break
      }
      case MEMO:
        for (let row = rows; row < end; row += 4, cell += stride) {
          const id = at(x, row)
          store<u32>(cell, id == 0 ? 0 : ask(answers, question, id, 0))
        }
        break
      case SERVER_PORT:
      case CLIENT_PORT: {
        const ofServer = load<u32>(order) == SERVER_PORT
        const from: usize = columnAt(columns, load<u32>(order, 12))
        const to: usize = columnAt(columns, load<u32>(order, 16))
        for (let row = rows; row < end; row += 4, cell += stride) {
          const source = at(from, row)
          const destination = at(to, row)
          const takesSource = serverIsSource(at(x, row), source, destination) == ofServer
          store<u32>(cell, takesSource ? source : destination)
        }
        break
      }
      case PROTOCOL_PORT: {
        const ports: usize = columnAt(columns, load<u32>(order, 12))
        for (let row = rows; row < end; row += 4, cell += stride) {
          const protocol = at(x, row)
          store<u32>(cell, protocol != 0 && ask(answers, question, protocol, 0) == 1 ? at(ports, row) : 0)
        }
        break
      }
      case PAIR: {
        const others: usize = columnAt(columns, load<u32>(order, 12))
        for (let row = rows; row < end; row += 4, cell += stride) {
          const a = at(x, row)
          const b = at(others, row)
          store<u32>(cell, (a | b) == 0 ? 0 : ask(answers, question, a, b))
        }
        break
      }
      case JOINED: {
        const lists: usize = load<u32>(order, 12)
        const together = load<u32>(order, 24)
        for (let row = rows; row < end; row += 4, cell += stride) {
          let joined: u32 = 0
          for (let i: usize = 0; i < 16; i += 4) {
            const id = at(columnAt(columns, load<u32>(lists + i)), row)
            if (id == 0) continue
            const named = ask(answers, question, id, 0)
            if (named == PENDING) continue
            if (joined == 0) joined = named
            else if (named != 0) joined = ask(answers, together, joined, named)
            if (joined == PENDING) break
          }
          store<u32>(cell, joined)
        }
        break
      }
    }
    order += ORDER
  }
}

// @ts-ignore: decorator
@inline
function columnAt(columns: usize, place: u32): usize {
  return load<u32>(columns + ((<usize>place) << 2))
}

/** The cell of a column in the row that stands at `row`. */
// @ts-ignore: decorator
@inline
function at(column: usize, row: usize): u32 {
  return load<u32>(column + ((<usize>load<u32>(row)) << 2))
}

/** Ports from here on are taken from clients: Linux hands out 32768 to 60999, `net.ipv4.ip_local_port_range`. */
const FIRST_EPHEMERAL_PORT: u32 = 32768

/**
 * Whether the packet comes from the side that was called. Where nobody knows, a destination port that only clients
 * have says so, unless the source port is of the same kind or missing.
 */
// @ts-ignore: decorator
@inline
function serverIsSource(reply: u32, source: u32, destination: u32): bool {
  if (reply != 0) return reply == 2
  return destination >= FIRST_EPHEMERAL_PORT && source < FIRST_EPHEMERAL_PORT && source != 0
}

/** The window that the last row was in: `windowEnd` is 0 when there is none. */
let windowStart: u32 = 0
let windowEnd: u64 = 0
let windowIsLate: bool = false

/** Puts laid out rows into groups and moves AT on; false when it stopped at a question. */
function place(f: usize, from: u32, count: u32): bool {
  const groups: usize = load<u32>(f, GROUPS)
  const columns: usize = load<u32>(f, COLUMNS)
  const roles = f + ROLES
  const seconds = columnAt(columns, load<u32>(roles, SECONDS))
  const nanos = columnAt(columns, load<u32>(roles, NANOS))
  const ingress = columnAt(columns, load<u32>(roles, INGRESS))
  const egress = columnAt(columns, load<u32>(roles, EGRESS))
  const unknown = columnAt(columns, load<u32>(roles, UNKNOWN))
  const aggregated = columnAt(columns, load<u32>(roles, AGGREGATED))
  const stride: usize = load<u32>(f, LAYOUT_STRIDE)
  let values: usize = load<u32>(f, LAYOUT)
  let row: usize = <usize>load<u32>(f, ROWS) + ((<usize>from) << 2)
  for (let i: u32 = 0; i < count; i++, row += 4, values += stride) {
    const s = at(seconds, row)
    if (<u64>s >= windowEnd || s < windowStart) {
      if (!enterWindow(f, s)) {
        store<u32>(f, from + i, AT)
        return false
      }
    }
    const weight = <f64>at(ingress, row) + <f64>at(egress, row) + <f64>at(unknown, row)
    store<u32>(values, windowStart)
    store<u32>(values, 0, 4)
    let group = find(groups, values, load<u32>(f, MOST_GROUPS) + load<u32>(f, OTHER_GROUPS))
    let record: usize
    if (group != NO_GROUP) {
      record = recordOf(groups, group)
      if (isNew) begin(f, groups, record, values)
      else agree(f, record, values)
      collect(f, record, values, weight)
    } else {
      group = findOther(f, groups, columns, row, values)
      if (group == NO_GROUP) {
        store<u32>(f, from + i, AT)
        return false
      }
      record = recordOf(groups, group)
      store<f64>(f, load<f64>(f, OTHER_FLOWS) + weight, OTHER_FLOWS)
    }
    sum(f, columns, record, row, weight)
    span(f, record, s, at(nanos, row))
    if (windowIsLate) store<f64>(f, load<f64>(f, LATE_FLOWS) + weight, LATE_FLOWS)
    if (at(aggregated, row) != 0) store<u32>(f, 1, AGGREGATED_SEEN)
  }
  store<u32>(f, from + count, AT)
  return true
}

function enterWindow(f: usize, s: u32): bool {
  const length = load<u32>(f, WINDOW_S)
  const start = s - (s % length)
  const answer = ask(load<u32>(f, ANSWERS), WINDOW_QUESTION, start, load<u32>(f, EPOCH))
  if (answer == PENDING) return false
  windowStart = start
  windowEnd = <u64>start + <u64>length
  windowIsLate = answer == 2
  return true
}

/** The group of the row's verdict and drop reason; NO_GROUP when that is to be asked first. */
function findOther(f: usize, groups: usize, columns: usize, row: usize, values: usize): u32 {
  const keepsApart = load<u32>(f, OTHER_GROUPS) < MOST_OTHER_GROUPS
  const verdict = keepsApart ? at(columnAt(columns, load<u32>(f + ROLES, VERDICT)), row) : 0
  const reason = keepsApart ? at(columnAt(columns, load<u32>(f + ROLES, DROP_REASON)), row) : 0
  const other = ask(load<u32>(f, ANSWERS), OTHER_QUESTION, verdict, reason)
  if (other == PENDING) return NO_GROUP
  // The row's own key is written over: it is not needed any more, and is laid out anew should the row come again.
  memory.fill(values, 0, load<u32>(groups, KEY_BYTES))
  store<u32>(values, windowStart)
  store<u32>(values, other, 4)
  const group = find(groups, values, NO_GROUP)
  if (isNew) {
    store<u32>(f, load<u32>(f, OTHER_GROUPS) + 1, OTHER_GROUPS)
    clear(f, groups, recordOf(groups, group))
  }
  return group
}

/** Empties a new record behind its key. */
function clear(f: usize, groups: usize, record: usize): void {
  const key: usize = load<u32>(groups, KEY_BYTES)
  memory.fill(record + key, 0, <usize>load<u32>(groups, STRIDE) - key)
  // The first flow comes before this.
  store<u32>(record + <usize>load<u32>(f, TIMES), 0xffffffff)
  store<u32>(record + <usize>load<u32>(f, TIMES), 0xffffffff, 4)
}

function begin(f: usize, groups: usize, record: usize, values: usize): void {
  clear(f, groups, record)
  const agreed: usize = load<u32>(f, AGREED)
  memory.copy(record + agreed, values + agreed, <usize>load<u32>(f, AGREED_END) - agreed)
}

/** A value stays while all flows of the group have it, and is MIXED from then on. */
// @ts-ignore: decorator
@inline
function agree(f: usize, record: usize, values: usize): void {
  const end: usize = load<u32>(f, AGREED_END)
  for (let at: usize = load<u32>(f, AGREED); at < end; at += 16) {
    const held = v128.load(record + at)
    // All bits of a cell that differs are set, and stay set.
    const differs = i32x4.ne(held, v128.load(values + at))
    if (v128.any_true(differs)) v128.store(record + at, v128.or(held, differs))
  }
}

/** Keeps the first few distinct values; flows that have another are counted. */
// @ts-ignore: decorator
@inline
function collect(f: usize, record: usize, values: usize, weight: f64): void {
  const room = (<usize>load<u32>(f, EXAMPLE_COUNT)) << 2
  let cell = values + <usize>load<u32>(f, COLLECTED)
  let example = record + <usize>load<u32>(f, EXAMPLES)
  let others = record + <usize>load<u32>(f, OTHERS)
  for (let left = load<u32>(f, COLLECTED_COUNT); left > 0; left--) {
    const value = load<u32>(cell)
    if (value != 0 && load<u32>(example) != value) collectOther(value, example, room, others, weight)
    cell += 4
    example += room
    others += 8
  }
}

function collectOther(value: u32, from: usize, room: usize, others: usize, weight: f64): void {
  for (let example = from; example < from + room; example += 4) {
    const known = load<u32>(example)
    if (known == value) return
    if (known == 0) {
      store<u32>(example, value)
      return
    }
  }
  store<f64>(others, load<f64>(others) + weight)
}

/** Sums of whole numbers are exact up to 2^53. */
// @ts-ignore: decorator
@inline
function sum(f: usize, columns: usize, record: usize, row: usize, weight: f64): void {
  let place: usize = load<u32>(f, SUMMED)
  let total = record + <usize>load<u32>(f, SUMS)
  for (let left = load<u32>(f, SUMMED_COUNT); left > 0; left--) {
    const count = at(columnAt(columns, load<u32>(place)), row)
    if (count != 0) store<f64>(total, load<f64>(total) + <f64>count)
    place += 4
    total += 8
  }
  const masks = load<u32>(f, FLAG_MASK_COUNT)
  if (masks != 0) {
    const flags = at(columnAt(columns, load<u32>(f + ROLES, FLAGS)), row)
    let mask: usize = load<u32>(f, FLAG_MASKS)
    let flagged = record + <usize>load<u32>(f, FLAGGED)
    for (let left = masks; left > 0; left--) {
      if ((flags & load<u32>(mask)) != 0) store<f64>(flagged, load<f64>(flagged) + weight)
      mask += 4
      flagged += 8
    }
  }
  store<u32>(record + <usize>load<u32>(f, TOUCHED), 1)
}

/** Keeps the earliest and the latest time, of the group and of all. */
// @ts-ignore: decorator
@inline
function span(f: usize, record: usize, seconds: u32, nanos: u32): void {
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
