import type { Host, Payload, Row, Sender, SendResult } from '../../src/sdk/index.ts'
import type { Ingestion } from './ingestion.ts'
import { outcomeOf } from './outcome.ts'
import { payloadsOf } from './payloads.ts'

export const RESTAMPED_DOC =
  'Rows older than two days or more than a day ahead: Azure puts the time of arrival into their `TimeGenerated`'

/** Source: azure-monitor-docs, log-standard-columns.md. */
const OLDEST_MS = 2 * 86_400_000
const NEWEST_MS = 86_400_000

const NO_ROWS = Buffer.from('[]')

export class LogAnalyticsSender implements Sender {
  readonly #ingestion: Ingestion
  readonly #host: Host
  readonly #restamped
  #hasWarned = false

  constructor(ingestion: Ingestion, host: Host) {
    this.#ingestion = ingestion
    this.#host = host
    this.#restamped = host.metrics.counter('azure_log_analytics_restamped_rows_total', RESTAMPED_DOC)
  }

  encode(rows: readonly Row[]): Iterable<Payload> {
    return payloadsOf(rows)
  }

  async send({ rows, body }: Payload, signal: AbortSignal): Promise<SendResult> {
    const result = await this.#post(body, signal)
    if (result.kind === 'accepted') this.#countRestamped(rows)
    return result
  }

  /** Sends an array without rows: the API looks at token, rule and stream as always. */
  probe(signal: AbortSignal): Promise<SendResult> {
    return this.#post(NO_ROWS, signal)
  }

  close(): void {
    this.#ingestion.close()
  }

  async #post(body: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    signal.throwIfAborted()
    let result: SendResult = { kind: 'accepted' }
    try {
      await unlessAborted(this.#ingestion.post(body, signal), signal)
    } catch (error) {
      const said = (text: string) => this.#ingestion.withoutSecrets(text)
      result = outcomeOf(error, this.#host.clock.now(), said)
    }
    // A token that never came would be waited for again.
    const needsToken = signal.aborted || (result.kind === 'retry' && result.cause === 'rejected')
    if (needsToken) this.#ingestion.forgetToken()
    // Azure's client may return in peace from what was aborted: nobody knows then what arrived.
    signal.throwIfAborted()
    return result
  }

  #countRestamped(rows: readonly Row[]): void {
    const nowMs = this.#host.clock.now()
    const restamped = rows.filter(({ TimeGenerated }) => {
      const ageMs = nowMs - Date.parse(TimeGenerated)
      return ageMs > OLDEST_MS || ageMs < -NEWEST_MS
    })
    if (restamped.length === 0) return
    this.#restamped.add(restamped.length)
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#host.log.warn(
      'Azure replaces the TimeGenerated of rows older than two days or more than a day ahead; their time is in FirstFlowTime',
      { time: restamped[0].TimeGenerated, uuid: restamped[0].UUID },
    )
  }
}

/** `work`, but no longer than until `signal` aborts: a token may be asked for without end. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
