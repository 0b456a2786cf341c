import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LaneSettings } from '../../src/state/lane.ts'
import { tempDir } from '../support/temp-dir.ts'
import { FLOWS_PER_ROW, laneOf, OutboxWorld, type Taken } from './outbox-world.ts'

const EXPORTERS = ['a', 'b', 'c'] as const
const PIPELINES = ['p', 'q'] as const

const exporter = fc.constantFrom(...EXPORTERS)
const lanes = fc.uniqueArray(
  fc.record({
    exporter,
    pipelines: fc.uniqueArray(fc.constantFrom(...PIPELINES), { minLength: 1 }),
    limit: fc.constantFrom('none', 'none', 'small', 'young'),
  }),
  { selector: (lane) => lane.exporter, minLength: 1 },
)
const action = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    pipeline: fc.constantFrom(...PIPELINES),
    rows: fc.integer({ min: 1, max: 700 }),
  }),
  fc.record({ kind: fc.constant('commit' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  fc.record({ kind: fc.constant('take' as const), exporter, rows: fc.integer({ min: 1, max: 900 }) }),
  fc.record({
    kind: fc.constant('settle' as const),
    exporter,
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('crash' as const) }),
  fc.record({ kind: fc.constant('reload' as const), lanes }),
)
type Lanes = typeof lanes extends fc.Arbitrary<infer L> ? L : never
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

/** What became of one row for one exporter it was made for. */
type Fate = 'waiting' | 'done' | 'dropped' | 'abandoned'

interface ModelRow {
  readonly uuid: string
  readonly pipeline: string
  readonly madeAtMs: number
  storedAtMs: number | null
  readonly fates: Map<string, Fate>
}

test('a list of rows and their fates says the same, whatever happens', async (t) => {
  const check = async (first: Lanes, actions: readonly Action[]) => {
    const model = await Model.open(tempDir(t), first)
    for (const one of actions) {
      await model.act(one)
      model.compare()
    }
    await model.finish()
  }
  await fc.assert(fc.asyncProperty(lanes, fc.array(action, { maxLength: 50 }), check), {
    numRuns: 40,
    verbose: 1,
  })
})

class Model {
  readonly #world: OutboxWorld
  #lanes: readonly LaneSettings[]
  /** As the last commit left them. */
  #stored: readonly ModelRow[] = []
  /** As they are now, those included that the next commit stores. */
  #rows: ModelRow[] = []
  readonly #onTheWay = new Map<string, Taken[]>()

  private constructor(world: OutboxWorld, settings: readonly LaneSettings[]) {
    this.#world = world
    this.#lanes = settings
  }

  static async open(dir: string, first: Lanes): Promise<Model> {
    const settings = settingsOf(first)
    return new Model(await OutboxWorld.open(dir, ...settings), settings)
  }

  async act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'add':
        return this.#add(action.pipeline, action.rows)
      case 'commit':
        return this.#commit()
      case 'wait':
        this.#world.nowMs += action.ms
        return
      case 'take':
        return this.#take(action.exporter, action.rows)
      case 'settle':
        return this.#settle(action)
      case 'crash':
        return this.#restart(this.#lanes)
      case 'reload':
        this.#commit()
        return this.#restart(settingsOf(action.lanes))
    }
  }

  /** Each exporter waits for the very flows that the list says, pipeline by pipeline. */
  compare(): void {
    for (const { exporter } of this.#lanes) {
      const lane = this.#world.lane(exporter)
      for (const pipeline of PIPELINES)
        assert.equal(
          lane.flowsOf(pipeline),
          this.#waiting(exporter, this.#rows).filter((row) => row.pipeline === pipeline).length *
            FLOWS_PER_ROW,
          `${exporter} waits for flows of ${pipeline}`,
        )
      const stored = new Set(this.#stored.map(({ uuid }) => uuid))
      const waiting = this.#waiting(exporter, this.#rows).filter(({ uuid }) => stored.has(uuid))
      assert.equal(lane.rows, waiting.length, `rows that wait for ${exporter}`)
      assert.equal(lane.bytes === 0, waiting.length === 0)
    }
  }

  /** All that still waits arrives, in order, and nothing is left on the disk. */
  async finish(): Promise<void> {
    this.#commit()
    await this.#restart(this.#lanes)
    for (const { exporter } of this.#lanes) {
      const delivered = this.#world.takeRanges(exporter)
      for (const one of delivered) this.#world.settle(exporter, one)
      for (const pipeline of PIPELINES)
        assert.deepEqual(
          delivered.filter((one) => one.pipeline === pipeline).map(({ uuid }) => uuid),
          this.#waiting(exporter, this.#rows)
            .filter((row) => row.pipeline === pipeline)
            .map(({ uuid }) => uuid),
        )
      for (const { fates } of this.#rows) if (fates.get(exporter) === 'waiting') fates.set(exporter, 'done')
    }
    this.#commit()
    assert.equal(this.#world.entries(), 0)
    this.#world.store.close()
  }

  #add(pipeline: string, count: number): void {
    const made = this.#world.made
    this.#world.add(count, pipeline)
    const owed = this.#lanes.filter(({ pipelines }) => pipelines.has(pipeline))
    for (let i = 0; i < count; i++)
      this.#rows.push({
        uuid: `${made + i}`,
        pipeline,
        madeAtMs: this.#world.nowMs,
        storedAtMs: null,
        fates: new Map(owed.map(({ exporter }) => [exporter, 'waiting'])),
      })
  }

  #commit(): void {
    const drops = this.#world.commit()
    for (const { exporter, pipeline, flows, reason } of drops) {
      const { maxAgeMs, maxBytes } = this.#lanes.find((lane) => lane.exporter === exporter)!
      const waiting = this.#waiting(exporter, this.#rows).filter((row) => row.pipeline === pipeline)
      for (const row of waiting.slice(0, flows / FLOWS_PER_ROW)) {
        if (reason === 'outbox_too_old') assert.ok(this.#world.nowMs - row.madeAtMs > maxAgeMs!)
        else assert.notEqual(maxBytes, UNLIMITED)
        row.fates.set(exporter, 'dropped')
      }
    }
    for (const row of this.#rows) row.storedAtMs ??= this.#world.nowMs
    this.#stored = this.#rows.map((row) => ({ ...row, fates: new Map(row.fates) }))
    for (const { exporter, maxAgeMs } of this.#lanes)
      if (maxAgeMs !== null)
        for (const { storedAtMs } of this.#waiting(exporter, this.#rows))
          assert.ok(this.#world.nowMs - storedAtMs! <= maxAgeMs, 'too old, and still there')
  }

  #take(exporter: string, rows: number): void {
    if (!this.#has(exporter)) return
    const taken = this.#world.takeRanges(exporter, rows)
    const before = this.#onTheWay.get(exporter) ?? []
    const stored = new Set(this.#waiting(exporter, this.#stored).map(({ uuid }) => uuid))
    for (const { uuid } of taken) assert.ok(stored.has(uuid), `${uuid} is taken before it is stored`)
    const all = [...before, ...taken]
    for (const pipeline of PIPELINES) {
      const numbers = all.filter((one) => one.pipeline === pipeline).map(({ uuid }) => Number(uuid))
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        'in order',
      )
    }
    this.#onTheWay.set(exporter, all)
  }

  #settle({ exporter, from, share }: Extract<Action, { kind: 'settle' }>): void {
    const taken = this.#onTheWay.get(exporter) ?? []
    if (!this.#has(exporter) || taken.length === 0) return
    const first = Math.floor(from * taken.length)
    const some = taken.splice(first, Math.ceil(share * (taken.length - first)))
    for (const one of some) {
      const row = this.#rows.find(({ uuid }) => uuid === one.uuid)!
      const isDropped = row.fates.get(exporter) === 'dropped'
      assert.equal(this.#world.lane(exporter).isWaiting(one.seq), !isDropped)
      if (isDropped) continue
      this.#world.settle(exporter, one)
      row.fates.set(exporter, 'done')
    }
  }

  async #restart(settings: readonly LaneSettings[]): Promise<void> {
    await this.#world.restart(...settings)
    this.#lanes = settings
    this.#onTheWay.clear()
    this.#rows = this.#stored.map((row) => ({ ...row, fates: new Map(row.fates) }))
    const left = new Map<string, number>()
    for (const { fates } of this.#rows)
      for (const [exporter, fate] of fates) {
        if (fate !== 'waiting' || this.#has(exporter)) continue
        left.set(exporter, (left.get(exporter) ?? 0) + 1)
        fates.set(exporter, 'abandoned')
      }
    assert.deepEqual(
      new Map(this.#world.outbox.abandoned.map(({ exporter, rows }) => [exporter, rows])),
      left,
    )
  }

  #has(exporter: string): boolean {
    return this.#lanes.some((lane) => lane.exporter === exporter)
  }

  #waiting(exporter: string, rows: readonly ModelRow[]): ModelRow[] {
    return rows.filter(({ fates }) => fates.get(exporter) === 'waiting')
  }
}

const UNLIMITED = laneOf('').maxBytes

function settingsOf(chosen: Lanes): LaneSettings[] {
  const limits = {
    none: {},
    small: { onFull: 'drop_oldest', maxBytes: 4000 },
    young: { maxAgeMs: 30_000 },
  } as const
  return chosen.map(({ exporter, pipelines, limit }) => laneOf(exporter, pipelines, limits[limit as 'none']))
}
