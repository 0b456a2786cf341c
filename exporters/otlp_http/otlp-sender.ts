import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import {
  type Compression,
  formatSize,
  type Host,
  type HttpAnswer,
  type HttpClient,
  type Payload,
  type Row,
  type Sender,
  type SendResult,
  wayResult,
} from '../../src/sdk/index.ts'
import type { Encoding } from './encodings.ts'

export interface OtlpSenderParts {
  readonly url: string
  readonly encoding: Encoding
  readonly compression: Compression
  readonly maxPayloadBytes: number
  readonly recordOf: (row: Row) => ReadableLogRecord
  readonly http: HttpClient
  readonly host: Pick<Host, 'clock' | 'log'>
}

/** Rows that are encoded together. Few, so that what the serializer makes of them on its way dies young. */
const ROWS_PER_PIECE = 64

interface Piece {
  readonly rows: readonly Row[]
  readonly body: Uint8Array
}

/** Sends rows as OTLP log records over HTTP. */
export class OtlpSender implements Sender {
  readonly #parts: OtlpSenderParts
  #warning = ''

  constructor(parts: OtlpSenderParts) {
    this.#parts = parts
  }

  *encode(rows: readonly Row[]): Generator<Payload> {
    const { maxPayloadBytes } = this.#parts
    let held: Piece[] = []
    let bytes = 0
    for (const piece of this.#pieces(rows)) {
      const { length } = piece.body
      if (held.length > 0 && bytes + length > maxPayloadBytes) {
        yield this.#joined(held)
        held = []
        bytes = 0
      }
      if (length > maxPayloadBytes) yield this.#unfit(piece)
      else {
        held.push(piece)
        bytes += length
      }
    }
    if (held.length > 0) yield this.#joined(held)
  }

  async send({ body, rows }: Payload, signal: AbortSignal): Promise<SendResult> {
    return this.#post(body, rows.length, signal)
  }

  /** A request without records: who takes it would take more. */
  async probe(signal: AbortSignal): Promise<SendResult> {
    return this.#post(this.#parts.encoding.encode([]), 0, signal)
  }

  close(): void {
    this.#parts.http.close()
  }

  /** Each piece is encoded once, and small enough for a payload unless it is a single row. */
  *#pieces(rows: readonly Row[], most = ROWS_PER_PIECE): Generator<Piece> {
    const { encoding, recordOf, maxPayloadBytes } = this.#parts
    for (let from = 0; from < rows.length; from += most) {
      const some = rows.slice(from, from + most)
      const body = encoding.encode(some.map(recordOf))
      if (body.length > maxPayloadBytes && some.length > 1)
        yield* this.#pieces(some, Math.ceil(some.length / 2))
      else yield { rows: some, body }
    }
  }

  #joined(pieces: readonly Piece[]): Payload {
    const body = this.#parts.encoding.join(pieces.map((piece) => piece.body))
    return { rows: pieces.flatMap((piece) => piece.rows), body }
  }

  #unfit({ rows, body }: Piece): Payload {
    const { maxPayloadBytes } = this.#parts
    const unfit = `the row takes ${formatSize(body.length)}, more than max_payload_bytes (${formatSize(maxPayloadBytes)})`
    return { rows, body: new Uint8Array(), unfit }
  }

  async #post(body: Uint8Array, rows: number, signal: AbortSignal): Promise<SendResult> {
    const { url, encoding, compression, http, host } = this.#parts
    const headers = { 'content-type': encoding.contentType }
    const outcome = await http.request({ method: 'POST', url, headers, body, compression }, signal)
    const wayside = wayResult(outcome, host.clock.now())
    if (wayside !== null) return wayside
    const answer = outcome as HttpAnswer
    return answer.status < 300 ? this.#success(answer, rows) : { kind: 'refused', reason: answer.summary }
  }

  #success({ headers, body, summary }: HttpAnswer, rows: number): SendResult {
    // Web servers that answer everything with a page must not swallow rows.
    if (headers['content-type']?.startsWith('text/html'))
      return {
        kind: 'retry',
        cause: 'rejected',
        reason: `the endpoint answers with a web page, not as OTLP does (${summary})`,
      }
    const partial = this.#parts.encoding.partialSuccess(body)
    if (partial === null) return { kind: 'accepted' }
    const message = this.#parts.http.withoutSecrets(partial.message)
    if (partial.refusedRows > 0)
      return { kind: 'partial', refusedRows: Math.min(partial.refusedRows, rows), reason: message || summary }
    this.#warn(message)
    return { kind: 'accepted' }
  }

  /** Backends say the same with every answer. */
  #warn(warning: string): void {
    if (warning === '' || warning === this.#warning) return
    this.#warning = warning
    this.#parts.host.log.warn('the backend took all rows and has something to say', { warning })
  }
}
