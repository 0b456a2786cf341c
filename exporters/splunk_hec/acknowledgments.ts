import {
  formatDuration,
  type Host,
  type HttpClient,
  type HttpOutcome,
  type SendResult,
} from '../../src/sdk/index.ts'
import { replyOf, resultOf } from './answer.ts'

export interface AcknowledgmentParts {
  readonly http: HttpClient
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly pollMs: number
  readonly timeoutMs: number
  readonly clock: Host['clock']
  /** A payload was given up: it comes again. */
  readonly missed: () => void
}

/**
 * Waits until Splunk has indexed what it took: it gives each request a number on our channel, and is asked about all
 * open ones at once. It says yes once only; when that answer is lost on the way, the payload comes again.
 */
export class Acknowledgments {
  readonly #parts: AcknowledgmentParts
  readonly #open = new Map<number, (result: SendResult) => void>()
  readonly #abort = new AbortController()
  #isAsking = false
  #trouble = ''

  constructor(parts: AcknowledgmentParts) {
    this.#parts = parts
  }

  /** Requests that are not indexed yet. */
  get open(): number {
    return this.#open.size
  }

  /** Rejects only when `signal` aborts. */
  of(ackId: number, signal: AbortSignal): Promise<SendResult> {
    // A number that is given out again: Splunk was started anew, and forgot what it had not indexed.
    this.#open.get(ackId)?.(this.#missed('Splunk was restarted before it had indexed this'))
    return new Promise((resolve, reject) => {
      const { clock, timeoutMs } = this.#parts
      const close = () => {
        cancel()
        signal.removeEventListener('abort', abort)
        if (this.#open.get(ackId) === settle) this.#open.delete(ackId)
      }
      const settle = (result: SendResult) => {
        close()
        resolve(result)
      }
      const abort = () => {
        close()
        reject(signal.reason)
      }
      const cancel = clock.after(timeoutMs, () => settle(this.#missed(this.#tooLate())))
      signal.addEventListener('abort', abort, { once: true })
      this.#open.set(ackId, settle)
      this.#ask().catch(reject)
    })
  }

  close(): void {
    this.#abort.abort()
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const { clock, pollMs } = this.#parts
    const { signal } = this.#abort
    while (this.#open.size > 0 && !signal.aborted) {
      await clock.sleep(pollMs, signal)
      if (this.#open.size > 0 && !signal.aborted) await this.#askOnce(signal)
    }
    this.#isAsking = false
  }

  async #askOnce(signal: AbortSignal): Promise<void> {
    const { http, url, headers } = this.#parts
    const body = Buffer.from(JSON.stringify({ acks: [...this.#open.keys()] }))
    const outcome = await http.request({ method: 'POST', url, headers, body }, signal).catch(() => null)
    if (outcome !== null) this.#hear(outcome)
  }

  #hear(outcome: HttpOutcome): void {
    const acks = outcome.kind === 'answer' && outcome.status === 200 ? replyOf(outcome).acks : undefined
    if (acks) {
      this.#trouble = ''
      for (const ackId in acks) if (acks[ackId]) this.#open.get(Number(ackId))?.({ kind: 'accepted' })
      return
    }
    const result = resultOf(outcome, this.#parts.clock.now())
    if (result.kind !== 'retry') return
    this.#trouble = result.reason
    // The question itself is refused, and will be: no acknowledgments, or not on this channel.
    if (outcome.kind === 'answer' && outcome.status === 400)
      for (const settle of [...this.#open.values()]) settle(result)
  }

  #tooLate(): string {
    const late = `not indexed within ${formatDuration(this.#parts.timeoutMs)}`
    return this.#trouble === '' ? late : `${late}, and the last question failed: ${this.#trouble}`
  }

  #missed(reason: string): SendResult {
    this.#parts.missed()
    return { kind: 'retry', cause: 'unacknowledged', reason }
  }
}
