import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Revisions } from '../../../processors/aggregate/revisions.ts'
import { at, folding, START_S, summary, totalFlows } from './support.ts'

/** Each line: what is folded in one batch, in seconds after the start; and what leaves with it, as [window, revision, flows]. */
const ORDERS: readonly [
  what: string,
  steps: readonly (readonly [readonly number[], readonly (readonly [number, number, number])[]])[],
][] = [
  [
    'a window stays open until the watermark passes its end',
    [
      [[0, 29, 34.9], []],
      [[35], [[0, 0, 2]]],
    ],
  ],
  [
    'windows are aligned to the epoch',
    [
      [[25, 31], []],
      [
        [65],
        [
          [0, 0, 1],
          [30, 0, 1],
        ],
      ],
    ],
  ],
  [
    'a flow up to the lateness late is in its window',
    [
      [[0, 34], []],
      [[29], []],
      [[35], [[0, 0, 2]]],
    ],
  ],
  [
    'a flow for a closed window opens a supplement, which waits until the watermark is a window further',
    [
      [[0, 40], [[0, 0, 1]]],
      [[10], []],
      [[12, 65], [[30, 0, 1]]],
      [[70], [[0, 1, 2]]],
    ],
  ],
  [
    'stragglers of one window share a supplement, later ones the next',
    [
      [[0, 100], [[0, 0, 1]]],
      [[1], []],
      [[2], []],
      [[3], []],
      [
        [130],
        [
          [90, 0, 1],
          [0, 1, 3],
        ],
      ],
      [[4], []],
      [
        [170],
        [
          [120, 0, 1],
          [0, 2, 1],
        ],
      ],
    ],
  ],
  [
    'a flow for a window that was over before it had any is late',
    [
      [[100], []],
      [[0], []],
      [
        [130],
        [
          [90, 0, 1],
          [0, 1, 1],
        ],
      ],
    ],
  ],
]

for (const [what, steps] of ORDERS)
  test(what, () => {
    const { give } = folding()
    for (const [seconds, rows] of steps)
      assert.deepEqual(summary(give(...seconds.map((second) => at(second)))), rows, `after ${seconds}`)
  })

test('late flows, supplements and open windows are counted', () => {
  const { give, host } = folding()
  give(at(0), at(100))
  give(at(1), at(2, { aggregate: { ingress_flow_count: 7 } }), at(31))
  assert.equal(host.metric('aggregate_late_flows_total'), 9)
  assert.equal(host.metric('aggregate_supplements_total'), 2)
  assert.equal(host.metric('aggregate_windows_open'), 3)
  assert.equal(host.metric('aggregate_groups'), 3)
})

test('silence closes windows by the wall clock', async () => {
  const { give, wait } = folding({}, { nowS: 10 })
  assert.deepEqual(give(at(9)), [])
  assert.deepEqual(await wait(25), [])
  assert.deepEqual(summary(await wait(1)), [[0, 0, 1]])
})

test('silence counts from the last input, also in a recording of last year', async () => {
  const { give, wait } = folding({}, { nowS: 365 * 86_400 })
  give(at(9))
  assert.deepEqual(await wait(25), [])
  assert.deepEqual(summary(await wait(1)), [[0, 0, 1]])
})

test('input that was only held up is not late when it goes on', async () => {
  const { give, wait } = folding()
  give(at(9))
  assert.deepEqual(summary(await wait(600)), [[0, 0, 1]])
  give(at(31))
  give(at(61))
  assert.deepEqual(summary(give(at(100))), [
    [30, 0, 1],
    [60, 0, 1],
  ])
})

test('a flow from the future does not close what is running, neither now nor later', async () => {
  const { give, host } = folding({}, { nowS: 20 })
  assert.deepEqual(give(at(15), at(86_400)), [])
  assert.deepEqual(give(at(16)), [])
  await host.clock.advance(100_000)
  // Input is 40 s behind the clock by now; that alone makes nothing late.
  assert.deepEqual(summary(give(at(80))), [[0, 0, 2]])
  assert.deepEqual(give(at(85)), [])
})

test('a clock that is put back makes the next flow late, and then no more', async () => {
  const { give, flush, host } = folding({}, { nowS: 3600 })
  give(at(3599))
  await host.clock.advance(-3580_000)
  assert.deepEqual(give(at(19)), [])
  await host.clock.advance(25_000)
  give(at(40))
  assert.deepEqual(summary(flush()), [
    [3570, 0, 1],
    [0, 1, 1],
    [30, 0, 1],
  ])
})

test('a flow on the edge belongs to the window that begins there', () => {
  const { give, flush } = folding()
  give(at(29.999), at(30))
  assert.deepEqual(summary(flush()), [
    [0, 0, 1],
    [30, 0, 1],
  ])
})

test('input that is aggregated already may come a whole upstream window late, in any order', () => {
  const record = (second: number) => at(second, { aggregate: { egress_flow_count: 2 } })
  const { give } = folding()
  // Written at 30 s: groups that began anywhere in the 30 s before.
  assert.deepEqual(give(record(29), record(0), record(14)), [])
  assert.deepEqual(give(record(59), record(31), record(29.5)), [])
  assert.deepEqual(summary(give(record(65))), [[0, 0, 8]])
})

test('that input is aggregated is known after a restart too', () => {
  const before = folding()
  before.give(at(0, { aggregate: { egress_flow_count: 2 } }))
  const after = folding()
  after.fold.restore(before.fold.state(), before.fold.seal())
  assert.deepEqual(after.give(at(40)), [])
})

test('a lateness that is longer than that stays', () => {
  const { give } = folding({ lateness: '2m' })
  give(at(0, { aggregate: { egress_flow_count: 1 } }))
  assert.deepEqual(give(at(149)), [])
  assert.equal(give(at(150)).length, 1)
})

test('shutdown closes windows early; what comes for them after the restart is a supplement', () => {
  const before = folding()
  before.give(at(0))
  assert.deepEqual(summary(before.flush()), [[0, 0, 1]])
  const after = folding()
  after.fold.restore(before.fold.state(), [])
  after.give(at(1))
  assert.deepEqual(summary(after.flush()), [[0, 1, 1]])
})

test('with `on_shutdown: keep` windows wait in the state', () => {
  const before = folding({ on_shutdown: 'keep' })
  before.give(at(0))
  const panes = before.fold.seal()
  assert.deepEqual(before.flush(), [])
  const after = folding({ on_shutdown: 'keep' })
  after.fold.restore(before.fold.state(), panes)
  assert.deepEqual(summary(after.give(at(1), at(40))), [[0, 0, 2]])
})

test('the time between two runs is not silence', async () => {
  const before = folding()
  before.give(at(0))
  const after = folding({}, { nowS: 86_400 })
  after.fold.restore(before.fold.state(), before.fold.seal())
  assert.deepEqual(after.close(), [])
  assert.deepEqual(summary(await after.wait(36)), [[0, 0, 1]])
})

test('times all over the place open no more windows than can be held', () => {
  const { give, flush, host } = folding({}, { nowS: 86_400 })
  give(at(50_000))
  const rows = Array.from({ length: 1500 }, (_, window) => give(at(window * 30))).flat()
  assert.equal(host.metric('aggregate_windows_open'), 1024)
  assert.equal(totalFlows(rows) + totalFlows(flush()), 1501)
})

test('a window and revision are never used twice, however long ago it was closed', () => {
  const { give, flush } = folding()
  const rows = [...give(at(0)), ...flush()]
  for (let window = 1; window < 600; window++) rows.push(...give(at(window * 30)), ...flush())
  for (let round = 0; round < 3; round++)
    for (let window = 0; window < 600; window++) rows.push(...give(at(window * 30)), ...flush())
  const pairs = rows.map(({ WindowStart, Revision }) => `${WindowStart} ${Revision}`)
  assert.equal(new Set(pairs).size, pairs.length)
  assert.equal(totalFlows(rows), 2400)
})

test('a revision counts on from the highest there was', () => {
  const revisions = new Revisions()
  revisions.close(0, 3)
  revisions.close(0, 1)
  assert.equal(revisions.next(0, true), 4)
})

test('windows begin at multiples of their length', () => {
  const { give, flush } = folding({ window: '7s' })
  give(at(0))
  const [{ WindowStart, WindowEnd }] = flush()
  assert.equal((Date.parse(WindowStart!) / 1000) % 7, 0)
  assert.ok(Date.parse(WindowStart!) / 1000 <= START_S && START_S < Date.parse(WindowEnd!) / 1000)
})
