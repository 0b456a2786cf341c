import {
  type Counter,
  flowsOf,
  type Host,
  type Json,
  type Output,
  type Row,
  type RowBatch,
  rowsOf,
  type Sink,
  type WriteResult,
} from '../../src/sdk/index.ts'
import { mostUrgentFirst } from './urgency.ts'

export const SHOWN_DOC = 'Rows shown'
export const HIDDEN_DOC = 'Rows that max_rows left out'

/** What was not shown. */
export interface Hidden {
  readonly rows: number
  readonly flows: number
}

export interface DebugSinkParts {
  readonly host: Host
  readonly maxRows: number
  readonly render: (rows: readonly Row[], hidden: Hidden, out: Output) => string
}

/** Rows that wait for their commit; the others are only counted. */
const MOST_WAITING_ROWS = 50_000

/**
 * Shows the rows of each commit once it is durable: a row that is written again after a crash is not shown twice. A
 * window to look through, not a place to keep rows: what nobody reads is gone.
 */
export class DebugSink implements Sink {
  readonly #parts: DebugSinkParts
  readonly #shown: Counter
  readonly #hidden: Counter
  #waiting: Row[] = []
  #beyond = { rows: 0, flows: 0 }

  constructor(parts: DebugSinkParts) {
    const { metrics } = parts.host
    this.#parts = parts
    this.#shown = metrics.counter('debug_rows_shown_total', SHOWN_DOC)
    this.#hidden = metrics.counter('debug_rows_hidden_total', HIDDEN_DOC)
  }

  /** No bytes: what is on a screen is stored nowhere. */
  write(batch: RowBatch): WriteResult {
    const rows = rowsOf(batch)
    const room = MOST_WAITING_ROWS - this.#waiting.length
    for (const row of rows.slice(0, room)) this.#waiting.push(row)
    const { rows: more, flows } = sizeOf(rows.slice(room))
    this.#beyond.rows += more
    this.#beyond.flows += flows
    return { kind: 'written', bytes: 0 }
  }

  position(): Json {
    return null
  }

  committed(): void {
    if (this.#waiting.length === 0) return
    const { host, maxRows, render } = this.#parts
    const rows = mostUrgentFirst(this.#waiting)
    const left = sizeOf(rows.slice(maxRows))
    const hidden = { rows: left.rows + this.#beyond.rows, flows: left.flows + this.#beyond.flows }
    const shown = rows.slice(0, maxRows)
    host.out.write(render(shown, hidden, host.out))
    this.#shown.add(shown.length)
    this.#hidden.add(hidden.rows)
    this.#waiting = []
    this.#beyond = { rows: 0, flows: 0 }
  }

  sync(): void {}

  async close(): Promise<void> {}
}

function sizeOf(rows: readonly Row[]): Hidden {
  return { rows: rows.length, flows: rows.reduce((sum, row) => sum + flowsOf(row), 0) }
}
