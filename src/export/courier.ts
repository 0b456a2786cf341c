import type {
  Clock,
  DeliverySettings,
  Logger,
  Meter,
  Payload,
  Row,
  Sender,
  SendResult,
} from '../sdk/index.ts'
import type { OutboxHead } from '../state/entry.ts'
import type { Lane } from '../state/lane.ts'
import type { Outbox } from '../state/outbox.ts'
import { attempt } from './attempt.ts'
import { type CourierMetrics, courierMetrics } from './courier-metrics.ts'
import type { DeadLetter } from './dead-letter.ts'
import { Pauses } from './pauses.ts'
import { type Books, Shipment } from './shipment.ts'

export interface CourierParts {
  /** Id of the exporter. */
  readonly id: string
  readonly sender: Sender
  readonly settings: DeliverySettings
  readonly outbox: Outbox
  readonly deadLetter: DeadLetter
  readonly books: Books
  readonly clock: Clock
  readonly log: Logger
  readonly meter: Meter
  /** Between 0 and 1, for spreading retries. */
  readonly random: () => number
}

/** Anything that is the end of a payload. */
type Verdict = Exclude<SendResult, { kind: 'retry' }>

/** Enough for a few payloads of any backend, and few enough to hold in memory at once. */
const ROWS_AT_ONCE = 2000
const ROWS_PER_REQUEST = 500
/** As they are stored, which is a tenth of what they are in memory. */
const BYTES_AT_ONCE = 4 * 2 ** 20

/**
 * Carries rows from the outbox to one backend: takes what waits, lets the sender cut payloads, and tries each until it is
 * settled. A row is settled when the backend has it or refused it for good; with the next commit that is durable.
 */
export class Courier {
  readonly #parts: CourierParts
  readonly #lane: Lane
  readonly #pauses: Pauses
  readonly #metrics: CourierMetrics
  /** Nothing new is begun. */
  readonly #stopping = new AbortController()
  /** What is under way is given up. */
  readonly #givingUp = new AbortController()
  /** Payloads that came back and are tried again, and why they came back. */
  readonly #failing = new Map<Payload, string>()
  #run: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}
  #inFlight = 0

  constructor(parts: CourierParts) {
    const { id, outbox, settings, clock, random, meter, deadLetter } = parts
    this.#parts = parts
    this.#lane = outbox.lane(id)
    this.#pauses = new Pauses(settings.retry, clock, random)
    this.#metrics = courierMetrics(meter, this.#lane, deadLetter, clock, () => this.#inFlight)
  }

  get id(): string {
    return this.#parts.id
  }

  /** Why the backend does not take rows at the moment; null when it does. */
  get trouble(): string | null {
    return [...this.#failing.values()].at(-1) ?? null
  }

  get waitingRows(): number {
    return this.#lane.rows
  }

  /** Delivers until `stop`. Rejects for bugs only. */
  start(): Promise<void> {
    this.#run = this.#deliver()
    return this.#run
  }

  /** There may be new entries in the outbox. */
  wake(): void {
    this.#wake()
  }

  /** Begins nothing new, waits for answers until the deadline, and leaves the rest in the outbox. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock, sender } = this.#parts
    this.#stopping.abort()
    this.#wake()
    const cancel = clock.after(Math.max(0, deadlineMs - clock.now()), () => this.#givingUp.abort())
    await this.#run.finally(cancel)
    sender.close?.()
  }

  async #deliver(): Promise<void> {
    const rows = Math.max(ROWS_AT_ONCE, this.#parts.settings.concurrency * ROWS_PER_REQUEST)
    while (!this.#isStopping) {
      const heads = this.#lane.take(rows, BYTES_AT_ONCE)
      if (heads.length > 0) await this.#ship(heads)
      else await this.#woken()
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #ship(heads: readonly OutboxHead[]): Promise<void> {
    const { id, sender, settings } = this.#parts
    const shipment = this.#load(heads)
    const payloads = sender.encode(shipment.rows)[Symbol.iterator]()
    const carry = async () => {
      for (let next = payloads.next(); !next.done && !this.#isStopping; next = payloads.next())
        await this.#carry(next.value, shipment)
    }
    await Promise.all(Array.from({ length: settings.concurrency }, carry))
    if (!this.#isStopping && heads.some(({ seq }) => this.#lane.isWaiting(seq)))
      throw new Error(`${id} was given ${shipment.rows.length} rows, and put some of them into no payload`)
  }

  #load(heads: readonly OutboxHead[]): Shipment {
    const { outbox, log, books, deadLetter } = this.#parts
    const lane = this.#lane
    const shipment = new Shipment({ lane, books, deadLetter, metrics: this.#metrics, log })
    for (const head of heads) {
      const entry = outbox.read(head)
      if (entry.kind === 'rows') {
        shipment.add(head, entry.rows)
        continue
      }
      const { seq, pipeline, rows } = head
      log.error(
        'rows in the outbox cannot be read and count as lost; the state file keeps them in its table outbox_unreadable',
        { entry: seq, pipeline, rows, reason: entry.reason },
      )
      books.lost(pipeline, 'unreadable', lane.settleRest(head))
    }
    return shipment
  }

  /** Tries a payload until every row of it is settled, or nobody wants it any more. */
  async #carry(payload: Payload, shipment: Shipment): Promise<void> {
    const { rows, unfit } = payload
    if (unfit !== undefined) return shipment.refuse(rows, unfit)
    const { clock, settings } = this.#parts
    const { maxElapsedMs } = settings.retry
    let startMs: number | null = null
    for (let attempts = 1; ; attempts++) {
      await this.#pauses.end(this.#stopping.signal)
      if (this.#isStopping || !shipment.isWanted(rows)) break
      startMs ??= clock.now()
      const result = await this.#attempt(payload)
      if (result === null) break
      if (result.kind !== 'retry') {
        this.#report(payload, null)
        return this.#conclude(payload, result, shipment)
      }
      const waitMs = this.#pauses.after(result, attempts)
      if (maxElapsedMs !== null && clock.now() + waitMs - startMs > maxElapsedMs) {
        this.#report(payload, null)
        return shipment.refuse(rows, `given up after retry.max_elapsed: ${result.reason}`)
      }
      this.#metrics.retries[result.cause].add(1)
      this.#report(payload, result.reason)
      await clock.sleep(waitMs, this.#stopping.signal)
    }
    // After a stop somebody may want to know why the rows are still here.
    if (!this.#isStopping) this.#failing.delete(payload)
  }

  async #attempt(payload: Payload): Promise<SendResult | null> {
    const { sender, clock, settings } = this.#parts
    this.#inFlight++
    try {
      const { timeoutMs } = settings
      return await attempt(sender, payload, { clock, timeoutMs, givingUp: this.#givingUp.signal })
    } finally {
      this.#inFlight--
    }
  }

  async #conclude({ rows, body }: Payload, result: Verdict, shipment: Shipment): Promise<void> {
    switch (result.kind) {
      case 'accepted':
        return shipment.accept(rows, body.length)
      case 'partial':
        if (result.refusedRows >= rows.length) return shipment.refuse(rows, result.reason)
        return shipment.acceptMost(rows, body.length, result.refusedRows, result.reason)
      case 'stopped':
        // A position outside of the payload says nothing about any row.
        if (rows[result.at] === undefined) return shipment.refuse(rows, result.reason)
        shipment.accept(rows.slice(0, result.at), 0)
        shipment.refuse([rows[result.at]], result.reason)
        return this.#resend(rows.slice(result.at + 1), shipment)
      case 'too_large': {
        if (rows.length === 1) return shipment.refuse(rows, result.reason)
        const half = Math.ceil(rows.length / 2)
        await this.#resend(rows.slice(0, half), shipment)
        return this.#resend(rows.slice(half), shipment)
      }
      case 'refused':
        return shipment.refuse(rows, result.reason)
    }
  }

  async #resend(rows: readonly Row[], shipment: Shipment): Promise<void> {
    for (const payload of this.#parts.sender.encode(rows)) await this.#carry(payload, shipment)
  }

  #report(payload: Payload, trouble: string | null): void {
    const { log } = this.#parts
    const before = this.trouble
    this.#failing.delete(payload)
    if (trouble !== null) this.#failing.set(payload, trouble)
    if (before === null && trouble !== null)
      log.warn('the backend takes no rows; they wait in the outbox and are tried again', { reason: trouble })
    if (before !== null && this.trouble === null) log.info('the backend takes rows again')
  }
}
