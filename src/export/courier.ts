import { decodeRows } from '../record/row-codec.ts'
import type {
  Clock,
  DeliverySettings,
  Logger,
  Meter,
  Payload,
  RetryCause,
  Row,
  Sender,
  SendResult,
} from '../sdk/index.ts'
import type { Outbox } from '../state/outbox.ts'
import type { OutboxHead } from '../state/store.ts'
import type { DeadLetter } from './dead-letter.ts'
import { Tally } from './tally.ts'

export interface CourierParts {
  /** Id of the exporter. */
  readonly id: string
  readonly sender: Sender
  readonly settings: DeliverySettings
  readonly outbox: Outbox
  readonly deadLetter: DeadLetter
  readonly clock: Clock
  readonly log: Logger
  readonly meter: Meter
  /** Between 0 and 1, for spreading retries. */
  readonly random: () => number
  /** Told what became of a shipment, by pipeline; from then on the outbox is done with it. */
  readonly settled: (pipeline: string, outcome: Outcome) => void
}

export interface Outcome {
  readonly flows: number
  readonly rows: number
  readonly bytes: number
  /** Flows the backend refused for good. */
  readonly refusedFlows: number
}

/** Enough rows for every backend's largest payload, and few enough to decode at once. */
const SHIPMENT_BYTES = 4 * 2 ** 20

/**
 * Carries rows from the outbox to one backend: reads from the exporter's cursor, lets the sender cut payloads, tries each
 * until it is settled, and moves the cursor. A row is settled when the backend has it, or has refused it for good.
 */
export class Courier {
  readonly #parts: CourierParts
  readonly #abort = new AbortController()
  readonly #run: Promise<void>
  #wake: () => void = () => {}
  #trouble: string | null = null
  #inFlight = 0
  #sent
  #refused
  readonly #retries: { readonly [cause in RetryCause]: { add(amount: number): void } }

  constructor(parts: CourierParts) {
    this.#parts = parts
    const { meter, outbox, id, clock } = parts
    this.#sent = meter.counter('exporter_sent_rows_total', 'Rows the backend took')
    this.#refused = meter.counter('exporter_refused_rows_total', 'Rows the backend refused for good')
    const retried = (cause: RetryCause) =>
      meter.counter('exporter_retries_total', 'Attempts that failed and come again', { cause })
    this.#retries = {
      network: retried('network'),
      timeout: retried('timeout'),
      throttled: retried('throttled'),
      unavailable: retried('unavailable'),
      rejected: retried('rejected'),
      unacknowledged: retried('unacknowledged'),
    }
    meter.gauge('exporter_in_flight_requests', 'Requests on their way', () => this.#inFlight)
    meter.gauge('exporter_outbox_bytes', 'Bytes of rows that wait', () => outbox.waiting(id).bytes)
    meter.gauge('exporter_outbox_rows', 'Rows that wait', () => outbox.waiting(id).rows)
    meter.gauge('exporter_outbox_oldest_seconds', 'Age of the oldest row that waits', () => {
      const { oldestMs } = outbox.waiting(id)
      return oldestMs === null ? 0 : (clock.now() - oldestMs) / 1000
    })
    this.#run = this.#deliver()
  }

  get id(): string {
    return this.#parts.id
  }

  /** Why the backend does not take rows at the moment; null when it does. */
  get trouble(): string | null {
    return this.#trouble
  }

  /** Rejects for bugs only. */
  get ended(): Promise<void> {
    return this.#run
  }

  get isIdle(): boolean {
    return this.#parts.outbox.waiting(this.#parts.id).rows === 0
  }

  /** There may be new entries in the outbox. */
  wake(): void {
    this.#wake()
  }

  /** Gives up what is under way; the rows stay in the outbox. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake()
    await this.#run
    this.#parts.sender.close?.()
  }

  async #deliver(): Promise<void> {
    const { outbox, id } = this.#parts
    while (!this.#abort.signal.aborted) {
      const heads = outbox.take(id, SHIPMENT_BYTES)
      if (heads.length > 0) await this.#ship(heads)
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
    outbox.giveBack(id)
  }

  /** Delivers some entries and settles them together: half a shipment would be counted twice after a crash. */
  async #ship(heads: readonly OutboxHead[]): Promise<void> {
    const { id, outbox, sender, settings, settled } = this.#parts
    const through = heads.at(-1)!.seq
    const tally = new Tally()
    const rows = heads.flatMap((head) => this.#rowsOf(head, tally))
    const payloads = sender.encode(rows)[Symbol.iterator]()
    const carry = async () => {
      for (let next = payloads.next(); !next.done; next = payloads.next())
        await this.#settle(next.value, tally, through)
    }
    await Promise.all(Array.from({ length: settings.concurrency }, carry))
    if (this.#abort.signal.aborted || outbox.isDropped(id, through)) return
    outbox.done(id, through)
    for (const [pipeline, outcome] of tally.outcomes()) settled(pipeline, outcome)
  }

  #rowsOf(head: OutboxHead, tally: Tally): Row[] {
    const { outbox, log } = this.#parts
    const body = outbox.read(head.seq)
    try {
      if (body === null) throw new Error('it is not there, or of another version')
      const rows = decodeRows(body)
      tally.own(rows, head.pipeline)
      return rows
    } catch (error) {
      log.error('rows in the outbox cannot be read; they are lost, and counted', {
        pipeline: head.pipeline,
        flows: head.flows,
        reason: (error as Error).message,
      })
      tally.unreadable(head)
      return []
    }
  }

  /** Tries a payload until every row of it is settled, or until somebody ends us. */
  async #settle(payload: Payload, tally: Tally, through: number): Promise<void> {
    if (payload.unfit !== undefined) return this.#refuse(payload.rows, payload.unfit, tally)
    const startMs = this.#parts.clock.now()
    for (let attempt = 1; this.#goesOn(through); attempt++) {
      const result = await this.#attempt(payload)
      if (this.#abort.signal.aborted) return
      if (result.kind !== 'retry') return this.#conclude(payload, result, tally, through)
      this.#retries[result.cause].add(1)
      this.#report(result.reason)
      const waitMs = result.afterMs ?? this.#backoffMs(attempt)
      const { maxElapsedMs } = this.#parts.settings.retry
      if (maxElapsedMs !== null && this.#parts.clock.now() + waitMs - startMs > maxElapsedMs)
        return this.#refuse(payload.rows, `given up after retry.max_elapsed: ${result.reason}`, tally)
      await this.#parts.clock.sleep(waitMs, this.#abort.signal)
    }
  }

  async #conclude(
    payload: Payload,
    result: Exclude<SendResult, { kind: 'retry' }>,
    tally: Tally,
    through: number,
  ): Promise<void> {
    const { rows, body } = payload
    switch (result.kind) {
      case 'accepted':
        return this.#accept(rows, body.length, tally)
      case 'partial':
        this.#parts.log.error('the backend took a payload and threw rows of it away', {
          rows: result.refusedRows,
          reason: result.reason,
        })
        this.#refused.add(result.refusedRows)
        // Nobody knows which rows: they count as delivered, the metric tells how many were not.
        return this.#accept(rows, body.length, tally)
      case 'stopped':
        this.#accept(rows.slice(0, result.at), 0, tally)
        this.#refuse(rows.slice(result.at, result.at + 1), result.reason, tally)
        return this.#resend(rows.slice(result.at + 1), tally, through)
      case 'too_large': {
        if (rows.length === 1) return this.#refuse(rows, result.reason, tally)
        const half = Math.ceil(rows.length / 2)
        await this.#resend(rows.slice(0, half), tally, through)
        return this.#resend(rows.slice(half), tally, through)
      }
      case 'refused':
        return this.#refuse(rows, result.reason, tally)
    }
  }

  async #resend(rows: readonly Row[], tally: Tally, through: number): Promise<void> {
    for (const payload of this.#parts.sender.encode(rows)) await this.#settle(payload, tally, through)
  }

  async #attempt(payload: Payload): Promise<SendResult> {
    const { sender, settings, clock } = this.#parts
    const timeout = new AbortController()
    const cancel = clock.after(settings.timeoutMs, () => timeout.abort())
    this.#inFlight++
    try {
      return await sender.send(payload, AbortSignal.any([this.#abort.signal, timeout.signal]))
    } catch (error) {
      if (timeout.signal.aborted)
        return { kind: 'retry', cause: 'timeout', reason: `no answer within ${settings.timeoutMs} ms` }
      if (this.#abort.signal.aborted) return { kind: 'retry', cause: 'network', reason: 'stopping' }
      throw error
    } finally {
      this.#inFlight--
      cancel()
    }
  }

  #accept(rows: readonly Row[], bytes: number, tally: Tally): void {
    this.#report(null)
    this.#sent.add(rows.length)
    tally.delivered(rows, bytes)
  }

  #refuse(rows: readonly Row[], reason: string, tally: Tally): void {
    const { deadLetter, log, settings } = this.#parts
    this.#refused.add(rows.length)
    tally.refused(rows)
    deadLetter.write(rows, reason)
    log.error('the backend refuses rows for good', {
      rows: rows.length,
      reason,
      dead_letter: settings.deadLetter ?? 'none',
    })
  }

  #goesOn(through: number): boolean {
    return !this.#abort.signal.aborted && !this.#parts.outbox.isDropped(this.#parts.id, through)
  }

  #report(trouble: string | null): void {
    const { log } = this.#parts
    if (trouble !== null && this.#trouble === null)
      log.warn('the backend takes no rows; they wait in the outbox and are tried again', { reason: trouble })
    if (trouble === null && this.#trouble !== null) log.info('the backend takes rows again')
    this.#trouble = trouble
  }

  /** Full jitter: anywhere between nothing and a bound that doubles, so that nodes do not come back all at once. */
  #backoffMs(attempt: number): number {
    const { initialMs, maxMs } = this.#parts.settings.retry
    return this.#parts.random() * Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 30))
  }
}
