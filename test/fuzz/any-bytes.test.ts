import { test } from 'node:test'
import { fuzzPipeline } from './any-bytes.ts'

test('any bytes at all: no crash, no hang, and the balance closes', { timeout: 60_000 }, async (t) => {
  const seed = Date.now() % 1_000_000
  const files = await fuzzPipeline(seed, 4000)
  t.diagnostic(`seed ${seed}, ${files} files; five minutes of it are npm run test:fuzz`)
})
