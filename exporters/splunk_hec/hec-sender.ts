import {
  type Compression,
  formatSize,
  type Host,
  type HttpClient,
  type Payload,
  type Row,
  type Sender,
  type SendResult,
  TextBody,
  wayResult,
} from '../../src/sdk/index.ts'
import type { Acknowledgments } from './acknowledgments.ts'
import { type BadEvent, isLetIn, resultOf } from './answer.ts'
import { EventNumbers } from './event-numbers.ts'
import type { Events } from './events.ts'

export interface HecSenderParts {
  /** Up to and with `/services/collector`. */
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly compression: Compression
  readonly maxContentLength: number
  readonly maxEventSize: number
  readonly events: Events
  readonly http: HttpClient
  /** Null: what Splunk took counts as delivered. */
  readonly acknowledgments: Acknowledgments | null
  readonly host: Pick<Host, 'clock' | 'log'>
}

/** What a folded row takes, and a little more. */
const BYTES_PER_EVENT = 2 * 1024
/** For the event that turns out to be one too many. */
const SPARE_BYTES = 16 * 1024

/** Sends rows to a Splunk HTTP Event Collector. */
export class HecSender implements Sender {
  readonly #parts: HecSenderParts
  readonly #numbers = new EventNumbers((body, signal) => this.#post('/event', body, 'none', signal))
  #toldOfMissingAck = false

  constructor(parts: HecSenderParts) {
    this.#parts = parts
  }

  /** Events follow each other without anything in between. One alone may be longer than `max_content_length`. */
  *encode(rows: readonly Row[]): Generator<Payload> {
    const { events, maxContentLength, maxEventSize } = this.#parts
    let body = this.#body(rows.length)
    let from = 0
    for (const [at, row] of rows.entries()) {
      const text = events.textOf(row)
      const before = body.length
      let size = body.add(text)
      const isUnfit = size > maxEventSize
      if (before > 0 && (isUnfit || body.length > maxContentLength)) {
        body.cut(before)
        yield { rows: rows.slice(from, at), body: body.end() }
        from = at
        body = this.#body(rows.length - at)
        size = body.add(text)
      }
      if (!isUnfit) continue
      yield this.#unfit(row, size)
      from = at + 1
      body.cut(0)
    }
    if (body.length > 0) yield { rows: rows.slice(from), body: body.end() }
  }

  async send({ body, rows }: Payload, signal: AbortSignal): Promise<SendResult> {
    const { compression, acknowledgments, host } = this.#parts
    const outcome = await this.#post('/event', body, compression, signal)
    const result = resultOf(outcome, host.clock.now())
    if (result.kind === 'bad_event') return this.#stopped(result, rows.length, signal)
    if (result.kind !== 'taken') return result
    if (acknowledgments === null) return { kind: 'accepted' }
    if (result.ackId !== undefined) return acknowledgments.of(result.ackId, signal)
    this.#tellOfMissingAck()
    return { kind: 'accepted' }
  }

  /** Whether the queues have room, then whether the token lets us in: an empty request leaves no event. */
  async probe(signal: AbortSignal): Promise<SendResult> {
    const { http, url, headers, host } = this.#parts
    const health = await http.request({ method: 'GET', url: `${url}/health`, headers }, signal)
    const trouble = wayResult(health, host.clock.now())
    // Others that speak HEC may have no such page.
    if (trouble !== null && !(health.kind === 'answer' && health.status === 404)) return trouble
    const entry = await this.#post('/event', new Uint8Array(), 'none', signal)
    if (!isLetIn(entry)) return settled(resultOf(entry, host.clock.now()))
    return this.#parts.acknowledgments === null ? { kind: 'accepted' } : this.#probeAcks(signal)
  }

  close(): void {
    this.#parts.acknowledgments?.close()
    this.#parts.http.close()
  }

  async #probeAcks(signal: AbortSignal): Promise<SendResult> {
    const outcome = await this.#post('/ack', Buffer.from('{"acks":[]}'), 'none', signal)
    if (outcome.kind === 'answer' && outcome.status === 200) return { kind: 'accepted' }
    return settled(resultOf(outcome, this.#parts.host.clock.now()))
  }

  async #stopped(bad: BadEvent, rows: number, signal: AbortSignal): Promise<SendResult> {
    const { reason } = bad
    const at = await this.#numbers.placeOf(bad, rows, signal)
    // Such an answer has no number to ask for.
    const unconfirmed = this.#parts.acknowledgments === null ? {} : ({ unconfirmed: true } as const)
    if (at !== null) return { kind: 'stopped', at, reason, ...unconfirmed }
    return {
      kind: 'retry',
      cause: 'unavailable',
      reason: `which event is bad cannot be found out (${reason})`,
    }
  }

  #post(path: '/event' | '/ack', body: Uint8Array, compression: Compression, signal: AbortSignal) {
    const { http, url, headers } = this.#parts
    return http.request({ method: 'POST', url: `${url}${path}`, headers, body, compression }, signal)
  }

  #body(rows: number): TextBody {
    const room = Math.min(rows * BYTES_PER_EVENT, this.#parts.maxContentLength)
    return new TextBody('utf8', room + SPARE_BYTES)
  }

  #unfit(row: Row, size: number): Payload {
    const limit = formatSize(this.#parts.maxEventSize)
    const unfit = `the event takes ${formatSize(size)}, more than max_event_size (${limit})`
    return { rows: [row], body: new Uint8Array(), unfit }
  }

  #tellOfMissingAck(): void {
    if (this.#toldOfMissingAck) return
    this.#toldOfMissingAck = true
    this.#parts.host.log.warn(
      'Splunk took rows without a number to ask for: acknowledgments are off for this token; turn them on, or set ack: false',
    )
  }
}

/** Where nothing was sent, nothing can be taken, and no event is bad. */
function settled(result: ReturnType<typeof resultOf>): SendResult {
  if (result.kind === 'bad_event') return { kind: 'refused', reason: result.reason }
  return result.kind === 'taken' ? { kind: 'accepted' } : result
}
