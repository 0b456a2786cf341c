import { type TestContext, test } from 'node:test'
import { PowerDisk } from '../support/power-disk.ts'
import { tempDir } from '../support/temp-dir.ts'
import { killLoop } from './kill-loop.ts'
import { loseLog } from './lost-log.ts'

test('kill -9 at random moments, log rotation included, loses no flow and counts none twice', async (t) => {
  await killLoop({ ...tracked(t), kills: 25 })
})

test('a power cut at random moments loses no flow and counts none twice, with durability: power', {
  skip: PowerDisk.missing,
}, async (t) => {
  await killLoop({ ...tracked(t), disk: PowerDisk.of(t), kills: 20 })
})

test('a log that loses its end in a power cut counts once, whatever is written behind it', {
  skip: PowerDisk.missing,
}, async (t) => {
  await loseLog({ ...tracked(t), disk: PowerDisk.of(t), cuts: 12 })
})

/** A folder, a seed that is told, and somebody to tell how far it is. */
function tracked(t: TestContext) {
  const seed = Date.now() % 1_000_000
  const progress = (text: string) => t.diagnostic(text)
  progress(`seed ${seed}; the long version is npm run test:crash`)
  return { dir: tempDir(t), seed, progress }
}
