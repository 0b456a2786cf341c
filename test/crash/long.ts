import { test } from 'node:test'
import { tempDir } from '../support/temp-dir.ts'
import { killLoop } from './kill-loop.ts'

test('1,000 times kill -9 at random moments', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  await killLoop({
    dir: tempDir(t),
    kills: 1000,
    seed,
    progress: (text) => process.stdout.write(`${text}\n`),
  })
})
