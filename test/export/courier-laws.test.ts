import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SendResult } from '../../src/sdk/index.ts'
import { FLOWS_PER_ROW } from '../state/outbox-world.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type Answer, CourierWorld } from './courier-world.ts'

const retry = fc.record({
  kind: fc.constant('retry' as const),
  cause: fc.constantFrom('network', 'throttled', 'unavailable', 'rejected', 'unacknowledged'),
  reason: fc.constant('later'),
  afterMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
}) as fc.Arbitrary<SendResult>
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.constant({ kind: 'accepted' } as const),
  retry,
  fc.record({ kind: fc.constant('stopped' as const), at: fc.nat({ max: 6 }), reason: fc.constant('bad') }),
  fc.record({
    kind: fc.constant('stopped' as const),
    at: fc.nat({ max: 6 }),
    reason: fc.constant('bad'),
    unconfirmed: fc.constant(true as const),
  }),
  fc.record({
    kind: fc.constantFrom('refused', 'too_large'),
    reason: fc.constant('no'),
  }) as fc.Arbitrary<SendResult>,
  fc.constantFrom('silence' as const, 'acceptance after the abort' as const),
)
const action = fc.oneof(
  fc.record({ kind: fc.constant('give' as const), rows: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ kind: fc.constantFrom('commit', 'crash', 'restart') }),
)
const setting = fc.record({
  concurrency: fc.integer({ min: 1, max: 5 }),
  rowsPerPayload: fc.integer({ min: 1, max: 6 }),
  latencyMs: fc.constantFrom(0, 3, 900),
  maxElapsedMs: fc.constantFrom(null, 15_000),
  answers: fc.array(answer, { minLength: 1, maxLength: 12 }),
})
type Setting = typeof setting extends fc.Arbitrary<infer S> ? S : never
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

test('delivered + lost + waiting = made; only a crash repeats, and only what was not committed', async (t) => {
  const check = async (chosen: Setting, actions: readonly Action[]) => {
    const world = await worldOf(tempDir(t), chosen)
    for (const one of actions) {
      await act(world, one)
      assertBalanced(world)
    }
    world.sender.answer = () => ({ kind: 'accepted' })
    await world.clock.advance(3_600_000)
    assertBalanced(world)
    assert.equal(world.waitingRows(), 0)
    assertArrived(world)
    await world.courier.stop(world.clock.now())
    world.outboxWorld.store.close()
  }
  await fc.assert(fc.asyncProperty(setting, fc.array(action, { maxLength: 25 }), check), {
    numRuns: 60,
    verbose: 1,
  })
})

async function worldOf(dir: string, chosen: Setting): Promise<CourierWorld> {
  const { concurrency, maxElapsedMs, rowsPerPayload, latencyMs, answers } = chosen
  const world = await CourierWorld.open(dir, { concurrency, timeoutMs: 5000, retry: { maxElapsedMs } })
  Object.assign(world.sender, { rowsPerPayload, latencyMs })
  world.sender.answer = (_, number) => answers[number % answers.length]
  world.random = 0.5
  return world
}

async function act(world: CourierWorld, action: Action): Promise<void> {
  switch (action.kind) {
    case 'give':
      return world.give(action.rows)
    case 'wait':
      return world.clock.advance(action.ms)
    case 'commit':
      return world.commit()
    case 'crash':
      return world.crash()
    case 'restart': {
      // As the service does it: what is under way is answered or given up, and then comes the last commit.
      const stopped = world.courier.stop(world.clock.now() + 2000)
      await world.clock.advance(2000)
      await stopped
      world.commit()
      return world.crash()
    }
  }
}

function assertBalanced(world: CourierWorld): void {
  const lost = Object.values(world.lost).reduce((sum, flows) => sum + flows, 0)
  const waiting = world.outboxWorld.lane('splunk').flowsOf('logs')
  assert.equal(world.delivered.flows + lost + waiting, world.outboxWorld.made * FLOWS_PER_ROW)
  assert.equal(waiting, world.waitingRows() * FLOWS_PER_ROW)
}

/** Each row once, and again only where a crash made us forget. */
function assertArrived(world: CourierWorld): void {
  const times = world.settledTimes()
  for (let row = 0; row < world.outboxWorld.made; row++) {
    const seen = times.get(`${row}`) ?? 0
    assert.ok(seen >= 1, `row ${row} arrived nowhere`)
    assert.ok(seen <= 1 + (world.mayRepeat.get(`${row}`) ?? 0), `row ${row} arrived ${seen} times`)
  }
}
