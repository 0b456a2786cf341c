import type { Clock, DeliverySettings, SendResult } from '../sdk/index.ts'

type Retry = Extract<SendResult, { kind: 'retry' }>

/** A backend that sends us away for longer, be it by mistake, is asked again. */
const LONGEST_MS = 3_600_000

/** The waits of one exporter between attempts. */
export class Pauses {
  readonly #retry: DeliverySettings['retry']
  readonly #clock: Clock
  /** Between 0 and 1. */
  readonly #random: () => number
  #untilMs = 0

  constructor(retry: DeliverySettings['retry'], clock: Clock, random: () => number) {
    this.#retry = retry
    this.#clock = clock
    this.#random = random
  }

  /** Waits while the backend wants to be left alone, whichever payload it said so about. */
  async end(signal: AbortSignal): Promise<void> {
    for (let nowMs = this.#clock.now(); nowMs < this.#untilMs && !signal.aborted; nowMs = this.#clock.now())
      await this.#clock.sleep(this.#untilMs - nowMs, signal)
  }

  /**
   * How long to wait after so many attempts of a payload. Full jitter: anywhere between nothing and a bound that doubles, so
   * that nodes do not come back all at once; they do not after a wait that the backend asked for either.
   */
  after({ afterMs }: Retry, attempts: number): number {
    const { initialMs, maxMs } = this.#retry
    if (afterMs === undefined)
      return this.#random() * Math.min(maxMs, initialMs * 2 ** Math.min(attempts - 1, 30))
    const askedMs = Math.min(Math.max(0, afterMs), LONGEST_MS)
    this.#untilMs = Math.max(this.#untilMs, this.#clock.now() + askedMs)
    return askedMs + this.#random() * initialMs
  }
}
