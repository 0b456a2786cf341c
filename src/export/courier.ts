import type { Clock, DeliverySettings, Logger, Meter, Sender } from '../sdk/index.ts'
import type { OutboxHead } from '../state/entry.ts'
import type { Lane } from '../state/lane.ts'
import type { Outbox } from '../state/outbox.ts'
import { Carrier } from './carrier.ts'
import { type CourierMetrics, courierMetrics } from './courier-metrics.ts'
import type { DeadLetter } from './dead-letter.ts'
import { Greeting } from './greeting.ts'
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

/** Enough for a few payloads of any backend, and few enough to hold in memory at once. */
const ROWS_AT_ONCE = 2000
const ROWS_PER_REQUEST = 500
/** As they are stored, which is a tenth of what they are in memory. */
const BYTES_AT_ONCE = 4 * 2 ** 20

/**
 * Carries rows from the outbox to one backend: takes what waits, and lets it be carried until it is settled. A row is
 * settled when the backend has it or refused it for good; with the next commit that is durable.
 */
export class Courier {
  readonly #parts: CourierParts
  readonly #lane: Lane
  readonly #carrier: Carrier
  readonly #greeting: Greeting
  /** Rows are on their way. */
  readonly #shipping = new AbortController()
  readonly #metrics: CourierMetrics
  /** Nothing new is begun. */
  readonly #stopping = new AbortController()
  /** What is under way is given up. */
  readonly #givingUp = new AbortController()
  #run: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}

  constructor(parts: CourierParts) {
    const { id, sender, outbox, settings, clock, log, random, meter, deadLetter } = parts
    const { maxElapsedMs } = settings.retry
    this.#parts = parts
    this.#lane = outbox.lane(id)
    this.#metrics = courierMetrics(meter, this.#lane, deadLetter, clock, () => this.#carrier.inFlight)
    this.#greeting = new Greeting(sender, settings, clock)
    this.#carrier = new Carrier({
      sender,
      settings,
      clock,
      log,
      random,
      retried: (cause) => this.#metrics.retries[cause].add(1),
      isPatient: (_, elapsedMs) => maxElapsedMs === null || elapsedMs <= maxElapsedMs,
      stopping: this.#stopping.signal,
      givingUp: this.#givingUp.signal,
    })
  }

  get id(): string {
    return this.#parts.id
  }

  /** Why the backend does not take rows at the moment; null when it does. */
  get trouble(): string | null {
    return this.#carrier.trouble ?? this.#greeting.trouble
  }

  get waitingRows(): number {
    return this.#lane.rows
  }

  /** Delivers until `stop`. Rejects for bugs only. */
  start(): Promise<void> {
    const greeted = this.#greeting.run(AbortSignal.any([this.#stopping.signal, this.#shipping.signal]))
    this.#run = Promise.all([this.#deliver(), greeted]).then(() => {})
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
    this.#shipping.abort()
    const shipment = this.#load(heads)
    await this.#carrier.carry(shipment)
    if (!this.#isStopping && heads.some(({ seq }) => this.#lane.isWaiting(seq)))
      throw new Error(
        `${this.id} was given ${shipment.rows.length} rows, and put some of them into no payload`,
      )
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
}
