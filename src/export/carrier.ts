import type { Clock, DeliverySettings, Logger, Payload, Row, Sender, SendResult } from '../sdk/index.ts'
import { attempt } from './attempt.ts'
import { Pauses } from './pauses.ts'

/** Rows on their way, and who wants to know what becomes of them. */
export interface Cargo {
  readonly rows: readonly Row[]
  /** Whether anybody still wants them delivered. */
  isWanted(rows: readonly Row[]): boolean
  /** The backend has these rows. */
  accept(rows: readonly Row[], bytes: number): void
  /** The backend has these rows but for some, which it threw away; nobody knows which. */
  acceptMost(rows: readonly Row[], bytes: number, discarded: number, reason: string): void
  /** The backend will never have these rows. */
  refuse(rows: readonly Row[], reason: string): void
  /** They were tried for as long as there was patience. */
  giveUp(rows: readonly Row[], reason: string): void
}

export type Retry = Extract<SendResult, { kind: 'retry' }>

export interface CarrierParts {
  readonly sender: Sender
  readonly settings: DeliverySettings
  readonly clock: Clock
  readonly log: Logger
  readonly retried: (cause: Retry['cause']) => void
  /** Between 0 and 1, for spreading retries. */
  readonly random: () => number
  /** Whether a payload that came back after so long is tried again. */
  readonly isPatient: (result: Retry, elapsedMs: number) => boolean
  /** Nothing new is begun. */
  readonly stopping: AbortSignal
  /** What is under way is given up. */
  readonly givingUp: AbortSignal
}

/** Anything that is the end of a payload. */
type Verdict = Exclude<SendResult, { kind: 'retry' }>

/** Cuts rows into payloads and tries each until it is settled, a few at a time. */
export class Carrier {
  readonly #parts: CarrierParts
  readonly #pauses: Pauses
  /** Payloads that came back and are tried again, and why they came back. */
  readonly #failing = new Map<Payload, string>()
  #inFlight = 0

  constructor(parts: CarrierParts) {
    this.#parts = parts
    this.#pauses = new Pauses(parts.settings.retry, parts.clock, parts.random)
  }

  /** Why the backend does not take rows at the moment; null when it does. */
  get trouble(): string | null {
    return [...this.#failing.values()].at(-1) ?? null
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Resolves when every row is settled, or wanted no more, or when it is told to stop. */
  async carry(cargo: Cargo): Promise<void> {
    const { sender, settings } = this.#parts
    const payloads = sender.encode(cargo.rows)[Symbol.iterator]()
    const carry = async () => {
      for (let next = payloads.next(); !next.done && !this.#isStopping; next = payloads.next())
        await this.#carry(next.value, cargo)
    }
    await Promise.all(Array.from({ length: settings.concurrency }, carry))
  }

  get #isStopping(): boolean {
    return this.#parts.stopping.aborted
  }

  async #carry(payload: Payload, cargo: Cargo): Promise<void> {
    const { rows, unfit } = payload
    if (unfit !== undefined) return cargo.refuse(rows, unfit)
    const { clock, isPatient, retried, stopping } = this.#parts
    let startMs: number | null = null
    for (let attempts = 1; ; attempts++) {
      await this.#pauses.end(stopping)
      if (this.#isStopping || !cargo.isWanted(rows)) break
      startMs ??= clock.now()
      const result = await this.#attempt(payload)
      if (result === null) break
      if (result.kind !== 'retry') {
        this.#report(payload, null)
        return this.#conclude(payload, result, cargo)
      }
      const waitMs = this.#pauses.after(result, attempts)
      if (!isPatient(result, clock.now() + waitMs - startMs)) {
        this.#report(payload, null)
        return cargo.giveUp(rows, result.reason)
      }
      retried(result.cause)
      this.#report(payload, result.reason)
      await clock.sleep(waitMs, stopping)
    }
    // After a stop somebody may want to know why the rows are still here.
    if (!this.#isStopping) this.#failing.delete(payload)
  }

  async #attempt(payload: Payload): Promise<SendResult | null> {
    const { sender, clock, settings, givingUp } = this.#parts
    this.#inFlight++
    try {
      const { timeoutMs } = settings
      return await attempt((signal) => sender.send(payload, signal), { clock, timeoutMs, givingUp })
    } finally {
      this.#inFlight--
    }
  }

  async #conclude({ rows, body }: Payload, result: Verdict, cargo: Cargo): Promise<void> {
    switch (result.kind) {
      case 'accepted':
        return cargo.accept(rows, body.length)
      case 'partial':
        if (result.refusedRows >= rows.length) return cargo.refuse(rows, result.reason)
        return cargo.acceptMost(rows, body.length, result.refusedRows, result.reason)
      case 'stopped':
        // A position outside of the payload says nothing about any row.
        if (rows[result.at] === undefined) return cargo.refuse(rows, result.reason)
        cargo.refuse([rows[result.at]], result.reason)
        if (result.unconfirmed) await this.#resend(rows.slice(0, result.at), cargo)
        else cargo.accept(rows.slice(0, result.at), 0)
        return this.#resend(rows.slice(result.at + 1), cargo)
      case 'too_large': {
        if (rows.length === 1) return cargo.refuse(rows, result.reason)
        const half = Math.ceil(rows.length / 2)
        await this.#resend(rows.slice(0, half), cargo)
        return this.#resend(rows.slice(half), cargo)
      }
      case 'refused':
        return cargo.refuse(rows, result.reason)
    }
  }

  async #resend(rows: readonly Row[], cargo: Cargo): Promise<void> {
    for (const payload of this.#parts.sender.encode(rows)) await this.#carry(payload, cargo)
  }

  #report(payload: Payload, trouble: string | null): void {
    const { log } = this.#parts
    const before = this.trouble
    this.#failing.delete(payload)
    if (trouble !== null) this.#failing.set(payload, trouble)
    if (before === null && trouble !== null)
      log.warn('the backend takes no rows; they wait and are tried again', { reason: trouble })
    if (before !== null && this.trouble === null) log.info('the backend takes rows again')
  }
}
