import type { Payload, Row } from '../../src/sdk/index.ts'
import { logEntry } from './log-entry.ts'

/**
 * The API takes 1 MB, before compression and after it. Gzip lengthens what it cannot shrink by less than 0.04 %, so
 * what fits here fits afterwards. Source: service limits of the Logs Ingestion API.
 */
export const MAX_PAYLOAD_BYTES = 999_000

/** Longer spans of `TimeGenerated` are refused: `RecordsTimeRangeIsMoreThan30Minutes`. */
export const MAX_SPAN_MS = 30 * 60_000

/** Rows cut into JSON arrays that the API takes, in their order. */
export function* payloadsOf(rows: Iterable<Row>): Generator<Payload> {
  let batch = new Batch()
  for (const row of rows) {
    const entry = logEntry(row)
    const bytes = Buffer.byteLength(entry)
    const timeMs = Date.parse(row.TimeGenerated)
    if (!batch.isEmpty && !batch.takes(bytes, timeMs)) {
      yield batch.payload()
      batch = new Batch()
    }
    if (batch.takes(bytes, timeMs)) batch.add(row, entry, bytes, timeMs)
    else yield unfit(row, bytes)
  }
  if (!batch.isEmpty) yield batch.payload()
}

function unfit(row: Row, bytes: number): Payload {
  return {
    rows: [row],
    body: new Uint8Array(),
    unfit: `the row has ${bytes} bytes, and a call to the Logs Ingestion API takes 1 MB`,
  }
}

/** A JSON array that grows. */
class Batch {
  readonly #rows: Row[] = []
  readonly #entries: string[] = []
  /** With the brackets. */
  #bytes = 2
  #fromMs = Number.POSITIVE_INFINITY
  #toMs = Number.NEGATIVE_INFINITY

  get isEmpty(): boolean {
    return this.#rows.length === 0
  }

  takes(bytes: number, timeMs: number): boolean {
    const spanMs = Math.max(this.#toMs, timeMs) - Math.min(this.#fromMs, timeMs)
    return this.#bytes + bytes + this.#comma <= MAX_PAYLOAD_BYTES && !(spanMs >= MAX_SPAN_MS)
  }

  add(row: Row, entry: string, bytes: number, timeMs: number): void {
    this.#bytes += bytes + this.#comma
    this.#rows.push(row)
    this.#entries.push(entry)
    // A time nobody can read, NaN, widens no span: Azure puts its own in its place.
    if (timeMs < this.#fromMs) this.#fromMs = timeMs
    if (timeMs > this.#toMs) this.#toMs = timeMs
  }

  payload(): Payload {
    return { rows: this.#rows, body: Buffer.from(`[${this.#entries.join(',')}]`) }
  }

  get #comma(): number {
    return this.isEmpty ? 0 : 1
  }
}
