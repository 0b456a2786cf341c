import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { backupPath, RotatingWriter, type RotatingWriterOptions } from '../../support/rotating-writer.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { Follower, lines, numbered, range } from './follower.ts'

function setUp(test: TestContext, options: Partial<RotatingWriterOptions> = {}) {
  const path = join(tempDir(test), 'events.log')
  const writer = new RotatingWriter({ path, ...options })
  test.after(() => writer.close())
  const follow = (from?: Awaited<ReturnType<Follower['stop']>>) => {
    const follower = new Follower({ settings: { include: [path] }, ...(from && { from }) })
    test.after(() => follower.stop())
    return follower
  }
  return { path, writer, follow }
}

test('rename and create: the old file is read to its end, then the new one', async (t) => {
  const { writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const follower = follow()
  await follower.idle()
  writer.write(lines(4, 6))
  writer.rotate()
  writer.write(lines(7, 9))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 9))
  assert.equal(follower.host.metric('events_log_rotations_total'), 1)
})

test('rename and create: what a slow writer still adds to the renamed file is read', async (t) => {
  const { path, writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const follower = follow()
  await follower.idle()
  const slow = openSync(path, 'a')
  t.after(() => closeSync(slow))
  writer.rotate()
  writer.write(lines(4, 5))
  await follower.look()
  writeSync(slow, lines(6, 7))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 7))
  await follower.settle()
  assert.equal(follower.host.metric('events_log_files_open'), 1)
  writeSync(slow, lines(8, 8))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 8), 'after it was let go, too')
})

test('rename and create: between the two there may be a look', async (t) => {
  const { writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const follower = follow()
  await follower.idle()
  writer.write(lines(4, 4))
  writer.moveAway()
  await follower.look()
  writer.create()
  writer.write(lines(5, 5))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 5))
})

test('a backup that is compressed at once is not read again, and nothing of it is missed', async (t) => {
  const { writer, follow } = setUp(t, { compress: true })
  writer.write(lines(1, 3))
  const follower = follow()
  await follower.idle()
  writer.write(lines(4, 5))
  writer.rotate()
  writer.write(lines(6, 6))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 6))
  await follower.settle()
  const again = follow(await follower.stop())
  await again.settle()
  assert.deepEqual(again.received, range(1, 6))
  assert.deepEqual(again.losses, [])
})

test('while a backup is being compressed it stands there twice and is read once', async (t) => {
  const { writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const backup = writer.rotate()
  writeFileSync(`${backup}.gz.tmp`, 'half of it')
  const follower = follow()
  await follower.idle()
  writeFileSync(`${backup}.gz`, gzipSync(lines(1, 3)))
  rmSync(`${backup}.gz.tmp`)
  await follower.look()
  unlinkSync(backup)
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 3))
  assert.equal(follower.host.metric('events_log_files_known'), 2)
})

test('backups that are removed after they were read leave no trace', async (t) => {
  const { writer, follow } = setUp(t, { maxBackups: 2 })
  const follower = follow()
  for (let round = 0; round < 6; round++) {
    writer.write(lines(round * 3 + 1, round * 3 + 3))
    await follower.look()
    writer.rotate()
  }
  await follower.settle()
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 18))
  assert.deepEqual(follower.losses, [])
  assert.equal(follower.host.metric('events_log_files_known'), 3)
})

test('several rotations between two looks are read in their order', async (t) => {
  const { writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const follower = follow()
  await follower.idle()
  for (const from of [4, 7, 10]) {
    writer.write(lines(from, from + 2))
    writer.rotate()
  }
  writer.write(lines(13, 13))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 13))
})

test('a writer that rotates by size loses nothing, whatever the follower is up to', async (t) => {
  const { writer, follow } = setUp(t, { maxBytes: 20_000, maxBackups: 3, compress: true })
  const follower = follow()
  for (let n = 1; n <= 300; n++) {
    writer.write(numbered(n))
    if (n % 23 === 0) await follower.look()
  }
  await follower.look()
  assert.deepEqual(follower.received, range(1, 300))
})

for (const compress of [false, true])
  test(`rotated while nobody looked, ${compress ? 'compressed' : 'plain'}: read on where it was left, in order`, async (t) => {
    const { writer, follow } = setUp(t, { compress })
    writer.write(lines(1, 3))
    const first = follow()
    const commit = await first.stop()
    writer.write(lines(4, 6))
    writer.rotate()
    writer.write(lines(7, 9))
    writer.rotate()
    writer.write(lines(10, 12))
    const second = follow(commit)
    await second.settle()
    assert.deepEqual(second.received, range(1, 12))
    const third = follow(await second.stop())
    await third.settle()
    assert.deepEqual(third.received, range(1, 12))
    assert.deepEqual(third.losses, [])
  })

test('a backup removed while nobody looked is a gap of the bytes that were known', async (t) => {
  const { writer, follow } = setUp(t)
  const follower = new Follower({
    settings: { include: [writer.path], batch_bytes: 4096, max_line_bytes: 4096 },
  })
  writer.write(lines(1, 50))
  await follower.idle()
  await follower.look()
  const [commit] = follower.commits
  await follower.stop()
  unlinkSync(writer.rotate())
  writer.write(lines(51, 52))
  const again = follow(commit)
  await again.look()
  await again.look()
  const unread = lines(1, 50).length - lines(1, commit.received.length).length
  assert.deepEqual(again.received, [...commit.received, 51, 52])
  assert.equal(again.count('gap'), unread)
  assert.equal(again.host.metric('events_log_gap_bytes_total'), unread)
  const told = again.host.lines.find(({ level }) => level === 'error')
  assert.deepEqual(told?.fields.path, writer.path)
  const third = follow(await again.stop())
  await third.settle()
  assert.equal(third.count('gap'), unread, 'told once')
})

test('a log removed while nobody looked is a gap although all that was known of it was read', async (t) => {
  const { writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const commit = await follow().stop()
  writer.write(lines(4, 6))
  unlinkSync(writer.rotate())
  const again = follow(commit)
  await again.settle()
  assert.equal(again.count('gap'), 1)
})

test('a file that is removed while it is followed is read to its end', async (t) => {
  const { path, writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const follower = follow()
  await follower.idle()
  writer.write(lines(4, 5))
  unlinkSync(path)
  await follower.look()
  writer.write(lines(6, 7))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 7), 'its writer goes on with it')
  new RotatingWriter({ path }).write(lines(8, 9))
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 9))
  assert.deepEqual(follower.losses, [])
  await follower.look()
  assert.equal(follower.host.metric('events_log_files_known'), 1)
})

test('copy and truncate: the writer keeps its offset, and the hole it leaves is passed over', async (t) => {
  const { path, writer, follow } = setUp(t)
  writer.write(lines(1, 3))
  const follower = follow()
  await follower.idle()
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  writer.write(lines(4, 5))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 5))
  assert.deepEqual(follower.losses, [{ kind: 'noted', reason: 'nul_bytes', count: 1 }])
})

for (const where of ['events.log.1', 'events-2026-01-01T00-00-00.000.log', 'events.log.1.gz'])
  test(`copy and truncate to ${where}: what was not read is read in the copy, and nothing twice`, async (t) => {
    const { path, writer, follow } = setUp(t)
    writer.write(lines(1, 3))
    const commit = await follow().stop()
    writer.write(lines(4, 6))
    const copy = join(path, '..', where)
    if (where.endsWith('.gz')) writeFileSync(copy, gzipSync(lines(1, 6)))
    else copyFileSync(path, copy)
    truncateSync(path)
    writer.write(lines(7, 8))
    const follower = follow(commit)
    await follower.settle()
    assert.deepEqual(follower.received, range(1, 8))
    assert.equal(follower.count('gap'), 0)
  })

test('copy and truncate with a look in between: the copy is nobody until the original is truncated', async (t) => {
  const { path, writer, follow } = setUp(t)
  writer.write(lines(1, 5))
  const follower = follow()
  await follower.idle()
  const copy = backupPath(path, Date.UTC(2026, 0, 1))
  copyFileSync(path, copy)
  await follower.look()
  await follower.look()
  truncateSync(path)
  writer.write(lines(6, 7))
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 7))
})

for (const [what, after] of [
  ['shorter', range(11, 12)],
  ['longer', range(11, 30)],
] as const)
  test(`truncated and written anew, ${what} than before: read from its beginning`, async (t) => {
    const { path, follow } = setUp(t)
    writeFileSync(path, lines(1, 10))
    const follower = follow()
    await follower.idle()
    truncateSync(path)
    writeFileSync(path, lines(after[0], after[after.length - 1]))
    await follower.look()
    assert.deepEqual(follower.received, [...range(1, 10), ...after])
    const again = follow(await follower.stop())
    await again.settle()
    assert.deepEqual(again.received, [...range(1, 10), ...after])
  })

test('truncated while nobody looked: the new content is read, and the lost one told', async (t) => {
  const { path, follow } = setUp(t)
  writeFileSync(path, lines(1, 10))
  const commit = await follow().stop()
  writeFileSync(path, lines(11, 30))
  const again = follow(commit)
  await again.settle()
  assert.deepEqual(again.received, range(1, 30))
  assert.equal(again.count('gap'), 1)
})

test('copy and truncate of what was not read, the copy removed and a restart: the new content counts once', async (t) => {
  const { path, writer, follow } = setUp(t)
  writer.write(numbered(1).slice(0, 60))
  const commit = await follow().stop()
  writer.write(numbered(1).slice(60))
  truncateSync(path)
  writer.write(lines(2, 3))
  const follower = follow(commit)
  await follower.idle()
  const again = follow(await follower.stop())
  await again.settle()
  assert.deepEqual(again.received, range(2, 3))
  assert.equal(again.count('gap'), 60)
})

test('truncated and written anew between a look and the first read: the new content counts once', async (t) => {
  const { path, writer, follow } = setUp(t)
  writer.write(lines(1, 2))
  writer.rotate()
  writer.write(lines(3, 4))
  const follower = follow()
  follower.onBatch = ({ rows }) => {
    if (rows.length === 2 && follower.received.length === 2) writeFileSync(path, lines(5, 9))
  }
  await follower.idle()
  await follower.settle()
  assert.deepEqual(follower.received, [1, 2, ...range(5, 9)])
  assert.equal(follower.count('gap'), Buffer.byteLength(lines(3, 4)))
})

test('a removed file that began with a hole is not taken for the next one that does, after a restart', async (t) => {
  const { path, writer, follow } = setUp(t)
  const leaveHole = () => {
    writer.write(lines(1, 4))
    truncateSync(path)
  }
  leaveHole()
  writer.write(numbered(1).slice(0, 60))
  const follower = follow()
  await follower.idle()
  unlinkSync(writer.moveAway())
  writer.create()
  leaveHole()
  writer.write(lines(2, 3))
  copyFileSync(path, backupPath(path, Date.UTC(2026, 0, 1)))
  const again = follow(await follower.stop())
  await again.settle()
  assert.deepEqual(again.received, range(2, 3))
  assert.equal(again.count('gap'), 60)
})

test('a removed scrap of a line is not taken for the next file, which begins with the same key', async (t) => {
  const { path, writer, follow } = setUp(t)
  writer.write(numbered(1).slice(0, 7))
  const follower = follow()
  await follower.idle()
  unlinkSync(writer.moveAway())
  writeFileSync(backupPath(path, Date.UTC(2026, 0, 1)), lines(2, 3))
  writer.create()
  await follower.settle()
  assert.deepEqual(follower.received, range(2, 3))
})

test('deleted and created anew under the same name, and with the same inode number', async (t) => {
  const { path, follow } = setUp(t)
  rmSync(path)
  const follower = follow()
  for (let round = 0; round < 5; round++) {
    writeFileSync(path, lines(round * 4 + 1, round * 4 + 4))
    await follower.look()
    rmSync(path)
    await follower.look()
  }
  assert.deepEqual(follower.received, range(1, 20))
  const commit = await follower.stop()
  writeFileSync(path, lines(21, 40))
  const again = follow(commit)
  await again.settle()
  assert.deepEqual(again.received, range(1, 40))
})

test('backups without a log belong to it all the same', async (t) => {
  const { path, follow } = setUp(t)
  writeFileSync(backupPath(path, 2), lines(4, 6))
  writeFileSync(`${backupPath(path, 1)}.gz`, gzipSync(lines(1, 3)))
  renameSync(path, backupPath(path, 3))
  const follower = follow()
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 6))
})

test('a compressed backup that is damaged is a gap, and what can be read of it is read', async (t) => {
  const { path, writer, follow } = setUp(t)
  const whole = gzipSync(lines(1, 400))
  writeFileSync(`${backupPath(path, 1)}.gz`, whole.subarray(0, whole.length * 0.6))
  writer.write(lines(401, 402))
  const follower = follow()
  await follower.settle()
  const fromBackup = follower.received.filter((n) => n <= 400)
  assert.ok(fromBackup.length > 100, `${fromBackup.length} read`)
  assert.deepEqual(follower.received, [...range(1, fromBackup.length), 401, 402])
  assert.ok(follower.count('gap') > 0)
  const again = follow(await follower.stop())
  await again.settle()
  assert.deepEqual(again.losses, follower.losses, 'told once')
})

test('a compressed backup whose end a power cut zeroed is a gap, and what can be read of it is read', async (t) => {
  const { path, writer, follow } = setUp(t)
  const whole = gzipSync(lines(1, 400))
  whole.fill(0, whole.length - 8)
  writeFileSync(`${backupPath(path, 1)}.gz`, whole)
  writer.write(lines(401, 402))
  const follower = follow()
  await follower.settle()
  const fromBackup = follower.received.filter((n) => n <= 400)
  assert.ok(fromBackup.length > 200, `${fromBackup.length} read`)
  assert.deepEqual(follower.received, [...range(1, fromBackup.length), 401, 402])
  assert.ok(follower.count('gap') > 0)
})

test('lines without times that look alike: a log rotated and compressed while nobody looked counts once', async (t) => {
  const { path, follow } = setUp(t)
  const timeless = (count: number) => '{"flow":{"verdict":"FORWARDED","Summary":"m"}}\n'.repeat(count)
  writeFileSync(path, timeless(30))
  const first = follow()
  await first.idle()
  const commit = await first.stop()
  writeFileSync(`${backupPath(path, 1)}.gz`, gzipSync(timeless(50)))
  rmSync(path)
  writeFileSync(path, timeless(10))
  const follower = follow(commit)
  await follower.settle()
  assert.equal(follower.received.length, 60)
  assert.equal(follower.count('gap'), 0)
})

test('what is rotated and removed while nobody takes flows is read later', async (t) => {
  const { path, writer } = setUp(t, { maxBackups: 1 })
  const { promise: blocked, resolve: resume } = Promise.withResolvers<void>()
  writer.write(lines(1, 3))
  const follower = new Follower({ settings: { include: [path] }, next: () => blocked })
  t.after(() => follower.stop())
  await follower.started()
  for (const from of [4, 7, 10]) {
    writer.write(lines(from, from + 2))
    await follower.host.clock.advance(1000)
    writer.rotate()
    await follower.host.clock.advance(1000)
  }
  assert.deepEqual(follower.received, range(1, 3))
  resume()
  await follower.idle()
  assert.deepEqual(follower.received, range(1, 12))
  assert.equal(follower.count('gap'), 0)
})

test('removed files are not held for ever: past a limit of disk space they are given up and told', async (t) => {
  const { path } = setUp(t)
  const blocked = new Promise<void>(() => {})
  writeFileSync(path, lines(1, 3))
  const follower = new Follower({
    settings: { include: [path], batch_bytes: 4096, max_line_bytes: 4096 },
    next: () => blocked,
  })
  await follower.started()
  truncateSync(path, 300 * 2 ** 20)
  await follower.host.clock.advance(1000)
  unlinkSync(path)
  await follower.host.clock.advance(1000)
  assert.equal(follower.host.metric('events_log_files_open'), 0)
})
