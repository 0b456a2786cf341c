import { flowsOfBatch, type RowBatch, type Sink, type WriteResult } from '../sdk/index.ts'
import type { Ledger } from '../telemetry/ledger.ts'

/** An exporter and the rows that wait for it, from every pipeline that leads there. */
export class Outlet {
  readonly id: string
  readonly sink: Sink
  #waiting: { readonly ledger: Ledger; rows: RowBatch }[] = []
  /** Why it takes nothing at the moment; null when it does. */
  trouble: string | null = null

  constructor(id: string, sink: Sink) {
    this.id = id
    this.sink = sink
  }

  get waitingRows(): number {
    return this.#waiting.reduce((sum, { rows }) => sum + rows.flows.length, 0)
  }

  /** Flows of a pipeline in rows that wait. */
  waitingFlows(of: Ledger): number {
    const waiting = this.#waiting.filter(({ ledger }) => ledger === of)
    return waiting.reduce((sum, { rows }) => sum + flowsOfBatch(rows), 0)
  }

  /** `ledger` is the pipeline's: it is told when the rows are delivered. */
  add(ledger: Ledger, rows: RowBatch): void {
    if (rows.flows.length > 0) this.#waiting.push({ ledger, rows })
  }

  /** The rows added last go on waiting, if they do. */
  keep(): void {
    const last = this.#waiting.at(-1)
    if (last) last.rows = last.rows.keep()
  }

  /** Writes what waits, oldest first; what the sink does not take goes on waiting. */
  write(): WriteResult {
    let bytes = 0
    while (this.#waiting.length > 0) {
      const { ledger, rows } = this.#waiting[0]
      const result = this.sink.write(rows)
      if (result.kind === 'retry') {
        this.trouble = result.reason
        return result
      }
      ledger.delivered(this.id, flowsOfBatch(rows), rows.flows.length, result.bytes)
      bytes += result.bytes
      this.#waiting.shift()
    }
    this.trouble = null
    return { kind: 'written', bytes }
  }
}
