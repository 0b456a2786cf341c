import { test } from 'node:test'
import { PowerDisk } from '../support/power-disk.ts'
import { tempDir } from '../support/temp-dir.ts'
import { killLoop } from './kill-loop.ts'
import { loseLog } from './lost-log.ts'

test('kill -9 at random moments, log rotation included, loses no flow and counts none twice', async (t) => {
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}; the long version is npm run test:crash`)
  await killLoop({ dir: tempDir(t), kills: 25, seed, progress: (text) => t.diagnostic(text) })
})

test('a power cut at random moments loses no flow and counts none twice, with durability: power', {
  skip: PowerDisk.missing,
}, async (t) => {
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}; the long version is npm run test:crash`)
  const disk = PowerDisk.of(t)
  await killLoop({ dir: tempDir(t), disk, kills: 20, seed, progress: (text) => t.diagnostic(text) })
})

test('a log that loses its end in a power cut counts once, whatever is written behind it', {
  skip: PowerDisk.missing,
}, async (t) => {
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}; the long version is npm run test:crash`)
  const disk = PowerDisk.of(t)
  await loseLog({ disk, dir: tempDir(t), cuts: 12, seed, progress: (text) => t.diagnostic(text) })
})
