import { test } from 'node:test'
import { PowerDisk } from '../support/power-disk.ts'
import { tempDir } from '../support/temp-dir.ts'
import { killLoop } from './kill-loop.ts'
import { loseLog } from './lost-log.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const progress = (text: string) => void process.stdout.write(`${text}\n`)
progress(`seed ${seed}`)

test('1,000 times kill -9 at random moments', async (t) => {
  await killLoop({ dir: tempDir(t), kills: 1000, seed, progress })
})

test('200 power cuts at random moments', { skip: PowerDisk.missing }, async (t) => {
  await killLoop({ dir: tempDir(t), disk: PowerDisk.of(t), kills: 200, seed, progress })
})

test('200 power cuts that take the end of the log along', { skip: PowerDisk.missing }, async (t) => {
  await loseLog({ disk: PowerDisk.of(t), dir: tempDir(t), cuts: 200, seed, progress })
})
