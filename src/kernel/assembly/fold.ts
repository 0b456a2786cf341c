// Folding: rows of a batch into records of groups.
//
// A few rows at a time are laid out as records look: first the key, then the values to agree on, then the values to
// collect examples of, each a column at a time. Then every row finds its group, and its values meet those of the
// group sixteen bytes at a time.

import { ask, missCount, PENDING, prepare } from './answers'
import { at, columnAt } from './columns'
import {
  AGGREGATED,
  AGGREGATED_SEEN,
  ANSWERS,
  AT,
  COLUMNS,
  DROP_REASON,
  EGRESS,
  EPOCH,
  GROUPS,
  INGRESS,
  LATE_FLOWS,
  LAYOUT,
  LAYOUT_STRIDE,
  MOST_GROUPS,
  NANOS,
  OTHER_FLOWS,
  OTHER_GROUPS,
  ROLES,
  ROW_COUNT,
  ROWS,
  SECONDS,
  UNKNOWN,
  VERDICT,
  WINDOW_S,
} from './fold-cells'
import { agree, begin, clear, collect, span, sum } from './group-values'
import { find, isNew, KEY_BYTES, NO_GROUP, recordOf } from './groups'
import { layOut } from './lay-out'

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
