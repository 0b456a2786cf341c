import assert from 'node:assert/strict'
import { appendFileSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { flow, line } from '../../support/flows.ts'
import { backupPath, RotatingWriter } from '../../support/rotating-writer.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { type Commit, Follower, lines, numbered, range } from './follower.ts'

const MIB = 2 ** 20

function setUp(test: TestContext, settings: Record<string, unknown> = {}) {
  const path = join(tempDir(test), 'events.log')
  const follow = (from?: Commit) => {
    const follower = new Follower({ settings: { include: [path], ...settings }, ...(from && { from }) })
    test.after(() => follower.stop())
    return follower
  }
  return { path, follow }
}

test('an unfinished line waits: for the next look, and for the next start', async (t) => {
  const { path, follow } = setUp(t)
  const [head, middle, tail] = [
    numbered(3).slice(0, 100),
    numbered(3).slice(100, 300),
    numbered(3).slice(300),
  ]
  writeFileSync(path, lines(1, 2) + head)
  const first = follow()
  await first.idle()
  appendFileSync(path, middle)
  await first.look()
  await first.settle()
  assert.deepEqual(first.received, [1, 2])
  const second = follow(await first.stop())
  await second.look()
  appendFileSync(path, tail + numbered(4))
  await second.look()
  assert.deepEqual(second.received, [1, 2, 3, 4])
  assert.deepEqual(second.losses, [])
})

test('an unfinished line waits while its file is renamed, and is finished there', async (t) => {
  const { path, follow } = setUp(t)
  const writer = new RotatingWriter({ path })
  writer.write(lines(1, 2) + numbered(3).slice(0, 100))
  const follower = follow()
  await follower.idle()
  const backup = writer.rotate()
  writer.write(lines(4, 4))
  await follower.look()
  appendFileSync(backup, numbered(3).slice(100))
  await follower.settle()
  assert.deepEqual(follower.received, [1, 2, 4, 3])
  assert.deepEqual(follower.losses, [])
})

for (const compress of [false, true])
  test(`half a record at the end of a rotated file is lost, and told once; ${compress ? 'compressed' : 'plain'}`, async (t) => {
    const { path, follow } = setUp(t)
    const writer = new RotatingWriter({ path, compress })
    writer.write(lines(1, 2) + numbered(3).slice(0, 100))
    const first = follow()
    await first.idle()
    writer.rotate()
    writer.write(lines(4, 4))
    await first.settle()
    assert.deepEqual(first.received, [1, 2, 4])
    assert.deepEqual(first.losses, [{ kind: 'dropped', reason: 'half_record', flows: 1 }])
    const second = follow(await first.stop())
    await second.settle()
    assert.deepEqual(second.losses, first.losses)
  })

test('a record at the end of a rotated file that lacks only its line feed is a flow, once', async (t) => {
  const { path, follow } = setUp(t)
  const writer = new RotatingWriter({ path })
  writer.write(lines(1, 2) + numbered(3).trimEnd())
  const first = follow()
  await first.idle()
  writer.rotate()
  await first.settle()
  assert.deepEqual(first.received, [1, 2, 3])
  const second = follow(await first.stop())
  await second.settle()
  assert.deepEqual(second.received, [1, 2, 3])
  assert.deepEqual(second.losses, [])
})

test('records, line ends and characters may be cut anywhere by the end of a read', async (t) => {
  const { path, follow } = setUp(t, { batch_bytes: 4096, max_line_bytes: 4096 })
  let text = ''
  for (let n = 1; n <= 400; n++) {
    const time = `2026-01-01T00:00:00.${String(n).padStart(9, '0')}Z`
    const padding = 'ä€😀'.repeat((n * 31) % 47)
    text += line(flow({ time, source: { namespace: `${padding}${n}` } })).replace('\n', n % 2 ? '\r\n' : '\n')
  }
  writeFileSync(path, text)
  const follower = follow()
  const namespaces: (string | undefined)[] = []
  follower.onBatch = (batch) => {
    for (const row of batch.rows) namespaces.push(batch.detail(row).source?.namespace)
  }
  await follower.idle()
  assert.deepEqual(follower.received, range(1, 400))
  assert.deepEqual(
    namespaces,
    range(1, 400).map((n) => `${'ä€😀'.repeat((n * 31) % 47)}${n}`),
  )
  assert.deepEqual(follower.losses, [])
  assert.ok(follower.commits.length > 50, 'many reads')
})

for (const batchBytes of ['64KiB', '1MiB', '4MiB'])
  for (const [over, received] of [
    [-1, [1, 2, 3]],
    [0, [1, 2, 3]],
    [1, [1, 3]],
    [5 * MIB, [1, 3]],
  ] as const)
    test(`a line of 1 MiB and ${over} bytes, read by ${batchBytes}`, async (t) => {
      const { path, follow } = setUp(t, { batch_bytes: batchBytes })
      const padding = MIB + over - (numbered(2, { padding: 1 }).length - 2)
      const long = numbered(2, { padding })
      assert.equal(long.length, MIB + over + 1)
      writeFileSync(path, numbered(1) + long + numbered(3))
      const follower = follow()
      await follower.idle()
      assert.deepEqual(follower.received, received)
      assert.equal(follower.count('dropped', 'line_too_long'), 3 - received.length)
    })

test('a line over the limit that grows slowly, over restarts and a rotation, is dropped once', async (t) => {
  const { path, follow } = setUp(t, { batch_bytes: 4096, max_line_bytes: 4096 })
  const writer = new RotatingWriter({ path })
  writer.write(`${numbered(1)}${'x'.repeat(5000)}`)
  let follower = follow()
  for (let round = 0; round < 5; round++) {
    await follower.look()
    follower = follow(await follower.stop())
    writer.write('x'.repeat(3000))
  }
  writer.write(`\n${numbered(2)}${'y'.repeat(5000)}`)
  await follower.look()
  writer.rotate()
  writer.write(numbered(3))
  await follower.settle()
  assert.deepEqual(follower.received, [1, 2, 3])
  assert.deepEqual(follower.losses, [
    { kind: 'dropped', reason: 'line_too_long', flows: 1 },
    { kind: 'dropped', reason: 'line_too_long', flows: 1 },
  ])
})

test('a hole is passed over, however long, and told once', async (t) => {
  const { path, follow } = setUp(t, { batch_bytes: '64KiB' })
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 100 * MIB)
  const first = follow()
  await first.idle()
  writeSync(fd, numbered(1).slice(0, 50), 100 * MIB)
  await first.look()
  const second = follow(await first.stop())
  await second.idle()
  appendFileSync(path, numbered(1).slice(50) + numbered(2))
  await second.look()
  assert.deepEqual(second.received, [1, 2])
  assert.deepEqual(second.losses, [{ kind: 'noted', reason: 'nul_bytes', count: 1 }])
})

test('events that Hubble lost are told by their source, and in the log', async (t) => {
  const { path, follow } = setUp(t)
  const lost = (events: number) =>
    `{"lost_events":{"source":"PERF_EVENT_RING_BUFFER","num_events_lost":"${events}","cpu":1}}\n`
  writeFileSync(path, lost(7) + numbered(1) + lost(5))
  const follower = follow()
  await follower.idle()
  assert.deepEqual(follower.received, [1])
  assert.equal(follower.count('lost_upstream'), 12)
  const told = follower.host.lines.filter(({ level }) => level === 'error')
  assert.deepEqual(
    told.map(({ fields }) => fields),
    [{ what: 'PERF_EVENT_RING_BUFFER', count: 12 }],
  )
})

test('what was lost in the last seconds is in the log, too', async (t) => {
  const { path, follow } = setUp(t)
  appendFileSync(path, `garbage\n${numbered(1)}`)
  const follower = follow()
  await follower.idle()
  appendFileSync(path, 'garbage\n'.repeat(3))
  await follower.look()
  await follower.stop()
  const told = follower.host.lines.filter(({ message }) => message.startsWith('lines that are no flows'))
  assert.deepEqual(
    told.map(({ fields }) => fields?.count),
    [1, 3],
  )
})

test('a broken line is dropped, its reason told, and the others are read', async (t) => {
  const { path, follow } = setUp(t)
  writeFileSync(path, `${numbered(1)}no json\n\n${numbered(2).trimEnd().slice(0, 60)}${numbered(3)}`)
  const follower = follow()
  await follower.idle()
  assert.deepEqual(follower.received, [1, 3])
  assert.equal(follower.count('dropped', 'not_json'), 1)
  assert.equal(follower.count('dropped', 'half_record'), 1)
})

test('a long compressed file is read in pieces, and read on in the middle', async (t) => {
  const { path, follow } = setUp(t, { batch_bytes: '64KiB', max_line_bytes: '64KiB' })
  writeFileSync(`${backupPath(path, 1)}.gz`, gzipSync(lines(1, 3000)))
  const first = follow()
  await first.idle()
  assert.deepEqual(first.received, range(1, 3000))
  const middle = first.commits[Math.floor(first.commits.length / 2)]
  assert.ok(middle.received.length > 0 && middle.received.length < 3000)
  const second = follow(middle)
  await second.settle()
  assert.deepEqual(second.received, range(1, 3000))
})

test('lines that Hubble would write otherwise are flows as well, and counted as slow', async (t) => {
  const { path, follow } = setUp(t)
  const spaced = JSON.stringify(JSON.parse(numbered(2)), null, 1).replaceAll('\n', ' ')
  writeFileSync(path, `${lines(1, 1)}${spaced}\n${lines(3, 3)}`)
  const follower = follow()
  await follower.idle()
  assert.deepEqual(follower.received, [1, 2, 3])
  assert.equal(follower.host.metric('events_log_slow_lines_total'), 1)
})
