// The decoder's kernel: lines of JSON to rows of numbers, and the dictionary behind the numbers.
// `src/kernel/kernel.ts` is its other half and tells what the exports promise.

import { forgetFragments, fragmentBytes } from './fragments'
import { begin, isTimed, missEnd, missKind, missStart, readObject } from './record'
import { compactTexts, textBytes } from './texts'

export { setSeed } from './bytes'
export { forget, note } from './answers'
export { latest } from './columns'
export { fold } from './fold'
export { learn } from './fragments'
export { drop, find, members, rehash } from './groups'
export { block, recycle, room } from './memory'
export { render } from './rows'
export { intern, textCount, textLength, textStart } from './texts'

export function bytes(): usize {
  return textBytes() + fragmentBytes()
}

export function compact(renamed: usize): void {
  forgetFragments()
  compactTexts(renamed)
}

// Why `decode` stopped. Also in `src/kernel/kernel.ts`.
const END: u32 = 0
const FULL: u32 = 1
const DECLINED: u32 = 2
const UNKNOWN: u32 = 3

// The decoder's cells, one u32 each. Also in `src/kernel/line-kernel.ts`.
const AT: usize = 0
const ROW: usize = 4
const ROWS: usize = 8
const ORIGIN: usize = 12
const ENVELOPE: usize = 16
const COLUMNS: usize = 20
const STRIDE: usize = 24
const COLUMN_COUNT: usize = 28
const MISS_KIND: usize = 32
const MISS_START: usize = 36
const MISS_END: usize = 40
const LINE_START: usize = 44
const LINE_END: usize = 48
const IS_REPLY: usize = 52
const REPLY: usize = 56
const DROP_REASON: usize = 60
const DROP_NUMBER: usize = 64
const NODE_NAME: usize = 68
const ENVELOPE_NODE: usize = 72
const DIRECTION: usize = 76
const INGRESS_FLOWS: usize = 80
const EGRESS_FLOWS: usize = 84
const UNKNOWN_FLOWS: usize = 88
const AGGREGATED: usize = 92
const INGRESS: usize = 96
const EGRESS: usize = 100

/**
 * HOT: once per line. Decodes the lines from cell AT up to `to`, where zeros stand, into the rows from cell
 * ROW on, and moves both cells on. Cells of rows not yet written are 0.
 */
export function decode(cells: usize, to: usize): u32 {
  let p: usize = load<u32>(cells, AT)
  let row = load<u32>(cells, ROW)
  const rows = load<u32>(cells, ROWS)
  const origin: usize = load<u32>(cells, ORIGIN)
  const envelope: usize = load<u32>(cells, ENVELOPE)
  let stopped = END
  while (p < to) {
    const blank = lineEnd(p)
    if (blank != 0) {
      p = blank
      continue
    }
    if (row == rows) {
      stopped = FULL
      break
    }
    const offset = <usize>row << 2
    begin(offset)
    const end = readObject(p, envelope)
    const next: usize = end == 0 || !isTimed() ? 0 : lineEnd(end)
    if (next == 0 || !finish(cells, offset)) {
      stopped = missStart == 0 ? DECLINED : UNKNOWN
      // No trace is left of a line that was not taken.
      wipe(cells, offset, 4)
      break
    }
    store<u32>(cell(cells, LINE_START, offset), <u32>(p - origin))
    store<u32>(cell(cells, LINE_END, offset), <u32>(end - origin))
    row++
    p = next
  }
  store<u32>(cells, <u32>p, AT)
  store<u32>(cells, row, ROW)
  store<u32>(cells, missKind, MISS_KIND)
  store<u32>(cells, <u32>missStart, MISS_START)
  store<u32>(cells, <u32>missEnd, MISS_END)
  return stopped
}

// @ts-ignore: decorator
@inline
function lineEnd(p: usize): usize {
  const c = load<u8>(p)
  if (c == 0x0a) return p + 1
  return c == 0x0d && load<u8>(p, 1) == 0x0a ? p + 2 : 0
}

// @ts-ignore: decorator
@inline
function cell(cells: usize, column: usize, offset: usize): usize {
  return <usize>load<u32>(cells + column) + offset
}

/** What one key says only where another is silent; false when the plain decoder has to decide. */
// @ts-ignore: decorator
@inline
function finish(cells: usize, offset: usize): bool {
  const isReply = cell(cells, IS_REPLY, offset)
  if (load<u32>(isReply) == 0) store<u32>(isReply, load<u32>(cell(cells, REPLY, offset)))
  const dropReason = load<u32>(cell(cells, DROP_REASON, offset))
  if (dropReason == 0 && load<u32>(cell(cells, DROP_NUMBER, offset)) != 0) return false
  const node = cell(cells, NODE_NAME, offset)
  if (load<u32>(node) == 0) store<u32>(node, load<u32>(cell(cells, ENVELOPE_NODE, offset)))
  const ingress = cell(cells, INGRESS_FLOWS, offset)
  const egress = cell(cells, EGRESS_FLOWS, offset)
  const unknown = cell(cells, UNKNOWN_FLOWS, offset)
  if ((load<u32>(ingress) | load<u32>(egress) | load<u32>(unknown)) != 0) {
    store<u32>(cell(cells, AGGREGATED, offset), 1)
    return true
  }
  const direction = load<u32>(cell(cells, DIRECTION, offset))
  if (direction == 0) store<u32>(unknown, 1)
  else if (direction == load<u32>(cells, INGRESS)) store<u32>(ingress, 1)
  else store<u32>(direction == load<u32>(cells, EGRESS) ? egress : unknown, 1)
  return true
}

/** Makes the cells of all columns 0, `bytes` bytes of each from `offset` on. */
export function wipe(cells: usize, offset: usize, bytes: usize): void {
  let column: usize = load<u32>(cells, COLUMNS)
  const stride: usize = load<u32>(cells, STRIDE)
  for (let i: u32 = load<u32>(cells, COLUMN_COUNT); i > 0; i--) {
    memory.fill(column + offset, 0, bytes)
    column += stride
  }
}
