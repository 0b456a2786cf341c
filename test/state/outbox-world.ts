import assert from 'node:assert/strict'
import type { Row } from '../../src/record/row.ts'
import { rowBatch } from '../../src/record/row-batch.ts'
import type { Lane, LaneSettings } from '../../src/state/lane.ts'
import { Outbox, type OutboxDrop } from '../../src/state/outbox.ts'
import { type StateChange, Store } from '../../src/state/store.ts'
import { row } from '../support/rows.ts'

export const NOTHING: Omit<StateChange, 'outbox'> = {
  positions: new Map(),
  folds: new Map(),
  sinks: new Map(),
  ledgers: new Map(),
}

/** A lane with as much room as it wants; name what differs. */
export function laneOf(
  exporter: string,
  pipelines: readonly string[] = ['logs'],
  differs: Partial<LaneSettings> = {},
): LaneSettings {
  return {
    exporter,
    pipelines: new Set(pipelines),
    maxBytes: 2 ** 40,
    maxAgeMs: null,
    onFull: 'block',
    ...differs,
  }
}

/** Rows that can be told apart, each of two flows. */
export function rowsFrom(first: number, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => row({ UUID: `${first + i}`, IngressFlowCount: 2 }))
}

export const FLOWS_PER_ROW = 2

/** An outbox on a state file, as the engine uses it. */
export class OutboxWorld {
  readonly #dir: string
  store: Store
  outbox: Outbox
  made = 0
  nowMs = 0

  private constructor(dir: string, store: Store, outbox: Outbox) {
    this.#dir = dir
    this.store = store
    this.outbox = outbox
  }

  static async open(dir: string, ...lanes: readonly LaneSettings[]): Promise<OutboxWorld> {
    const store = openStore(dir)
    return new OutboxWorld(dir, store, await Outbox.open(store, lanes))
  }

  /** The process dies; another one opens what it left. */
  async restart(...lanes: readonly LaneSettings[]): Promise<void> {
    this.store.close()
    this.store = openStore(this.#dir)
    this.outbox = await Outbox.open(this.store, lanes)
  }

  add(rows: number, pipeline = 'logs'): void {
    this.outbox.add(pipeline, rowBatch(rowsFrom(this.made, rows)), this.nowMs)
    this.made += rows
  }

  /** Stores what there is, unless an exporter has no room; tells what was dropped for it. */
  commit(): OutboxDrop[] {
    this.outbox.seal(this.nowMs)
    const drops = this.outbox.trim(this.nowMs)
    assert.equal(this.outbox.blockedBy(), null)
    assert.equal(this.store.commit({ ...NOTHING, outbox: this.outbox.change() }).kind, 'stored')
    this.outbox.stored()
    return drops
  }

  lane(exporter: string): Lane {
    return this.outbox.lane(exporter)
  }

  /** Takes what waits for an exporter; the UUIDs of rows that are not done. */
  take(exporter: string, rows = Number.POSITIVE_INFINITY): string[] {
    return this.takeRanges(exporter, rows).map(({ uuid }) => uuid)
  }

  takeRanges(exporter: string, rows = Number.POSITIVE_INFINITY): Taken[] {
    const lane = this.lane(exporter)
    return lane.take(rows, Number.POSITIVE_INFINITY).flatMap((head) => {
      const entry = this.outbox.read(head)
      assert.ok(entry.kind === 'rows')
      return entry.rows.flatMap(({ UUID }, at) =>
        lane.isDone(head.seq, at) ? [] : [{ uuid: UUID, pipeline: head.pipeline, seq: head.seq, at }],
      )
    })
  }

  /** The exporter is done with a row. */
  settle(exporter: string, { pipeline, seq, at }: Taken): void {
    this.lane(exporter).settle({ seq, pipeline, from: at, to: at + 1, flows: FLOWS_PER_ROW })
  }

  /** Takes all that waits and is done with it. */
  deliver(exporter: string): string[] {
    const taken = this.takeRanges(exporter)
    for (const one of taken) this.settle(exporter, one)
    return taken.map(({ uuid }) => uuid)
  }

  entries(): number {
    return this.store.load().outbox.length
  }
}

/** A row on its way. */
export interface Taken {
  readonly uuid: string
  readonly pipeline: string
  readonly seq: number
  readonly at: number
}

function openStore(dir: string): Store {
  return Store.open({ dir, durability: 'process', nowMs: 0, warn: () => assert.fail('nothing is damaged') })
}
