import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Courier } from '../../src/export/courier.ts'
import { DeadLetter, type DeadLetterLine } from '../../src/export/dead-letter.ts'
import type { DeliverySettings, Payload, Row, Sender, SendResult } from '../../src/sdk/index.ts'
import { laneOf, OutboxWorld } from '../state/outbox-world.ts'
import { testHost } from '../support/host.ts'

/** What the backend makes of an attempt: a result, or no answer ever. */
export type Answer = SendResult | 'silence' | 'silence that ignores the abort' | 'acceptance after the abort'

export interface Attempt {
  readonly uuids: readonly string[]
  readonly atMs: number
}

/** A sender with a backend of a few lines behind it, that answers as the test says. */
export class ScriptedSender implements Sender {
  readonly attempts: Attempt[] = []
  /** Rows the backend has, in the order in which it took them. */
  readonly has: string[] = []
  inFlight = 0
  mostInFlight = 0
  rowsPerPayload = 2
  latencyMs = 0
  unfit = new Set<string>()
  leavesOut = new Set<string>()
  answer: (attempt: Attempt, number: number) => Answer = () => ({ kind: 'accepted' })
  isClosed = false
  /** Which process it is in: what a dead one sent never arrives. */
  life = 0
  readonly #world: CourierWorld

  constructor(world: CourierWorld) {
    this.#world = world
  }

  *encode(rows: readonly Row[]): Generator<Payload> {
    const kept = rows.filter(({ UUID }) => !this.leavesOut.has(UUID))
    for (let at = 0; at < kept.length; ) {
      const end = this.unfit.has(kept[at].UUID) ? at + 1 : this.#end(kept, at)
      const part = kept.slice(at, end)
      const unfit = this.unfit.has(part[0].UUID) ? { unfit: 'no payload can hold it' } : {}
      yield { rows: part, body: Buffer.from(JSON.stringify(part)), ...unfit }
      at = end
    }
  }

  #end(rows: readonly Row[], at: number): number {
    const unfit = rows.findIndex(({ UUID }, i) => i > at && this.unfit.has(UUID))
    return Math.min(rows.length, at + this.rowsPerPayload, unfit < 0 ? Number.POSITIVE_INFINITY : unfit)
  }

  async send({ rows }: Payload, signal: AbortSignal): Promise<SendResult> {
    const { clock } = this.#world
    const attempt = { uuids: rows.map(({ UUID }) => UUID), atMs: clock.now() }
    const { life } = this
    this.attempts.push(attempt)
    this.inFlight++
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    try {
      const answer = this.answer(attempt, this.attempts.length)
      if (answer === 'silence that ignores the abort') return await new Promise(() => {})
      await clock.sleep(typeof answer === 'string' ? 2 ** 40 : this.latencyMs, signal)
      if (life !== this.life) return await new Promise(() => {})
      if (answer === 'acceptance after the abort') return { kind: 'accepted' }
      signal.throwIfAborted()
      if (answer === 'silence') throw new Error('nobody waits that long')
      this.#take(attempt.uuids, answer)
      return answer
    } finally {
      this.inFlight--
    }
  }

  async probe(): Promise<SendResult> {
    return { kind: 'accepted' }
  }

  close(): void {
    this.isClosed = true
  }

  #take(uuids: readonly string[], answer: SendResult): void {
    if (answer.kind === 'accepted' || answer.kind === 'partial') this.has.push(...uuids)
    // What is not confirmed may not be there.
    if (answer.kind === 'stopped' && !answer.unconfirmed && answer.at < uuids.length)
      this.has.push(...uuids.slice(0, answer.at))
  }
}

type Differences = Partial<Omit<DeliverySettings, 'retry'>> & { retry?: Partial<DeliverySettings['retry']> }

/** A courier between an outbox on disk and a scripted sender, with a clock that the test moves. */
export class CourierWorld {
  readonly host = testHost({ id: 'splunk' })
  readonly clock = this.host.clock
  readonly sender = new ScriptedSender(this)
  delivered = { flows: 0, rows: 0, bytes: 0 }
  /** Flows by reason. */
  lost: Record<string, number> = {}
  /** What the last commit left of the two. */
  #stored = { delivered: this.delivered, lost: this.lost, settled: new Map<string, number>() }
  /** How often a row may reach the backend or the dead letter again, because a crash forgot that it did. */
  readonly mayRepeat = new Map<string, number>()
  discarded = 0
  random = 0
  readonly outboxWorld: OutboxWorld
  readonly #deadLetterPath: string
  readonly #settings: DeliverySettings
  courier: Courier
  running: Promise<void>

  private constructor(dir: string, outboxWorld: OutboxWorld, settings: DeliverySettings) {
    this.outboxWorld = outboxWorld
    this.#deadLetterPath = join(dir, 'refused.jsonl')
    this.#settings = settings
    this.courier = this.#newCourier()
    this.running = this.courier.start()
  }

  static async open(dir: string, { retry, ...differs }: Differences = {}): Promise<CourierWorld> {
    const settings = {
      concurrency: 1,
      timeoutMs: 30_000,
      retry: { initialMs: 1000, maxMs: 60_000, maxElapsedMs: null, ...retry },
      outbox: { maxBytes: 2 ** 40, maxAgeMs: null, onFull: 'block' as const },
      deadLetter: { path: join(dir, 'refused.jsonl') },
      ...differs,
    }
    const lane = laneOf('splunk', ['logs', 'drops'], settings.outbox)
    return new CourierWorld(dir, await OutboxWorld.open(dir, lane), settings)
  }

  /** Makes rows, stores them, and lets the courier go to work. */
  async give(rows: number, pipeline = 'logs'): Promise<void> {
    this.outboxWorld.add(rows, pipeline)
    this.commit()
    await this.settle()
  }

  commit(): void {
    this.outboxWorld.nowMs = this.clock.now()
    for (const { reason, flows } of this.outboxWorld.commit())
      this.lost[reason] = (this.lost[reason] ?? 0) + flows
    const { delivered, lost } = structuredClone({ delivered: this.delivered, lost: this.lost })
    this.#stored = { delivered, lost, settled: this.settledTimes() }
    this.courier.wake()
  }

  /** Lets promises have their turn; no time goes by. */
  async settle(): Promise<void> {
    await this.clock.advance(0)
    await this.clock.advance(0)
  }

  /** The process dies, and another one goes on from the last commit. */
  async crash(): Promise<void> {
    this.sender.life++
    this.courier.stop(this.clock.now()).catch(() => {})
    for (const [uuid, times] of this.settledTimes()) {
      const forgotten = times - (this.#stored.settled.get(uuid) ?? 0)
      if (forgotten > 0) this.mayRepeat.set(uuid, (this.mayRepeat.get(uuid) ?? 0) + forgotten)
    }
    await this.outboxWorld.restart(laneOf('splunk', ['logs', 'drops'], this.#settings.outbox))
    this.delivered = { ...this.#stored.delivered }
    this.lost = { ...this.#stored.lost }
    this.courier = this.#newCourier()
    this.running = this.courier.start()
  }

  /** How often each row reached the backend or the dead letter. */
  settledTimes(): Map<string, number> {
    const times = new Map<string, number>()
    for (const uuid of [...this.sender.has, ...this.refused()]) times.set(uuid, (times.get(uuid) ?? 0) + 1)
    return times
  }

  /** UUIDs in the dead letter. */
  refused(): string[] {
    return this.deadLetterLines().map(({ row }) => row.UUID)
  }

  deadLetterLines(): DeadLetterLine[] {
    try {
      const lines = readFileSync(this.#deadLetterPath, 'utf8').trimEnd().split('\n')
      return lines.map((line) => JSON.parse(line))
    } catch {
      return []
    }
  }

  waitingRows(): number {
    return this.courier.waitingRows
  }

  waitsBetween(): number[] {
    const { attempts } = this.sender
    return attempts.slice(1).map(({ atMs }, i) => atMs - attempts[i].atMs)
  }

  #newCourier(): Courier {
    const { host } = this
    return new Courier({
      id: 'splunk',
      sender: this.sender,
      settings: this.#settings,
      outbox: this.outboxWorld.outbox,
      deadLetter: new DeadLetter('splunk', this.#deadLetterPath, host.clock, host.log),
      books: {
        delivered: (_, flows, rows, bytes) => {
          this.delivered.flows += flows
          this.delivered.rows += rows
          this.delivered.bytes += bytes
        },
        lost: (_, reason, flows) => {
          this.lost[reason] = (this.lost[reason] ?? 0) + flows
        },
        discarded: (_, rows) => {
          this.discarded += rows
        },
      },
      clock: host.clock,
      log: host.log,
      meter: host.metrics,
      random: () => this.random,
    })
  }
}
