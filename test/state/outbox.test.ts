import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { TextRows } from '../../src/sdk/index.ts'
import { tempDir } from '../support/temp-dir.ts'
import { FLOWS_PER_ROW, laneOf, OutboxWorld } from './outbox-world.ts'

const ALL = { pipeline: 'logs', from: 0, to: 3, flows: 3 * FLOWS_PER_ROW }

test('rows may be taken once they are stored, not before', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk'))
  world.add(3)
  assert.deepEqual(world.take('splunk'), [])
  world.commit()
  assert.deepEqual(world.take('splunk'), ['0', '1', '2'])
  assert.deepEqual(world.take('splunk'), [], 'they are on their way')
  await world.restart(laneOf('splunk'))
  assert.deepEqual(world.take('splunk'), ['0', '1', '2'])
})

test('every exporter goes at its own pace, and what all are done with is deleted', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('fast'), laneOf('slow'))
  world.add(3)
  world.commit()
  assert.deepEqual(world.deliver('fast'), ['0', '1', '2'])
  world.add(2)
  world.commit()
  assert.deepEqual(world.deliver('fast'), ['3', '4'])
  world.commit()
  assert.equal(world.entries(), 2)
  assert.deepEqual(world.deliver('slow'), ['0', '1', '2', '3', '4'])
  world.commit()
  assert.equal(world.entries(), 0)
})

test('what one pipeline has delivered is deleted, though older rows of another stay', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('down', ['rare']), laneOf('up', ['busy']))
  world.add(1, 'rare')
  for (let round = 0; round < 5; round++) {
    world.add(100, 'busy')
    world.commit()
    world.deliver('up')
  }
  world.commit()
  assert.equal(world.entries(), 1)
})

test('what was done and stored does not come again, row by row', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk'))
  world.add(3)
  world.commit()
  const [first, second] = world.takeRanges('splunk')
  world.settle('splunk', second)
  world.commit()
  world.settle('splunk', first)
  await world.restart(laneOf('splunk'))
  assert.deepEqual([world.lane('splunk').rows, world.lane('splunk').flowsOf('logs')], [2, 4])
  assert.deepEqual(world.deliver('splunk'), ['0', '2'])
  world.commit()
  await world.restart(laneOf('splunk'))
  assert.deepEqual(world.take('splunk'), [])
  assert.equal(world.entries(), 0)
})

test('an exporter that joins gets the rows of now, and one that leaves forgets its own', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('old'), laneOf('steady'))
  world.add(2)
  world.commit()
  await world.restart(laneOf('steady'), laneOf('new'))
  assert.deepEqual(world.outbox.abandoned, [{ exporter: 'old', rows: 2 }])
  world.add(1)
  world.commit()
  assert.deepEqual(world.deliver('new'), ['2'])
  assert.deepEqual(world.deliver('steady'), ['0', '1', '2'])
  await world.restart(laneOf('steady'), laneOf('new'), laneOf('old'))
  assert.deepEqual(world.outbox.abandoned, [])
  assert.deepEqual(world.take('old'), [], 'whoever comes back is new')
})

test('a renamed exporter is one that left and one that joined', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk_hec'))
  world.add(7)
  world.commit()
  await world.restart(laneOf('splunk_hec/prod'))
  assert.deepEqual(world.outbox.abandoned, [{ exporter: 'splunk_hec', rows: 7 }])
  assert.ok(world.outbox.hasNews(0), 'the space is given back without new rows')
  world.commit()
  assert.equal(world.entries(), 0)
})

test('rows that were made for an exporter reach it when the pipeline does not lead to it any more', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk', ['logs', 'drops']))
  world.add(2, 'drops')
  world.commit()
  await world.restart(laneOf('splunk', ['logs']))
  world.add(1, 'drops')
  world.commit()
  assert.deepEqual(world.deliver('splunk'), ['0', '1'])
})

test('when the last exporter that sends has left, its rows go too', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk'))
  world.add(2)
  world.commit()
  await world.restart()
  assert.deepEqual(world.outbox.abandoned, [{ exporter: 'splunk', rows: 2 }])
  world.add(5)
  world.commit()
  assert.equal(world.entries(), 0)
})

test('a number of an entry is never used again', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk'))
  const seen: number[] = []
  for (let round = 0; round < 4; round++) {
    world.add(1)
    world.commit()
    seen.push(...world.store.load().outbox.map(({ seq }) => seq))
    world.deliver('splunk')
    world.commit()
    await world.restart(laneOf('splunk'))
  }
  await world.restart()
  world.commit()
  await world.restart(laneOf('other'))
  world.add(1)
  world.commit()
  seen.push(...world.store.load().outbox.map(({ seq }) => seq))
  assert.deepEqual(seen, [1, 2, 3, 4, 5])
})

test('the space of delivered rows is used again', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk'))
  const round = () => {
    world.add(1000)
    world.commit()
    world.deliver('splunk')
    world.commit()
  }
  for (let i = 0; i < 3; i++) round()
  const settled = world.store.bytes()
  for (let i = 0; i < 20; i++) round()
  assert.equal(world.store.bytes(), settled)
})

test('rows are taken a few entries at a time, by number and by size, and entries hold so many and so much', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk'))
  world.add(1200)
  const long = [1, 2, 3].map((i) => `"${i}${'x'.repeat(700_000)}"\n`).join('')
  world.outbox.add('logs', new TextRows(Buffer.from(long), [1, 1, 1]), 0)
  world.commit()
  const lane = world.lane('splunk')
  assert.deepEqual(
    lane.take(501, 2 ** 30).map(({ rows }) => rows),
    [500, 500],
  )
  assert.deepEqual(
    lane.take(2 ** 30, 1).map(({ rows }) => rows),
    [202],
  )
  assert.deepEqual(
    lane.take(2 ** 30, 2 ** 30).map(({ rows }) => rows),
    [1],
  )
})

test('a block is passed by nothing, except by a commit that is larger by itself', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk', ['logs'], { maxBytes: 1000 }))
  world.add(100)
  world.commit()
  const { bytes } = world.lane('splunk')
  assert.ok(bytes > 500 && bytes <= 1000, `${bytes} bytes`)
  world.add(100)
  world.outbox.seal(0)
  assert.equal(world.outbox.blockedBy(), 'splunk')
  world.deliver('splunk')
  assert.equal(world.outbox.blockedBy(), null)
  world.commit()
  world.deliver('splunk')
  world.add(500)
  world.commit()
  assert.ok(world.lane('splunk').bytes > 1000, 'it cannot be cut, and nothing else waits')
  assert.equal(world.deliver('splunk').length, 500)
})

test('drop_oldest drops the oldest entries, as many as must go, and tells it', async (t) => {
  const lane = laneOf('splunk', ['logs'], { onFull: 'drop_oldest', maxBytes: 2000 })
  const world = await OutboxWorld.open(tempDir(t), lane, laneOf('other'))
  for (let i = 0; i < 3; i++) {
    world.add(100)
    assert.deepEqual(world.commit(), [])
  }
  const [first] = world.takeRanges('splunk')
  world.settle('splunk', first)
  world.add(100)
  assert.deepEqual(world.commit(), [
    { exporter: 'splunk', pipeline: 'logs', reason: 'outbox_full', flows: 99 * FLOWS_PER_ROW },
  ])
  assert.ok(world.lane('splunk').bytes <= 2000)
  assert.equal(world.lane('splunk').isWaiting(first.seq), false)
  assert.equal(world.lane('splunk').flowsOf('logs'), 300 * FLOWS_PER_ROW)
  assert.deepEqual(
    [world.take('splunk').length, world.take('other').length],
    [100, 400],
    'two are on their way',
  )
})

test('max_age drops what is older, and nothing else', async (t) => {
  const world = await OutboxWorld.open(tempDir(t), laneOf('splunk', ['logs'], { maxAgeMs: 60_000 }))
  world.add(1)
  world.commit()
  world.nowMs = 30_000
  world.add(2)
  world.commit()
  world.nowMs = 60_000
  assert.equal(world.outbox.hasNews(world.nowMs), false)
  world.nowMs = 60_001
  assert.ok(world.outbox.hasNews(world.nowMs), 'without new rows too')
  assert.deepEqual(world.commit(), [
    { exporter: 'splunk', pipeline: 'logs', reason: 'outbox_too_old', flows: FLOWS_PER_ROW },
  ])
  assert.deepEqual(world.take('splunk'), ['1', '2'])
})

for (const [what, sql, reason] of [
  ['a torn body', `UPDATE outbox SET body = substr(body, 1, 40) WHERE seq = 2`, /./],
  ['another version', `UPDATE outbox SET version = 7 WHERE seq = 2`, /version 7 of the row codec/],
  ['rows too few', `UPDATE outbox SET rows = 4 WHERE seq = 2`, /it has 3 rows, not 4/],
] as const)
  test(`an entry with ${what} is set aside with a reason, and the rest goes on`, async (t) => {
    const dir = tempDir(t)
    const world = await OutboxWorld.open(dir, laneOf('splunk'), laneOf('otlp'))
    for (let i = 0; i < 3; i++) {
      world.add(3)
      world.commit()
    }
    world.store.close()
    const db = new DatabaseSync(join(dir, 'state.db'))
    db.exec(sql)
    db.close()
    await world.restart(laneOf('splunk'), laneOf('otlp'))
    for (const exporter of ['splunk', 'otlp']) {
      const lane = world.lane(exporter)
      const heads = lane.take(100, 2 ** 30)
      const entries = heads.map((head) => world.outbox.read(head))
      assert.deepEqual(
        entries.map(({ kind }) => kind),
        ['rows', 'unreadable', 'rows'],
      )
      assert.match(entries[1].kind === 'unreadable' ? entries[1].reason : '', reason)
      assert.equal(lane.settleRest(heads[1]), 3 * FLOWS_PER_ROW)
      lane.settle({ seq: 1, ...ALL })
      lane.settle({ seq: 3, ...ALL })
      assert.deepEqual([lane.rows, lane.bytes, lane.flowsOf('logs')], [0, 0, 0])
      world.commit()
    }
    assert.equal(world.entries(), 0)
    world.store.close()
    const kept = new DatabaseSync(join(dir, 'state.db'))
      .prepare('SELECT seq, pipeline, flows, reason FROM outbox_unreadable')
      .all() as unknown as { seq: number; pipeline: string; flows: number; reason: string }[]
    assert.deepEqual(
      kept.map(({ seq, pipeline, flows }) => [seq, pipeline, flows]),
      [[2, 'logs', 6]],
    )
    assert.match(kept[0].reason, reason)
  })
