import { flowsOf, type Row, type Sink, type WriteResult } from '../sdk/index.ts'
import type { Ledger } from '../telemetry/ledger.ts'

/** An exporter and the rows that wait for it, from every pipeline that leads there. */
export class Outlet {
  readonly id: string
  readonly sink: Sink
  #waiting: { readonly ledger: Ledger; readonly rows: readonly Row[]; readonly flows: number }[] = []
  /** Why it takes nothing at the moment; null when it does. */
  trouble: string | null = null

  constructor(id: string, sink: Sink) {
    this.id = id
    this.sink = sink
  }

  get waitingRows(): number {
    return this.#waiting.reduce((sum, { rows }) => sum + rows.length, 0)
  }

  /** `ledger` is the pipeline's: it is told when the rows are delivered. */
  add(ledger: Ledger, rows: readonly Row[]): void {
    if (rows.length === 0) return
    this.#waiting.push({ ledger, rows, flows: rows.reduce((sum, row) => sum + flowsOf(row), 0) })
  }

  /** Writes what waits, oldest first; what the sink does not take goes on waiting. */
  write(): WriteResult {
    let bytes = 0
    while (this.#waiting.length > 0) {
      const { ledger, rows, flows } = this.#waiting[0]
      const result = this.sink.write(rows)
      if (result.kind === 'retry') {
        this.trouble = result.reason
        return result
      }
      ledger.delivered(this.id, flows, rows.length, result.bytes)
      bytes += result.bytes
      this.#waiting.shift()
    }
    this.trouble = null
    return { kind: 'written', bytes }
  }
}
