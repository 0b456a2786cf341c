import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzKernelBytes } from './kernel-bytes.ts'

test('any frames of an agent, and any heads in them: no crash, and every record is a flow or counted', (t) => {
  const seed = Date.now() % 1_000_000
  const { frames, records, flows } = fuzzKernelBytes(seed, 3000)
  assert.ok(records > 0 && flows > 0)
  t.diagnostic(
    `seed ${seed}, ${frames} frames, ${records} records, ${flows} flows; five minutes of it are npm run test:fuzz`,
  )
})
