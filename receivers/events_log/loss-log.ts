import type { Host, Loss } from '../../src/sdk/index.ts'

const INTERVAL_MS = 10_000

/** Says in the log what was lost: the first time at once, then summed up every so often. */
export class LossLog {
  readonly #host: Host
  #pending = new Map<string, { message: string; what: string; count: number }>()
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(host: Host) {
    this.#host = host
  }

  add(loss: Loss): void {
    if (loss.kind === 'dropped') this.#count('lines that are no flows were dropped', loss.reason, loss.flows)
    if (loss.kind === 'lost_upstream')
      this.#count('Hubble lost events before it wrote them', loss.source, loss.events)
  }

  /** To be called every so often. */
  write(): void {
    if (this.#host.clock.now() - this.#lastMs >= INTERVAL_MS) this.flush()
  }

  /** Says what is left, at the end. */
  flush(): void {
    if (this.#pending.size === 0) return
    this.#lastMs = this.#host.clock.now()
    for (const { message, what, count } of this.#pending.values())
      this.#host.log.error(message, { what, count })
    this.#pending.clear()
  }

  #count(message: string, what: string, count: number): void {
    const key = `${message} ${what}`
    const pending = this.#pending.get(key) ?? { message, what, count: 0 }
    pending.count += count
    this.#pending.set(key, pending)
  }
}
