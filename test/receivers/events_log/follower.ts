import { eventsLog } from '../../../receivers/events_log/index.ts'
import { Tail } from '../../../receivers/events_log/tail.ts'
import {
  FLOW_COLUMN_NAMES,
  type FlowBatch,
  type Intake,
  type Json,
  type Loss,
} from '../../../src/sdk/index.ts'
import { flow, line } from '../../support/flows.ts'
import { type TestHost, testHost } from '../../support/host.ts'

/** Line number `n`: the nanoseconds of its time tell which it is. */
export function numbered(n: number, { second = 0, padding = 0 } = {}): string {
  const time = `2026-01-01T00:${pad(Math.floor(second / 60), 2)}:${pad(second % 60, 2)}.${pad(n, 9)}Z`
  return line(flow({ time, ...(padding > 0 && { Summary: 'x'.repeat(padding) }) }))
}

export function lines(from: number, to: number): string {
  let text = ''
  for (let n = from; n <= to; n++) text += numbered(n)
  return text
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

/** What a commit stores: where to resume, and all that was handed over until then. */
export interface Commit {
  readonly position: Json
  readonly received: readonly number[]
  readonly losses: readonly Loss[]
}

export interface FollowerOptions {
  readonly settings: { readonly include: readonly string[]; readonly [name: string]: unknown }
  /** Goes on from here, as after a crash. */
  readonly from?: Commit
  readonly host?: TestHost
  /** Called with each batch, in place of an engine that always has time. */
  readonly next?: (batch: FlowBatch) => void | Promise<void>
}

/** The receiver under test, whose looks are called for one by one. */
export class Follower {
  readonly host: TestHost
  readonly tail: Tail
  readonly received: number[]
  readonly losses: Loss[]
  /** One for each batch, taken inside `next`, as the engine may. */
  readonly commits: Commit[] = []
  readonly ended: Promise<void>
  onBatch: (batch: FlowBatch) => void = () => {}
  readonly #abort = new AbortController()
  readonly #next: FollowerOptions['next']
  readonly #hasStarted = Promise.withResolvers<void>()
  #go: () => void = () => {}
  #idle: () => void = () => {}
  #isIdle: Promise<void>

  constructor({ settings, from, host = testHost({ id: 'events_log' }), next }: FollowerOptions) {
    this.host = host
    this.received = [...(from?.received ?? [])]
    this.losses = [...(from?.losses ?? [])]
    this.#next = next
    this.#isIdle = new Promise((resolve) => {
      this.#idle = resolve
    })
    this.tail = new Tail({
      settings: eventsLog.settings.parse(settings) as ConstructorParameters<typeof Tail>[0]['settings'],
      host,
      position: from === undefined ? null : (JSON.parse(JSON.stringify(from.position)) as Json),
      reads: new Set(FLOW_COLUMN_NAMES),
      pause: (_delayMs, _folders, signal) => this.#rest(signal),
    })
    this.ended = this.tail.run(this.#intake(), this.#abort.signal)
  }

  /** Until it has handed over its first batch. */
  async started(): Promise<void> {
    await Promise.race([this.#hasStarted.promise, this.ended])
  }

  /** Until it has read all there is, for now. */
  async idle(): Promise<void> {
    await Promise.race([this.#isIdle, this.ended])
  }

  /** One more look, `afterMs` later. */
  async look(afterMs = 1000): Promise<void> {
    await this.idle()
    await this.host.clock.advance(afterMs)
    this.#isIdle = new Promise((resolve) => {
      this.#idle = resolve
    })
    this.#go()
    await this.idle()
  }

  /** As long as rotated files are waited for. */
  async settle(): Promise<void> {
    await this.look(6000)
    await this.look(6000)
  }

  commit(): Commit {
    return { position: this.tail.position(), received: [...this.received], losses: [...this.losses] }
  }

  async stop(): Promise<Commit> {
    await this.idle()
    this.#abort.abort()
    this.#go()
    await this.ended
    return this.commit()
  }

  count(kind: Loss['kind'], reason?: string): number {
    return this.losses.reduce((sum, loss) => {
      if (loss.kind !== kind) return sum
      if (loss.kind === 'gap') return sum + loss.bytes
      if (loss.kind === 'lost_upstream') return sum + loss.events
      if (reason !== undefined && loss.reason !== reason) return sum
      return sum + (loss.kind === 'dropped' ? loss.flows : loss.count)
    }, 0)
  }

  #rest(signal: AbortSignal): Promise<void> {
    this.#idle()
    return new Promise((resolve) => {
      this.#go = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  #intake(): Intake {
    return {
      next: (batch) => {
        for (const row of batch.rows) this.received.push(batch.columns.time_ns[row])
        this.#hasStarted.resolve()
        this.onBatch(batch)
        this.commits.push(this.commit())
        return this.#next?.(batch)
      },
      lost: (loss) => void this.losses.push(loss),
    }
  }
}
