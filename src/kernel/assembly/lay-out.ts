// Rows of a batch as records look, by a list of orders that was made for the key once: a column at a time.

import { ask, PENDING } from './answers'
import { at, columnAt } from './columns'
import { ANSWERS, COLUMNS, LAYOUT, LAYOUT_STRIDE, ORDER_COUNT, ORDERS } from './fold-cells'

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

export function layOut(f: usize, rows: usize, count: u32): void {
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
