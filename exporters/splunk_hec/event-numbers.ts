import type { HttpOutcome } from '../../src/sdk/index.ts'
import { type BadEvent, replyOf } from './answer.ts'

/** An event that is bad in the way that a code names, and that leaves nothing behind. */
const BAD_EVENTS: { readonly [code: number]: string } = {
  // No JSON.
  6: '{"event":',
  // Without a field `event`, or with a blank one.
  12: '{}',
  13: '{"event":""}',
}
const WITHOUT_EVENT = 12

/**
 * Where Splunk begins to count events, 0 or 1. Its documentation says "the index of the first invalid event" and no more;
 * reports of single bad events show 0 for some codes and 1 for others. Taken wrongly, a good event would be put aside and a
 * bad one count as delivered. So Splunk is asked, once for each code: what number has a request's only event?
 */
export class EventNumbers {
  readonly #ask: (body: Uint8Array, signal: AbortSignal) => Promise<HttpOutcome>
  readonly #firsts = new Map<number, number>()

  constructor(ask: (body: Uint8Array, signal: AbortSignal) => Promise<HttpOutcome>) {
    this.#ask = ask
  }

  /** The place of the event among `rows`, from 0; null while Splunk cannot be asked. Rejects when `signal` aborts. */
  async placeOf({ number, code }: BadEvent, rows: number, signal: AbortSignal): Promise<number | null> {
    // Only who counts from 0 says 0, and only who counts from 1 comes to the number of all.
    if (number === 0 || number === rows) this.#firsts.set(code, number === 0 ? 0 : 1)
    const first = this.#firsts.get(code) ?? (await this.#first(code, signal))
    return first === null ? null : number - first
  }

  async #first(code: number, signal: AbortSignal): Promise<number | null> {
    const body = Buffer.from(BAD_EVENTS[code] ?? BAD_EVENTS[WITHOUT_EVENT])
    const outcome = await this.#ask(body, signal)
    if (outcome.kind === 'failure' || outcome.status >= 500 || outcome.status === 429) return null
    // Who does not number it is taken at the word of the documentation: an index begins with 0.
    const first = replyOf(outcome)['invalid-event-number'] === 1 ? 1 : 0
    this.#firsts.set(code, first)
    return first
  }
}
