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
import { LogRequest } from './log-request.ts'
import type { ResourceAttributes } from './notation.ts'
import { RecordTexts } from './record-texts.ts'

export interface OtlpSenderParts {
  readonly url: string
  readonly encoding: Encoding
  readonly compression: Compression
  readonly maxPayloadBytes: number
  readonly resource: ResourceAttributes
  readonly http: HttpClient
  readonly host: Pick<Host, 'clock' | 'log'>
}

/** Sends rows as OTLP log records over HTTP. */
export class OtlpSender implements Sender {
  readonly #parts: OtlpSenderParts
  readonly #records: RecordTexts
  #warning = ''

  constructor(parts: OtlpSenderParts) {
    this.#parts = parts
    this.#records = new RecordTexts(parts.encoding.notation)
  }

  *encode(rows: readonly Row[]): Generator<Payload> {
    let request = this.#request(rows.length)
    let from = 0
    for (const [at, row] of rows.entries()) {
      const record = this.#records.textOf(row)
      if (request.add(record)) continue
      if (at > from) {
        yield { rows: rows.slice(from, at), body: request.end() }
        request = this.#request(rows.length - at)
        from = at
        if (request.add(record)) continue
      }
      yield this.#unfit(row, request.lengthWith(record))
      from = at + 1
    }
    if (from < rows.length) yield { rows: rows.slice(from), body: request.end() }
  }

  async send({ body, rows }: Payload, signal: AbortSignal): Promise<SendResult> {
    return this.#post(body, rows.length, signal)
  }

  /** A request without records: who takes it would take more. */
  async probe(signal: AbortSignal): Promise<SendResult> {
    return this.#post(this.#parts.encoding.empty, 0, signal)
  }

  close(): void {
    this.#parts.http.close()
  }

  #request(rows: number): LogRequest {
    const { encoding, resource, maxPayloadBytes } = this.#parts
    return new LogRequest(encoding.notation, resource, rows, maxPayloadBytes)
  }

  #unfit(row: Row, bytes: number): Payload {
    const limit = formatSize(this.#parts.maxPayloadBytes)
    const unfit = `the row takes ${formatSize(bytes)}, more than max_payload_bytes (${limit})`
    return { rows: [row], body: new Uint8Array(), unfit }
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
