import { test } from 'node:test'
import { fuzzPipeline } from './any-bytes.ts'

const DURATION_MS = 5 * 60_000

test('five minutes of any bytes: no crash, no hang, and the balance closes', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const files = await fuzzPipeline(seed, DURATION_MS)
  process.stdout.write(`${files} files\n`)
})
