import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventsLog } from '../../../receivers/events_log/index.ts'
import { FLOW_COLUMN_NAMES, type Json } from '../../../src/sdk/index.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { testHost } from '../../support/host.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { range } from './follower.ts'

const LINES = 6000

for (const compress of ['plain', 'compress'])
  test(`a live writer that rotates, ${compress}, against a reader that dies again and again`, async (t) => {
    const path = join(tempDir(t), 'events.log')
    const writer = fork(join(import.meta.dirname, 'live-writer.ts'), [path, String(LINES), compress])
    t.after(() => writer.kill())
    let isWriting = true
    const written = once(writer, 'exit').then(([code]) => {
      isWriting = false
      assert.equal(code, 0)
    })
    let committed: { position: Json | null; received: number[] } = { position: null, received: [] }
    let lives = 0
    for (let last = false; !last; lives++) {
      last = !isWriting
      committed = await live(path, committed, { last, forMs: 30 + ((lives * 53) % 200) })
    }
    await written
    assert.ok(lives > 3, `${lives} lives`)
    assert.deepEqual(faults(committed.received), { missing: [], twice: [], outOfOrder: [] })
  })

/** One life of the receiver; only what was committed in it survives, and it is not asked before it dies. */
async function live(
  path: string,
  { position, received }: { position: Json | null; received: readonly number[] },
  { last, forMs }: { readonly last: boolean; readonly forMs: number },
) {
  const host = { ...testHost(), clock: systemClock }
  const settings = { include: [path], poll_interval: '10ms', batch_bytes: '16KiB', stop_at_end: last }
  const tail = eventsLog.create({
    settings: eventsLog.settings.parse(settings),
    host,
    position,
    reads: new Set(FLOW_COLUMN_NAMES),
  })
  const abort = new AbortController()
  const sofar = [...received]
  let committed = { position, received: sofar.slice() }
  const ended = tail.run(
    {
      next({ rows, columns }) {
        for (const row of rows) sofar.push(columns.time_ns[row])
        if (last || Math.random() < 0.7)
          committed = { position: copy(tail.position()), received: sofar.slice() }
        return systemClock.breathe()
      },
      lost: (loss) => assert.fail(JSON.stringify(loss)),
    },
    abort.signal,
  )
  if (!last) {
    await Promise.race([ended, sleep(forMs)])
    abort.abort()
  }
  await ended
  return committed
}

function faults(received: readonly number[]) {
  const arrived = new Set(received)
  return {
    missing: range(1, LINES).filter((n) => !arrived.has(n)),
    twice: received.filter((n, index) => received.indexOf(n) !== index),
    outOfOrder: received.filter((n, index) => n < received[index - 1]),
  }
}

function copy(position: Json): Json {
  return JSON.parse(JSON.stringify(position)) as Json
}
