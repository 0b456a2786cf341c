import type { Counter } from '../../src/sdk/index.ts'
import type { Instant } from './observation.ts'
import { OrderedMap } from './ordered-map.ts'

/** What a second question under a key means that still waits for its answer. */
export type Again =
  /** The same question, asked once more: the answer came after the first. */
  | 'repeats'
  /** Another one: nobody can tell which of them the next answer is for. */
  | 'confuses'

export interface ExchangeOptions {
  readonly again: Again
  /** Questions that may wait for their answers at once; past it, the oldest is given up. */
  readonly capacity: number
  /** A question that waits longer has no answer. */
  readonly maxAgeMs: number
}

export interface ExchangeCounters {
  /** Questions whose answer nobody will know: given up, asked again, or not to be told from another. */
  readonly unanswered: Counter
  /** Answers to such questions, and to those that nobody saw. */
  readonly unasked: Counter
}

export interface Answered<Q> {
  readonly question: Q
  readonly latencyNs: number
}

interface Waiting<Q> {
  /** Null once nobody can tell which question waits here. */
  readonly question: Q | null
  readonly time: Instant
}

/** Questions that wait for their answers: to tell an answer what was asked, and how long it took. */
export class Exchanges<Q> {
  readonly #options: ExchangeOptions
  readonly #count: ExchangeCounters
  readonly #waiting = new OrderedMap<string, Waiting<Q>>()

  constructor(options: ExchangeOptions, counters: ExchangeCounters) {
    this.#options = options
    this.#count = counters
  }

  get waiting(): number {
    return this.#waiting.size
  }

  ask(key: string, question: Q, time: Instant): void {
    const known = this.#waiting.get(key)
    if (known === undefined) {
      this.#giveUp(time, 1)
      this.#waiting.set(key, { question, time })
      return
    }
    this.#count.unanswered.add(1)
    if (this.#options.again === 'repeats') return
    if (known.question !== null) this.#count.unanswered.add(1)
    this.#waiting.set(key, { question: null, time })
  }

  /** The question behind an answer; null when nobody can tell. */
  answer(key: string, time: Instant): Answered<Q> | null {
    this.#giveUp(time, 0)
    const known = this.#waiting.get(key)
    this.#waiting.delete(key)
    if (known === undefined || known.question === null) {
      this.#count.unasked.add(1)
      return null
    }
    // Records of two CPUs may come in the wrong order, by less than anybody cares for.
    return { question: known.question, latencyNs: Math.max(0, nanosBetween(known.time, time)) }
  }

  /** Lets go of the old ones, and of as many more as it takes to have room. */
  #giveUp(now: Instant, room: number): void {
    const { capacity, maxAgeMs } = this.#options
    for (let oldest = this.#waiting.oldest; oldest !== null; oldest = this.#waiting.oldest) {
      const { question, time } = oldest.value
      const isOld = nanosBetween(time, now) > maxAgeMs * 1e6
      if (!isOld && this.#waiting.size + room <= capacity) return
      this.#waiting.delete(oldest.key)
      if (question !== null) this.#count.unanswered.add(1)
    }
  }
}

/** Exact up to 104 days. */
function nanosBetween(from: Instant, to: Instant): number {
  return (to.seconds - from.seconds) * 1e9 + (to.nanos - from.nanos)
}
