import type { Clock, DeliverySettings, Sender } from '../sdk/index.ts'
import { attempt } from './attempt.ts'

/** Asks a backend whether it would take rows until it would, so that readiness knows before there are rows. */
export class Greeting {
  readonly #sender: Sender
  readonly #settings: DeliverySettings
  readonly #clock: Clock
  #trouble: string | null = null

  constructor(sender: Sender, settings: DeliverySettings, clock: Clock) {
    this.#sender = sender
    this.#settings = settings
    this.#clock = clock
  }

  /** Why it would take none; null when it would, or when nobody knows. */
  get trouble(): string | null {
    return this.#trouble
  }

  /** Resolves when it would, or with `signal`. Whoever has sent rows knows better, and ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const { timeoutMs, retry } = this.#settings
    while (!signal.aborted) {
      const result = await attempt((signal) => this.#sender.probe(signal), {
        clock: this.#clock,
        timeoutMs,
        givingUp: signal,
      })
      // A refusal of a request without rows says nothing about rows.
      this.#trouble = result?.kind === 'retry' ? result.reason : null
      if (this.#trouble === null) return
      await this.#clock.sleep(retry.maxMs, signal)
    }
    this.#trouble = null
  }
}
