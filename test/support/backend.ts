import { z } from 'zod'
import {
  type DeliverySettings,
  defineSender,
  deliveryOf,
  deliveryShape,
  type Payload,
  type Row,
  type SenderDefinition,
  type SendResult,
} from '../../src/sdk/index.ts'

type Differences = Partial<Pick<DeliverySettings, 'concurrency' | 'timeoutMs' | 'deadLetter'>> & {
  readonly retry?: Partial<DeliverySettings['retry']>
  readonly outbox?: Partial<DeliverySettings['outbox']>
}

const SETTINGS = z.strictObject({ ...deliveryShape() })

/** An exporter with its backend in memory: it has the rows it took, and answers as the test says. */
export class TestBackend {
  /** Every row it took, as often as it took it. */
  readonly rows: Row[] = []
  /** What it says to a payload; null says nothing, ever. */
  answer: (rows: readonly Row[]) => SendResult | null = () => ({ kind: 'accepted' })
  /** What it says to a question without rows. */
  greeting: SendResult = { kind: 'accepted' }
  latencyMs = 0
  rowsPerPayload = 100
  attempts = 0
  readonly definition: SenderDefinition

  constructor({ retry, outbox, ...differs }: Differences = {}) {
    this.definition = defineSender({
      kind: 'sender',
      type: 'backend',
      summary: 'Keeps rows for a test',
      settings: SETTINGS,
      metrics: [],
      delivery: (settings) => {
        const defaults = deliveryOf(settings)
        return {
          ...defaults,
          ...differs,
          retry: { ...defaults.retry, ...retry },
          outbox: { ...defaults.outbox, ...outbox },
        }
      },
      create: ({ host: { clock } }) => ({
        encode: (rows) => this.#encode(rows),
        send: async ({ rows }, signal) => {
          this.attempts++
          const answer = this.answer(rows)
          await clock.sleep(answer === null ? 2 ** 40 : this.latencyMs, signal)
          signal.throwIfAborted()
          if (answer?.kind === 'accepted') this.rows.push(...rows)
          return answer!
        },
        probe: async () => this.greeting,
      }),
    })
  }

  uuids(): Set<string> {
    return new Set(this.rows.map(({ UUID }) => UUID))
  }

  *#encode(rows: readonly Row[]): Generator<Payload> {
    for (let at = 0; at < rows.length; at += this.rowsPerPayload) {
      const part = rows.slice(at, at + this.rowsPerPayload)
      yield { rows: part, body: Buffer.from(JSON.stringify(part)) }
    }
  }
}

/** A backend that is down. */
export const DOWN: SendResult = { kind: 'retry', cause: 'unavailable', reason: 'HTTP 503' }
