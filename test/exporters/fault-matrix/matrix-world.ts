import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Courier } from '../../../src/export/courier.ts'
import { DeadLetter } from '../../../src/export/dead-letter.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { FLOWS_PER_ROW, laneOf, OutboxWorld } from '../../state/outbox-world.ts'
import { type Answer, type FaultyServer, faultyServer, type Seen } from '../../support/faulty-server.ts'
import { freePort } from '../../support/free-port.ts'
import { testHost } from '../../support/host.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { Opened, Peer } from './peers.ts'

/** A delivery of rows, as the backend sees it. */
export interface Delivery {
  readonly request: Seen
  readonly uuids: readonly string[]
  /** Counts deliveries, from 0. */
  readonly nth: number
  readonly atMs: number
}

/** What the backend does with a delivery: which rows it keeps, and what it says. */
export interface Reaction {
  readonly keeps: 'all' | 'none' | number
  readonly answer: Answer
}

const PATIENCE_MS = 15_000

/** An outbox, a courier and an exporter, all real, and a backend on a socket that a test makes fail. */
export class MatrixWorld {
  readonly peer: Peer
  readonly deliveries: Delivery[] = []
  /** Texts of each row that the backend has, as often as it got it. */
  readonly kept = new Map<string, string[]>()
  react: (delivery: Delivery) => Reaction
  /** Whether a delivery is indexed, by number of the delivery and of the question. */
  acks: (ackId: number, question: number) => boolean = () => true
  /** Numbers that nobody asked for, and that are said yes to. */
  acksBesides: readonly number[] = []
  made = 0
  readonly flows = { delivered: 0, lost: 0 }
  discarded = 0
  readonly #test: TestContext
  readonly #dir: string
  readonly #port: number
  readonly #host = { ...testHost({ id: 'exporter' }), clock: systemClock }
  readonly #outbox: OutboxWorld
  readonly #questions = new Map<number, number>()
  readonly opened: Opened
  readonly courier: Courier

  private constructor(test: TestContext, peer: Peer, dir: string, port: number, outbox: OutboxWorld) {
    this.peer = peer
    this.react = ({ nth }) => ({ keeps: 'all', answer: peer.takes(nth) })
    this.#test = test
    this.#dir = dir
    this.#port = port
    this.#outbox = outbox
    this.opened = peer.open(test, `${peer.tls ? 'https' : 'http'}://127.0.0.1:${port}`, this.#host)
    this.courier = this.#newCourier()
  }

  static async open(test: TestContext, peer: Peer): Promise<MatrixWorld> {
    const dir = tempDir(test)
    const outbox = await OutboxWorld.open(join(dir, 'state'), laneOf('exporter'))
    const world = new MatrixWorld(test, peer, dir, await freePort(), outbox)
    const running = world.courier.start()
    test.after(async () => {
      await world.courier.stop(systemClock.now())
      await running
      outbox.store.close()
    })
    return world
  }

  /** Until now, connections are refused. */
  listen(): Promise<FaultyServer> {
    return faultyServer(this.#test, [(request) => this.#answer(request)], this.peer.tls, this.#port)
  }

  /** Makes rows, stores them, and lets the courier go to work. */
  give(rows: number): void {
    this.#outbox.add(rows)
    this.#outbox.commit()
    this.made += rows
    this.courier.wake()
  }

  /** Waits until nothing waits, then checks that each row is in the backend or in the dead letter. */
  async settled(): Promise<void> {
    await this.until(() => this.courier.waitingRows === 0)
    this.#outbox.commit()
    assert.equal(this.#outbox.entries(), 0, 'the outbox is done with all rows')
    const refused = this.refused()
    for (let i = 0; i < this.made; i++) {
      const places = (this.kept.has(`${i}`) ? 1 : 0) + refused.filter((uuid) => uuid === `${i}`).length
      assert.equal(places, 1, `row ${i} is in ${places} places`)
    }
    for (const [uuid, texts] of this.kept)
      assert.equal(new Set(texts).size, 1, `row ${uuid} came again, and not as it was`)
    assert.equal(this.flows.delivered, this.kept.size * FLOWS_PER_ROW)
    assert.equal(this.flows.lost, refused.length * FLOWS_PER_ROW)
    assert.equal(this.courier.trouble, null)
  }

  async until(condition: () => boolean): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS
    while (!condition()) {
      assert.ok(performance.now() < endMs, `it never came to that; ${this.courier.trouble ?? 'no trouble'}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** UUIDs in the dead letter. */
  refused(): string[] {
    const path = this.#deadLetter
    if (!existsSync(path)) return []
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    return lines.map((line) => JSON.parse(line).row.UUID)
  }

  /** Rows that the backend got more than once. */
  repeated(): string[] {
    return [...this.kept].flatMap(([uuid, texts]) => (texts.length > 1 ? [uuid] : []))
  }

  metric(name: string): number {
    return this.#host.metric(name) ?? 0
  }

  get #deadLetter(): string {
    return join(this.#dir, 'refused.jsonl')
  }

  #answer(request: Seen): Answer {
    const { peer } = this
    const rows = peer.rowsIn(request)
    if (rows.length === 0) return peer.besides!(request, (asked) => this.#acksFor(asked))
    const delivery = {
      request,
      uuids: rows.map(({ uuid }) => uuid),
      nth: this.deliveries.length,
      atMs: Date.now(),
    }
    this.deliveries.push(delivery)
    const { keeps, answer } = this.react(delivery)
    const most = keeps === 'all' ? rows.length : keeps === 'none' ? 0 : keeps
    for (const { uuid, text } of rows.slice(0, most))
      this.kept.set(uuid, [...(this.kept.get(uuid) ?? []), text])
    return answer
  }

  #acksFor(asked: readonly number[]): { readonly [ackId: string]: boolean } {
    const besides = this.acksBesides.map((ackId) => [ackId, true] as const)
    return Object.fromEntries([...besides, ...asked.map((ackId) => [ackId, this.#isIndexed(ackId)] as const)])
  }

  #isIndexed(ackId: number): boolean {
    const question = this.#questions.get(ackId) ?? 0
    this.#questions.set(ackId, question + 1)
    return this.acks(ackId, question)
  }

  #newCourier(): Courier {
    const { clock, log, metrics } = this.#host
    return new Courier({
      id: 'exporter',
      sender: this.opened.sender,
      settings: this.opened.delivery,
      outbox: this.#outbox.outbox,
      deadLetter: new DeadLetter('exporter', this.#deadLetter, clock, log),
      books: {
        delivered: (_, flows) => {
          this.flows.delivered += flows
        },
        lost: (_, __, flows) => {
          this.flows.lost += flows
        },
        discarded: (_, rows) => {
          this.discarded += rows
        },
      },
      clock,
      log,
      meter: metrics,
      random: Math.random,
    })
  }
}
