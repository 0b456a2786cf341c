import assert from 'node:assert/strict'
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventsLog } from '../../../receivers/events_log/index.ts'
import { pauseUntilEvent } from '../../../receivers/events_log/wake.ts'
import { FLOW_COLUMN_NAMES } from '../../../src/sdk/index.ts'
import { testHost } from '../../support/host.ts'
import { backupPath } from '../../support/rotating-writer.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { lines, range } from './follower.ts'

/** Long enough for a file event on a busy machine. */
const PATIENCE_MS = 5000

async function until(holds: () => boolean, what: string, work: () => void = () => {}): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 50) {
    assert.ok(waitedMs < PATIENCE_MS, what)
    work()
    await sleep(50)
  }
}

/** The receiver as the engine makes it. Its clock stands still, so nothing but file events ends a pause. */
function receiver(include: string, signal: AbortSignal) {
  const host = testHost()
  const received: number[] = []
  const settings = eventsLog.settings.parse({ include: [include] })
  const tail = eventsLog.create({ settings, host, position: null, reads: new Set(FLOW_COLUMN_NAMES) })
  const ended = tail.run(
    {
      next: ({ rows, columns }) => void received.push(...Array.from(rows, (row) => columns.time_ns[row])),
      lost: (loss) => assert.fail(JSON.stringify(loss)),
    },
    signal,
  )
  return { host, received, ended }
}

test('a file event wakes the reader, for lines and for rotations', async (t) => {
  const path = join(tempDir(t), 'events.log')
  const abort = new AbortController()
  const { host, received, ended } = receiver(path, abort.signal)
  const has = (n: number) => () => received.length >= n
  await until(has(3), 'written anew', () => writeFileSync(path, lines(1, 3)))
  assert.deepEqual(received, range(1, 3))
  // After news the next look comes by the clock; only then it listens again.
  await host.clock.advance(1000)
  let touched = 0
  await until(has(5), 'renamed and created', () => {
    if (touched++ > 0) return appendFileSync(path, '\n')
    renameSync(path, backupPath(path, 1))
    writeFileSync(path, lines(4, 5))
  })
  assert.deepEqual(received, range(1, 5))
  abort.abort()
  await ended
})

test('what file events miss, polling finds', async (t) => {
  const path = join(tempDir(t), 'events.log')
  const abort = new AbortController()
  // A folder that is not there when the pause begins cannot be watched.
  const { host, received, ended } = receiver(path, abort.signal)
  await sleep(20)
  writeFileSync(path, lines(1, 3))
  await until(
    () => received.length === 3,
    'polled',
    () => void host.clock.advance(1000),
  )
  abort.abort()
  await ended
})

test('a pause ends at once when the reader is stopped', async (t) => {
  const folder = tempDir(t)
  const abort = new AbortController()
  const paused = pauseUntilEvent(testHost())(60_000, [folder], abort.signal)
  await sleep(20)
  abort.abort()
  await paused
})

test('a folder that cannot be watched leaves it to the clock', async (t) => {
  const host = testHost()
  let isOver = false
  const missing = join(tempDir(t), 'nothing', 'here')
  const paused = pauseUntilEvent(host)(1000, [missing], new AbortController().signal).then(() => {
    isOver = true
  })
  await until(
    () => isOver,
    'the clock ends it',
    () => void host.clock.advance(1000),
  )
  await paused
})
