import assert from 'node:assert/strict'
import { appendFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { backupPath } from '../../support/rotating-writer.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { type Commit, Follower, lines, numbered, range } from './follower.ts'

/** A log with ten lines, and a follower that has read them and is gone. */
async function setUp(test: TestContext) {
  const path = join(tempDir(test), 'events.log')
  const follow = (from?: Commit) => {
    const follower = new Follower({
      settings: { include: [path], batch_bytes: 4096, max_line_bytes: 4096 },
      ...(from && { from }),
    })
    test.after(() => follower.stop())
    return follower
  }
  writeFileSync(path, lines(1, 10))
  const commit = await follow().stop()
  return { path, follow, commit }
}

const lineBytes = lines(1, 1).length

for (const [what, kept] of [
  ['behind its first line', lineBytes],
  ['between two lines', 6 * lineBytes],
  ['inside a line', 6 * lineBytes + 100],
  ['before a line feed', 7 * lineBytes - 1],
] as const)
  test(`a log that lost its end ${what}: what it still holds counts once, and what comes behind it`, async (t) => {
    const { path, follow, commit } = await setUp(t)
    truncateSync(path, kept)
    const follower = follow(commit)
    await follower.idle()
    assert.deepEqual(follower.received, range(1, 10))
    appendFileSync(path, lines(11, 12))
    await follower.look()
    assert.deepEqual(follower.received, range(1, 12))
    const again = follow(await follower.stop())
    appendFileSync(path, lines(13, 30))
    await again.settle()
    assert.deepEqual(again.received, range(1, 30))
    assert.deepEqual(again.losses, [])
    assert.equal(follower.host.lines.filter(({ level }) => level === 'warn').length, 1)
  })

for (const [what, more] of [
  ['shorter', 12],
  ['longer', 40],
] as const)
  test(`a log that lost its end and got another before anybody looked, ${what} than it was`, async (t) => {
    const { path, follow, commit } = await setUp(t)
    truncateSync(path, 4 * lineBytes + 100)
    appendFileSync(path, lines(11, more))
    const follower = follow(commit)
    await follower.settle()
    assert.deepEqual(follower.received, range(1, more))
    assert.deepEqual(follower.losses, [])
  })

test('a position that knows neither first line nor newest flow, as those of before, is one all the same', async (t) => {
  const { path, follow, commit } = await setUp(t)
  const position = JSON.parse(JSON.stringify(commit.position))
  delete position.files[0].newest
  delete position.files[0].head.line
  appendFileSync(path, lines(11, 12))
  const follower = follow({ ...commit, position })
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 12))
})

test('a log of which a page is left, its first line and zeros', async (t) => {
  const { path, follow, commit } = await setUp(t)
  writeFileSync(path, `${lines(1, 1)}${'\0'.repeat(4096 - lineBytes)}${lines(11, 12)}`)
  const follower = follow(commit)
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 12))
})

test('a log that lost its end: the newest flow that was read is not always the last', async (t) => {
  const { path, follow } = await setUp(t)
  writeFileSync(path, lines(1, 2) + numbered(10) + lines(3, 9))
  const commit = await follow().stop()
  truncateSync(path, 6 * lineBytes)
  appendFileSync(path, lines(11, 12))
  const follower = follow(commit)
  await follower.settle()
  assert.deepEqual(follower.received, [1, 2, 10, ...range(3, 9), 11, 12])
})

test('a log that lost its end, and a clock that went back: behind what was read all counts', async (t) => {
  const { path, follow, commit } = await setUp(t)
  truncateSync(path, 9 * lineBytes)
  const early = Array.from({ length: 4 }, (_, n) => numbered(20 + n).replaceAll('2026-01-01', '2025-12-31'))
  appendFileSync(path, early.join(''))
  const follower = follow(commit)
  await follower.settle()
  assert.deepEqual(follower.received, [...range(1, 10), ...range(21, 23)])
})

test('a log that lost its end: what is no flow in it is told once', async (t) => {
  const { path, follow } = await setUp(t)
  const longLine = `${'x'.repeat(5000)}\n`
  writeFileSync(path, `${lines(1, 2)}${'\0'.repeat(3000)}${lines(3, 3)}no flow\n${longLine}${lines(4, 6)}`)
  const first = follow()
  await first.idle()
  const told = [...first.losses]
  const commit = await first.stop()
  truncateSync(path, statSync(path).size - lineBytes - 10)
  appendFileSync(path, lines(11, 12))
  const follower = follow(commit)
  await follower.settle()
  assert.deepEqual(follower.received, [...range(1, 6), 11, 12])
  assert.deepEqual(follower.losses, told)
  assert.deepEqual(
    told.map((loss) => 'reason' in loss && loss.reason),
    ['nul_bytes', 'not_json', 'line_too_long'],
  )
})

test('a log that lost its end while a line over the limit was being read', async (t) => {
  const { path, follow } = await setUp(t)
  writeFileSync(path, lines(1, 4) + 'x'.repeat(6000))
  const commit = await follow().stop()
  truncateSync(path, 3 * lineBytes)
  appendFileSync(path, lines(11, 12))
  const follower = follow(commit)
  await follower.settle()
  assert.deepEqual(follower.received, [...range(1, 4), 11, 12])
})

test('a log that lost its end, on a device that has another number after the restart', async (t) => {
  const { path, follow, commit } = await setUp(t)
  rmSync(path)
  writeFileSync(path, `${lines(1, 6)}${numbered(7).slice(0, 100)}${lines(11, 12)}`)
  const follower = follow(commit)
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 12))
  assert.deepEqual(follower.losses, [])
})

for (const what of ['copied and truncated', 'copied and truncated, and the copy compressed'])
  test(`a log that lost its end, got another, and was ${what}`, async (t) => {
    const { path, follow, commit } = await setUp(t)
    const left = `${lines(1, 6)}${numbered(7).slice(0, 100)}${lines(11, 14)}`
    const backup = backupPath(path, Date.UTC(2026, 0, 1))
    writeFileSync(backup, left)
    writeFileSync(path, lines(15, 16))
    const follower = follow(commit)
    await follower.idle()
    if (what.endsWith('compressed')) {
      writeFileSync(`${backup}.gz`, gzipSync(left))
      rmSync(backup)
    }
    await follower.settle()
    assert.deepEqual(follower.received, range(1, 16))
  })

for (const [what, last] of [
  ['shorter', 12],
  ['longer', 40],
] as const)
  test(`a log that lost its end, got another, and was rotated and compressed while nobody looked, ${what}`, async (t) => {
    const { path, follow, commit } = await setUp(t)
    const backup = backupPath(path, Date.UTC(2026, 0, 1))
    writeFileSync(`${backup}.gz`, gzipSync(`${lines(1, 6)}${numbered(7).slice(0, 100)}${lines(11, last)}`))
    rmSync(path)
    writeFileSync(path, lines(last + 1, last + 2))
    const follower = follow(commit)
    await follower.settle()
    assert.deepEqual(follower.received, range(1, last + 2))
  })

test('a copy of a log of which nothing was wanted holds nothing either', async (t) => {
  const { path } = await setUp(t)
  const follow = (from?: Commit) => {
    const settings = { include: [path], start_at: 'end' }
    const follower = new Follower({ settings, ...(from && { from }) })
    t.after(() => follower.stop())
    return follower
  }
  const commit = await follow().stop()
  writeFileSync(backupPath(path, Date.UTC(2026, 0, 1)), lines(1, 8))
  rmSync(path)
  const follower = follow(commit)
  await follower.settle()
  assert.deepEqual(follower.received, [])
})

test('a restart while a log that lost its end is read again', async (t) => {
  const { path, follow, commit } = await setUp(t)
  truncateSync(path, 8 * lineBytes)
  const follower = follow(await follow(commit).stop())
  await follower.idle()
  truncateSync(path, 5 * lineBytes)
  appendFileSync(path, lines(11, 12))
  await follower.look()
  assert.deepEqual(follower.received, range(1, 12))
})

test('what a log held and nobody had read is a gap when it loses its end', async (t) => {
  const { path, follow, commit } = await setUp(t)
  appendFileSync(path, numbered(11).slice(0, 70))
  const follower = follow(commit)
  await follower.idle()
  truncateSync(path, statSync(path).size - 100)
  await follower.look()
  await follower.look()
  assert.deepEqual(follower.losses, [{ kind: 'gap', bytes: 70 }])
})
