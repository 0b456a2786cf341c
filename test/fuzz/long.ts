import { test } from 'node:test'
import { fuzzPipeline } from './any-bytes.ts'
import { fuzzKernelBytes } from './kernel-bytes.ts'

const DURATION_MS = 5 * 60_000

test('five minutes of any bytes: no crash, no hang, and the balance closes', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const files = await fuzzPipeline(seed, DURATION_MS)
  process.stdout.write(`${files} files\n`)
})

test('five minutes of any frames of an agent: no crash, and every record is a flow or counted', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const { frames, records, flows } = fuzzKernelBytes(seed, DURATION_MS)
  process.stdout.write(`${frames} frames, ${records} records, ${flows} flows\n`)
})
