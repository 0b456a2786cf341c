import { flowsOf, type Row } from '../sdk/index.ts'
import type { OutboxHead, RowRange } from '../state/entry.ts'

/** Rows of one entry that met the same fate. */
export interface ShippedRange extends RowRange {
  readonly pipeline: string
}

/** The rows of some entries on their way to a backend, and where each came from. */
export class Shipment {
  readonly rows: Row[] = []
  readonly #places = new Map<Row, Place>()

  /** Adds the rows of an entry that are not done yet. */
  add(head: OutboxHead, rows: readonly Row[], isDone: (row: number) => boolean): void {
    for (const [at, row] of rows.entries()) {
      if (isDone(at)) continue
      this.rows.push(row)
      this.#places.set(row, { head, at })
    }
  }

  /** The entry that a row came from. */
  headOf(row: Row): OutboxHead {
    return this.#places.get(row)!.head
  }

  /** Rows of the shipment, put together by what lies side by side in an entry. */
  ranges(rows: readonly Row[]): ShippedRange[] {
    const ranges: { pipeline: string; seq: number; from: number; to: number; flows: number }[] = []
    for (const row of rows) {
      const { head, at } = this.#places.get(row)!
      const last = ranges.at(-1)
      if (last && last.seq === head.seq && last.to === at) {
        last.to++
        last.flows += flowsOf(row)
      } else
        ranges.push({ pipeline: head.pipeline, seq: head.seq, from: at, to: at + 1, flows: flowsOf(row) })
    }
    return ranges
  }
}

interface Place {
  readonly head: OutboxHead
  readonly at: number
}
