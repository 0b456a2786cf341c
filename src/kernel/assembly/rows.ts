// Groups to rows: JSON text, one row a line, by a list of orders that was made for the layout once.

import { ask, missCount, PENDING, prepare } from './answers'
import { writeJoined, writeList } from './examples'
import { MIXED } from './fold-cells'
import { recordOf } from './groups'
import {
  byte,
  decimal,
  fourBytes,
  isFull,
  moveTo,
  open,
  piece,
  position,
  quoted,
  text,
  time,
} from './text-writer'
import { uuid } from './uuid'

// What rows are made with, one u32 each. Also in `src/kernel/row-kernel.ts`.
const GROUPS: usize = 0
const ANSWERS: usize = 4
const ORDERS: usize = 8
const ORDER_COUNT: usize = 12
/** The groups, and how many. */
const LIST: usize = 16
const COUNT: usize = 20
const BUFFER: usize = 24
const BUFFER_BYTES: usize = 28
const REVISION: usize = 32
/** Four words with which every UUID begins. */
const SEED: usize = 36
/** How many rows were written. */
const WRITTEN: usize = 52
/** Where each row ends, from the beginning of the buffer. */
const ENDS: usize = 56
/** Of records: where cells of the key stand, and which of them are ids of texts, one word each. */
const KEY_CELLS: usize = 60
const KEY_IDS: usize = 64

const DONE: u32 = 0
const ASKS: u32 = 1
const FULL: u32 = 2

// Orders. Also in `src/kernel/row-kernel.ts`. Most write a head, `,"Verdict":`, and a value, or nothing at all where the
// cell holds none.
const LITERAL: u32 = 0
const TEXT: u32 = 1
const JSON: u32 = 2
/** The cell less `x`. */
const NUMBER: u32 = 3
/** Its head alone. */
const FLAG: u32 = 4
/** true for 2, false for 1. */
const BOOLEAN: u32 = 5
/** What was said of the cell and `y`, as JSON; `x` is the question. */
const SAID: u32 = 6
/** As NUMBER, but `x` itself is nothing to write. */
const NUMBER_ABOVE: u32 = 7
const COUNTED: u32 = 8
const TIME: u32 = 9
/** The cell and `x` seconds more. */
const SECOND: u32 = 10
const UUID: u32 = 11
const REVISED: u32 = 12
/** A text, or what stands at `x`, `y` bytes, where all flows have none. */
const TEXT_OR: u32 = 13
/** An object begins: everything up to CLOSE stands in it. */
const OPEN: u32 = 14
/** It ends. An empty one is left out, unless `x` says otherwise or one of the cells at `y` holds something. */
const CLOSE: u32 = 15
/** Goes on at order `x` unless the cell holds a value. */
const UNLESS: u32 = 16
const JUMP: u32 = 17
/** What was said of two cells together, head and all. */
const SAID_OF_TWO: u32 = 18
/** Examples, unless the flows agree on all cells in the list at `y`. */
const EXAMPLES: u32 = 19
/** How many flows have other values than the examples, if those were written. */
const OTHERS: u32 = 20
/** A sum, and `x` times 2^32 of the one at `y`; nothing where both are 0. */
const TOTAL: u32 = 22
/** Goes on at order `x` when `y` counts are all 0. */
const UNLESS_COUNTED: u32 = 21

const ALWAYS: u32 = 1

/** The beginnings of `true` and `false`. */
const TRUE: u32 = 0x65757274
const FALS: u32 = 0x736c6166

/**
 * An order is [action, offset in the record, address of its head, length of its head, x, y, z, unused].
 */
const ORDER: usize = 32

/** Objects that are open: where each began, and where its first member stands. */
const began: usize = memory.data(64)
let depth: usize = 0

/** Which lists of examples the row has, one bit each. */
let shown: u64 = 0

/** Makes rows of the groups in LIST, as many as the buffer holds. ASKS when questions are to be answered first. */
export function render(r: usize): u32 {
  const groups: usize = load<u32>(r, GROUPS)
  const answers: usize = load<u32>(r, ANSWERS)
  const buffer: usize = load<u32>(r, BUFFER)
  const count = load<u32>(r, COUNT)
  prepare(answers)
  open(buffer, load<u32>(r, BUFFER_BYTES))
  for (let i: u32 = 0; i < count; i++) {
    const group = load<u32>(<usize>load<u32>(r, LIST) + ((<usize>i) << 2))
    const start = position()
    row(r, recordOf(groups, group))
    if (isFull()) {
      if (missCount(answers) > 0) return ASKS
      store<u32>(r, i, WRITTEN)
      return FULL
    }
    // Rows whose answers are not there yet are written over, and the questions of the next ones found.
    if (missCount(answers) > 0) moveTo(start)
    store<u32>(<usize>load<u32>(r, ENDS) + ((<usize>i) << 2), <u32>(position() - buffer))
  }
  if (missCount(answers) > 0) return ASKS
  store<u32>(r, count, WRITTEN)
  return DONE
}

// @ts-ignore: decorator
@inline
function hasValue(cell: u32): bool {
  return cell != 0 && cell != MIXED
}

// @ts-ignore: decorator
@inline
function head(order: usize): void {
  piece(load<u32>(order, 8), load<u32>(order, 12))
}

function row(r: usize, record: usize): void {
  const answers: usize = load<u32>(r, ANSWERS)
  const orders: usize = load<u32>(r, ORDERS)
  const end = orders + <usize>load<u32>(r, ORDER_COUNT) * ORDER
  const start = position()
  depth = 0
  shown = 0
  let order = orders
  while (order < end) {
    const at = record + <usize>load<u32>(order, 4)
    const cell = load<u32>(at)
    const x = load<u32>(order, 16)
    switch (load<u32>(order)) {
      case LITERAL:
        head(order)
        break
      case TEXT:
        if (!hasValue(cell)) break
        head(order)
        quoted(cell)
        break
      case JSON:
        if (!hasValue(cell)) break
        head(order)
        text(cell)
        break
      case NUMBER:
        if (!hasValue(cell)) break
        head(order)
        decimal(cell - x)
        break
      case NUMBER_ABOVE:
        if (!hasValue(cell) || cell == x) break
        head(order)
        decimal(cell - x)
        break
      case FLAG:
        if (hasValue(cell)) head(order)
        break
      case BOOLEAN:
        if (!hasValue(cell)) break
        head(order)
        if (cell == 2) fourBytes(TRUE)
        else {
          fourBytes(FALS)
          byte(0x65)
        }
        break
      case SAID: {
        if (!hasValue(cell)) break
        const said = ask(answers, x, cell, load<u32>(order, 20))
        if (said == 0 || said == PENDING) break
        head(order)
        text(said)
        break
      }
      case COUNTED:
        head(order)
        decimal(<u64>load<f64>(at))
        break
      case TIME:
        head(order)
        time(cell, load<u32>(at, 4))
        break
      case SECOND:
        head(order)
        time(<u64>cell + <u64>x, 0)
        break
      case UUID:
        head(order)
        uuid(answers, r + SEED, load<u32>(r, REVISION), record, load<u32>(r, KEY_CELLS), load<u32>(r, KEY_IDS))
        break
      case REVISED:
        head(order)
        decimal(load<u32>(r, REVISION))
        break
      case TEXT_OR:
        if (cell == MIXED) break
        head(order)
        if (cell == 0) piece(x, load<u32>(order, 20))
        else quoted(cell)
        break
      case OPEN:
        store<u32>(began + (depth << 3), <u32>position())
        head(order)
        store<u32>(began + (depth << 3), <u32>position(), 4)
        depth++
        break
      case CLOSE:
        close(record, x, load<u32>(order, 20))
        break
      case UNLESS:
        if (hasValue(cell)) break
        order = orders + <usize>x * ORDER
        continue
      case JUMP:
        order = orders + <usize>x * ORDER
        continue
      case SAID_OF_TWO: {
        const other = load<u32>(record + <usize>load<u32>(order, 20))
        const a = hasValue(cell) ? cell : 0
        const b = hasValue(other) ? other : 0
        if ((a | b) == 0) break
        const said = ask(answers, x, a, b)
        if (said != 0 && said != PENDING) text(said)
        break
      }
      case EXAMPLES:
        examples(answers, order, record)
        break
      case OTHERS: {
        if ((shown & (<u64>1 << x)) == 0) break
        const others = load<f64>(at)
        if (others == 0) break
        head(order)
        decimal(<u64>others)
        break
      }
      case TOTAL: {
        const total = load<f64>(at) + <f64>x * 4294967296.0 * load<f64>(record + <usize>load<u32>(order, 20))
        if (total == 0) break
        head(order)
        decimal(<u64>total)
        break
      }
      case UNLESS_COUNTED: {
        let counted: f64 = 0
        for (let i: usize = 0; i < <usize>load<u32>(order, 20); i++) counted += load<f64>(at + (i << 3))
        if (counted != 0) break
        order = orders + <usize>x * ORDER
        continue
      }
    }
    if (isFull()) return
    order += ORDER
  }
  store<u8>(start, 0x7b)
  byte(0x7d)
  byte(0x0a)
}

function close(record: usize, keeps: u32, marks: usize): void {
  depth--
  const start: usize = load<u32>(began + (depth << 3))
  const first: usize = load<u32>(began + (depth << 3), 4)
  if (position() != first) {
    // In place of the comma.
    store<u8>(first, 0x7b)
    byte(0x7d)
  } else if (keeps == ALWAYS || anyHolds(record, marks)) {
    byte(0x7b)
    byte(0x7d)
  } else moveTo(start)
}

/** A list of cells is [how many][offset in the record] ... */
function anyHolds(record: usize, cells: usize): bool {
  if (cells == 0) return false
  for (let left = load<u32>(cells); left > 0; left--) {
    cells += 4
    if (hasValue(load<u32>(record + <usize>load<u32>(cells)))) return true
  }
  return false
}

function agreesOnAll(record: usize, cells: usize): bool {
  if (cells == 0) return false
  for (let left = load<u32>(cells); left > 0; left--) {
    cells += 4
    if (load<u32>(record + <usize>load<u32>(cells)) == MIXED) return false
  }
  return true
}

/** What a group has examples of, unless all of it is said by columns that agree. */
function examples(answers: usize, order: usize, record: usize): void {
  if (agreesOnAll(record, load<u32>(order, 20))) return
  const from = record + <usize>load<u32>(order, 4)
  const most: usize = load<u32>(order, 24)
  const join = load<u32>(order, 28)
  if (load<u32>(from) == 0) return
  shown |= <u64>1 << load<u32>(order, 16)
  head(order)
  if (join != 0) writeJoined(answers, join, from, most)
  else writeList(from, most)
}
