import { flowsOf, type Logger, type Row } from '../sdk/index.ts'
import type { OutboxHead, RowRange } from '../state/entry.ts'
import type { Lane } from '../state/lane.ts'
import type { Cargo } from './carrier.ts'
import type { CourierMetrics } from './courier-metrics.ts'
import type { DeadLetter } from './dead-letter.ts'

/** Told what became of rows in the moment that the outbox is done with them. */
export interface Books {
  delivered(pipeline: string, flows: number, rows: number, bytes: number): void
  /** Flows that the backend will never get. */
  lost(pipeline: string, reason: 'refused' | 'unreadable', flows: number): void
  /** Rows among the delivered that the backend threw away. */
  discarded(pipeline: string, rows: number): void
}

export interface ShipmentParts {
  readonly lane: Lane
  readonly books: Books
  readonly deadLetter: DeadLetter
  readonly metrics: CourierMetrics
  readonly log: Logger
}

/** The rows of some entries on their way to a backend, and what becomes of them. */
export class Shipment implements Cargo {
  readonly #parts: ShipmentParts
  readonly #rows: Row[] = []
  readonly #places = new Map<Row, Place>()

  constructor(parts: ShipmentParts) {
    this.#parts = parts
  }

  /** Adds the rows of an entry, except for those that are done since an earlier time. */
  add(head: OutboxHead, rows: readonly Row[]): void {
    for (const [at, row] of rows.entries()) {
      if (this.#parts.lane.isDone(head.seq, at)) continue
      this.#rows.push(row)
      this.#places.set(row, { head, at })
    }
  }

  get rows(): readonly Row[] {
    return this.#rows
  }

  /** Whether the outbox still wants any of these rows delivered. It drops entries from the front, if at all. */
  isWanted(rows: readonly Row[]): boolean {
    return this.#parts.lane.isWaiting(this.#places.get(rows.at(-1)!)!.head.seq)
  }

  accept(rows: readonly Row[], bytes: number): void {
    const { metrics, books } = this.#parts
    metrics.sent.add(rows.length)
    let payloadBytes = bytes
    for (const { pipeline, flows, from, to } of this.#settle(rows)) {
      books.delivered(pipeline, flows, to - from, payloadBytes)
      payloadBytes = 0
    }
  }

  /** Nobody knows which the backend threw away, so all count as delivered. */
  acceptMost(rows: readonly Row[], bytes: number, discarded: number, reason: string): void {
    const { log, books, metrics } = this.#parts
    log.error('the backend took a payload and threw rows of it away', { rows: discarded, reason })
    metrics.refused.add(discarded)
    books.discarded(this.#places.get(rows[0])!.head.pipeline, discarded)
    this.accept(rows, bytes)
  }

  refuse(rows: readonly Row[], reason: string): void {
    const { deadLetter, log, books, metrics } = this.#parts
    metrics.refused.add(rows.length)
    deadLetter.write(rows, reason)
    for (const { pipeline, flows } of this.#settle(rows)) books.lost(pipeline, 'refused', flows)
    log.error('the backend refuses rows for good', {
      rows: rows.length,
      reason,
      dead_letter: deadLetter.path ?? 'none; dead_letter can name a file',
    })
  }

  giveUp(rows: readonly Row[], reason: string): void {
    this.refuse(rows, `given up after retry.max_elapsed: ${reason}`)
  }

  /** The outbox is done with these rows, but for those that it dropped meanwhile. */
  #settle(rows: readonly Row[]): RowRange[] {
    const { lane } = this.#parts
    const ranges = this.#ranges(rows).filter(({ seq }) => lane.isWaiting(seq))
    for (const range of ranges) lane.settle(range)
    return ranges
  }

  /** Puts together what lies side by side in an entry. */
  #ranges(rows: readonly Row[]): RowRange[] {
    const ranges: { -readonly [name in keyof RowRange]: RowRange[name] }[] = []
    for (const row of rows) {
      const { head, at } = this.#places.get(row)!
      const { seq, pipeline } = head
      const last = ranges.at(-1)
      if (last?.seq === seq && last.to === at) {
        last.to++
        last.flows += flowsOf(row)
      } else ranges.push({ seq, pipeline, from: at, to: at + 1, flows: flowsOf(row) })
    }
    return ranges
  }
}

interface Place {
  readonly head: OutboxHead
  readonly at: number
}
