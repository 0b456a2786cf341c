import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { SendResult } from '../../src/sdk/index.ts'
import { FLOWS_PER_ROW } from '../state/outbox-world.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type Answer, type Attempt, CourierWorld } from './courier-world.ts'

const ACCEPTED: SendResult = { kind: 'accepted' }
const UNAVAILABLE: SendResult = { kind: 'retry', cause: 'unavailable', reason: '503' }
const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

test('rows go out in payloads, in order, and the outbox is done with them', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  await world.give(5)
  assert.deepEqual(
    world.sender.attempts.map(({ uuids }) => uuids.join()),
    ['0,1', '2,3', '4'],
  )
  assert.deepEqual(world.sender.has, numbers(5))
  assert.deepEqual([world.delivered.rows, world.delivered.flows], [5, 5 * FLOWS_PER_ROW])
  assert.ok(world.delivered.bytes > 1000)
  assert.equal(world.host.metric('exporter_sent_rows_total'), 5)
  world.commit()
  assert.deepEqual([world.waitingRows(), world.outboxWorld.entries()], [0, 0])
})

const once = (answer: Answer) => (_: Attempt, number: number) => (number === 1 ? answer : ACCEPTED)
const tooLong = (limit: number) => (attempt: Attempt) =>
  attempt.uuids.length > limit ? ({ kind: 'too_large', reason: '413' } as const) : ACCEPTED
const holding = (uuid: string, answer: SendResult) => (attempt: Attempt) =>
  attempt.uuids.includes(uuid) ? answer : ACCEPTED

/** Of four rows in one payload: what the backend gets, what the dead letter gets, and how many attempts it takes. */
const FATES: readonly [
  what: string,
  answer: (attempt: Attempt, number: number) => Answer,
  has: string,
  refused: string,
  attempts: number,
][] = [
  ['accepted', () => ACCEPTED, '0,1,2,3', '', 1],
  ['asked to come again', once(UNAVAILABLE), '0,1,2,3', '', 2],
  ['not answered in time', once('silence'), '0,1,2,3', '', 2],
  ['not answered by a sender that hears no abort', once('silence that ignores the abort'), '0,1,2,3', '', 2],
  ['accepted after it was aborted', once('acceptance after the abort'), '0,1,2,3', '', 2],
  ['taken in part', () => ({ kind: 'partial', refusedRows: 1, reason: 'odd' }), '0,1,2,3', '', 1],
  ['refused', () => ({ kind: 'refused', reason: '400' }), '', '0,1,2,3', 1],
  ['too large', tooLong(2), '0,1,2,3', '', 3],
  ['too large, and so is each row', tooLong(0), '', '0,1,2,3', 7],
  [
    'stopped at its third row',
    once({ kind: 'stopped', at: 2, reason: 'invalid-event-number' }),
    '0,1,3',
    '2',
    2,
  ],
  ['stopped at its last row', once({ kind: 'stopped', at: 3, reason: 'bad' }), '0,1,2', '3', 1],
  ['stopped at its first row', once({ kind: 'stopped', at: 0, reason: 'bad' }), '1,2,3', '0', 2],
  ['stopped nowhere in it', once({ kind: 'stopped', at: 9, reason: 'bad' }), '', '0,1,2,3', 1],
]
for (const [what, answer, has, refused, attempts] of FATES)
  test(`a payload that is ${what}`, async (t) => {
    const world = await CourierWorld.open(tempDir(t))
    world.sender.rowsPerPayload = 4
    world.sender.answer = answer
    await world.give(4)
    await world.clock.advance(60_000)
    // A backend that answers too late may have the rows; this one has not.
    assert.equal(world.sender.has.join(), has)
    assert.equal(world.refused().join(), refused)
    assert.equal(world.sender.attempts.length, attempts)
    assert.equal(world.waitingRows(), 0)
    const refusedRows = refused === '' ? 0 : refused.split(',').length
    assert.equal(world.delivered.rows, 4 - refusedRows)
    assert.equal(world.lost.refused ?? 0, refusedRows * FLOWS_PER_ROW)
  })

test('what was thrown away of a payload that was taken is told, and not sent again', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.sender.answer = () => ({ kind: 'partial', refusedRows: 1, reason: 'too old' })
  await world.give(4)
  assert.deepEqual([world.discarded, world.delivered.rows], [2, 4])
  assert.equal(world.host.metric('exporter_refused_rows_total'), 2)
  assert.match(world.host.lines[0].message, /took a payload and threw rows of it away/)
})

test('a payload whose every row was thrown away goes to the dead letter', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.sender.answer = () => ({ kind: 'partial', refusedRows: 2, reason: 'too old' })
  await world.give(2)
  assert.deepEqual([world.refused(), world.delivered.rows, world.lost.refused], [['0', '1'], 0, 4])
})

test('a row that no payload can hold goes to the dead letter without an attempt', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.sender.unfit.add('2')
  await world.give(5)
  assert.deepEqual(world.sender.has, ['0', '1', '3', '4'])
  assert.deepEqual(
    world
      .deadLetterLines()
      .map(({ exporter, refusedAt, reason, row }) => [exporter, refusedAt, reason, row.UUID]),
    [['splunk', '2026-01-01T00:00:00.000Z', 'no payload can hold it', '2']],
  )
  assert.equal(world.sender.attempts.flatMap(({ uuids }) => uuids).includes('2'), false)
})

test('as many requests as concurrency allows are under way, and one that fails holds up no other', async (t) => {
  const world = await CourierWorld.open(tempDir(t), { concurrency: 3 })
  world.sender.latencyMs = 100
  world.sender.answer = holding('0', UNAVAILABLE)
  await world.give(20)
  await world.clock.advance(1000)
  assert.equal(world.sender.mostInFlight, 3)
  assert.deepEqual(world.sender.has.toSorted(), numbers(20).slice(2).toSorted())
  assert.equal(world.waitingRows(), 2)
  world.commit()
  await world.crash()
  world.sender.answer = () => ACCEPTED
  await world.clock.advance(1000)
  assert.deepEqual(world.sender.has.toSorted(), numbers(20).toSorted(), 'nothing twice')
})

test('every kind of answer at once: each row has one fate, and nothing is lost or repeated', async (t) => {
  const world = await CourierWorld.open(tempDir(t), { concurrency: 4, retry: { initialMs: 100 } })
  world.sender.rowsPerPayload = 5
  world.sender.latencyMs = 7
  world.random = 0.5
  const answers: SendResult[] = [
    ACCEPTED,
    UNAVAILABLE,
    { kind: 'stopped', at: 1, reason: 'bad' },
    { kind: 'refused', reason: 'no' },
    { kind: 'too_large', reason: 'big' },
    { kind: 'retry', cause: 'throttled', reason: '429', afterMs: 500 },
    { kind: 'retry', cause: 'network', reason: 'reset' },
  ]
  world.sender.answer = (_, number) => answers[number % answers.length]
  await world.give(300)
  await world.clock.advance(600_000)
  assert.equal(world.waitingRows(), 0)
  const all = [...world.sender.has, ...world.refused()]
  assert.deepEqual(all.toSorted(), numbers(300).toSorted())
  assert.equal(world.delivered.rows, world.sender.has.length)
  assert.equal(world.lost.refused, world.refused().length * FLOWS_PER_ROW)
})

test('waits between attempts double up to their bound, and are spread from nothing to all of it', async (t) => {
  for (const random of [0, 0.5, 0.999]) {
    const world = await CourierWorld.open(tempDir(t), { retry: { initialMs: 1000, maxMs: 5000 } })
    world.random = random
    world.sender.answer = (_, number) => (number < 6 ? UNAVAILABLE : ACCEPTED)
    await world.give(1)
    await world.clock.advance(60_000)
    assert.deepEqual(
      world.waitsBetween(),
      [1000, 2000, 4000, 5000, 5000].map((boundMs) => boundMs * random),
    )
  }
})

test('a backend that says when to come again is left alone by all requests until then', async (t) => {
  const world = await CourierWorld.open(tempDir(t), { concurrency: 3 })
  world.random = 0.25
  const answer: SendResult = { kind: 'retry', cause: 'throttled', reason: '429', afterMs: 20_000 }
  world.sender.answer = (_, number) => (number === 1 ? answer : ACCEPTED)
  world.sender.latencyMs = 50
  await world.give(20)
  await world.clock.advance(50)
  const before = world.sender.attempts.length
  assert.equal(before, 3, 'two were under way already')
  await world.clock.advance(19_999)
  assert.equal(world.sender.attempts.length, before)
  await world.clock.advance(1)
  assert.equal(world.sender.attempts.length, before + 2, 'those who only waited go on at once')
  await world.clock.advance(2000)
  const again = world.sender.attempts.filter(({ uuids }) => uuids[0] === '0')
  assert.deepEqual(
    again.map(({ atMs }) => atMs - again[0].atMs),
    [0, 50 + 20_000 + 250],
  )
  assert.deepEqual(world.sender.has.toSorted(), numbers(20).toSorted())
})

for (const [what, afterMs, leastMs, mostMs] of [
  ['at once, always', 0, 100, 1000],
  ['before now', -5, 100, 1000],
  ['next year', 400 * 86_400_000, 3_600_000, 3_601_000],
] as const)
  test(`a backend that wants us back ${what} is not taken literally`, async (t) => {
    const world = await CourierWorld.open(tempDir(t))
    world.random = 0.5
    world.sender.answer = () => ({ kind: 'retry', cause: 'throttled', reason: '429', afterMs })
    await world.give(1)
    await world.clock.advance(mostMs)
    const [waitMs] = world.waitsBetween()
    assert.ok(waitMs >= leastMs && waitMs <= mostMs, `${waitMs} ms`)
  })

test('after retry.max_elapsed a payload goes to the dead letter, and the next one has its own time', async (t) => {
  const world = await CourierWorld.open(tempDir(t), { retry: { maxElapsedMs: 10_000, maxMs: 2000 } })
  world.random = 0.999
  world.sender.answer = holding('0', UNAVAILABLE)
  await world.give(4)
  await world.clock.advance(8000)
  assert.deepEqual(world.refused(), [])
  await world.clock.advance(4000)
  assert.deepEqual(world.refused(), ['0', '1'])
  assert.match(world.deadLetterLines()[0].reason, /^given up after retry\.max_elapsed: 503$/)
  assert.deepEqual(world.sender.has, ['2', '3'])
  assert.equal(world.courier.trouble, null)
})

test('an attempt that takes longer than timeout is aborted and counted', async (t) => {
  const world = await CourierWorld.open(tempDir(t), { timeoutMs: 5000 })
  world.sender.answer = once('silence')
  await world.give(1)
  await world.clock.advance(4999)
  assert.deepEqual([world.sender.inFlight, world.courier.trouble], [1, null])
  await world.clock.advance(1)
  assert.equal(world.host.metric('exporter_retries_total'), 1)
  await world.clock.advance(1)
  assert.deepEqual(world.sender.has, ['0'])
})

test('trouble is named while it lasts, and logged when it begins and ends, not with each payload', async (t) => {
  const world = await CourierWorld.open(tempDir(t), { concurrency: 2 })
  world.random = 0.5
  world.sender.latencyMs = 10
  world.sender.answer = (_, number) => (number < 30 ? UNAVAILABLE : ACCEPTED)
  await world.give(8)
  await world.clock.advance(5000)
  assert.equal(world.courier.trouble, '503')
  await world.clock.advance(3_600_000)
  assert.equal(world.courier.trouble, null)
  assert.deepEqual(
    world.host.lines.map(({ level, message }) => [level, message]),
    [
      ['warn', 'the backend takes no rows; they wait and are tried again'],
      ['info', 'the backend takes rows again'],
    ],
  )
  assert.equal(world.host.metric('exporter_retries_total'), 29)
})

test('a stop waits for the answer that is under way, begins nothing new, and keeps the rest', async (t) => {
  const world = await CourierWorld.open(tempDir(t), { concurrency: 2 })
  world.sender.latencyMs = 500
  await world.give(10)
  const stopped = world.courier.stop(world.clock.now() + 2000)
  await world.clock.advance(500)
  await stopped
  assert.deepEqual([world.sender.has, world.waitingRows()], [['0', '1', '2', '3'], 6])
  assert.ok(world.sender.isClosed)
  world.commit()
  await world.crash()
  world.commit()
  await world.clock.advance(5000)
  assert.deepEqual(world.sender.has, numbers(10))
})

test('a stop gives up at its deadline what nobody answers', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.sender.answer = () => 'silence that ignores the abort'
  await world.give(2)
  const stopped = world.courier.stop(world.clock.now() + 2000)
  await world.clock.advance(1999)
  assert.equal(world.host.metric('exporter_in_flight_requests'), 1)
  await world.clock.advance(1)
  await stopped
  assert.deepEqual([world.waitingRows(), world.host.metric('exporter_retries_total')], [2, 0])
})

test('a stop does not sit out a wait', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.random = 0.9
  world.sender.answer = () => ({ kind: 'retry', cause: 'throttled', reason: '429', afterMs: 600_000 })
  await world.give(2)
  await world.courier.stop(world.clock.now() + 2000)
  assert.equal(world.waitingRows(), 2)
})

test('rows that were accepted and stored do not come again after a crash; those accepted since do', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.sender.latencyMs = 100
  await world.give(10)
  await world.clock.advance(250)
  assert.deepEqual(world.sender.has, ['0', '1', '2', '3'])
  world.commit()
  await world.clock.advance(100)
  await world.crash()
  await world.clock.advance(5000)
  assert.deepEqual(world.sender.has.toSorted(), [...numbers(10), '4', '5'].toSorted())
})

test('what is dropped while it is under way is not counted a second time, nor tried again', async (t) => {
  const outbox = { maxBytes: 2 ** 40, maxAgeMs: 60_000, onFull: 'block' } as const
  const world = await CourierWorld.open(tempDir(t), { concurrency: 2, outbox })
  world.sender.answer = holding('0', UNAVAILABLE)
  world.random = 0.999
  await world.give(4)
  await world.clock.advance(61_000)
  world.commit()
  assert.deepEqual([world.waitingRows(), world.lost.outbox_too_old], [0, 2 * FLOWS_PER_ROW])
  const { length } = world.sender.attempts
  world.sender.answer = () => ACCEPTED
  await world.give(1)
  await world.clock.advance(120_000)
  assert.equal(world.sender.attempts.length, length + 1)
  assert.deepEqual([world.delivered.rows, world.sender.has], [3, ['2', '3', '4']])
})

test('what is dropped and then accepted after all counts once, as dropped', async (t) => {
  const outbox = { maxBytes: 2 ** 40, maxAgeMs: 10_000, onFull: 'block' } as const
  const world = await CourierWorld.open(tempDir(t), { outbox })
  world.sender.latencyMs = 20_000
  await world.give(1)
  await world.clock.advance(10_001)
  world.commit()
  await world.clock.advance(10_000)
  assert.deepEqual(world.sender.has, ['0'])
  assert.deepEqual([world.delivered.rows, world.lost.outbox_too_old], [0, FLOWS_PER_ROW])
})

test('an entry that cannot be read is counted as lost, and the rest arrives', async (t) => {
  const dir = tempDir(t)
  const world = await CourierWorld.open(dir)
  world.sender.answer = () => 'silence'
  for (let i = 0; i < 3; i++) await world.give(2)
  world.outboxWorld.store.close()
  const db = new DatabaseSync(join(dir, 'state.db'))
  db.exec('UPDATE outbox SET body = zeroblob(50) WHERE seq = 2')
  db.close()
  world.sender.answer = () => ACCEPTED
  await world.crash()
  await world.settle()
  assert.deepEqual([world.sender.has, world.lost.unreadable], [['0', '1', '4', '5'], 2 * FLOWS_PER_ROW])
  assert.match(world.host.lines.at(-1)!.message, /cannot be read and count as lost; .*outbox_unreadable/)
})

test('a sender that leaves out rows is a bug, and not a loss', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.sender.leavesOut.add('1')
  world.running.catch(() => {})
  await world.give(3)
  await assert.rejects(world.running, /splunk was given 3 rows, and put some of them into no payload/)
})

test('a sender that throws is a bug', async (t) => {
  const world = await CourierWorld.open(tempDir(t))
  world.sender.answer = () => {
    throw new Error('oops')
  }
  world.running.catch(() => {})
  await world.give(3)
  await assert.rejects(world.running, /oops/)
})
