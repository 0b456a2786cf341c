import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfterMs } from '../../src/http/retry-after.ts'

const NOW_MS = Date.UTC(2026, 0, 1, 12, 0, 0)

const HEADERS: readonly (readonly [header: string | undefined, waitMs: number | undefined])[] = [
  ['120', 120_000],
  [' 1 ', 1000],
  ['0', 0],
  ['1.5', 1500],
  ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2026 11:59:00 GMT', 0],
  ['Thu, 01 Jan 2099 12:00:00 GMT', 86_400_000],
  ['999999999', 86_400_000],
  ['soon', undefined],
  ['-5x', undefined],
  ['', undefined],
  [undefined, undefined],
]

for (const [header, waitMs] of HEADERS)
  test(`Retry-After "${header}" asks to wait ${waitMs} ms`, () => {
    assert.equal(retryAfterMs(header, NOW_MS), waitMs)
  })
