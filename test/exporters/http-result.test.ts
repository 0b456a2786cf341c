import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SendResult, wayResult } from '../../src/sdk/index.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

type Statuses = readonly (readonly [
  status: number,
  headers: { readonly [name: string]: string },
  result: SendResult | null,
])[]

function retry(
  cause: 'throttled' | 'unavailable' | 'rejected',
  reason: string,
  afterMs?: number,
): SendResult {
  return { kind: 'retry', cause, reason, ...(afterMs !== undefined && { afterMs }) }
}

/** What a status says whichever backend it is of; null is for the exporter to read. */
const STATUSES: Statuses = [
  [200, {}, null],
  [301, {}, retry('rejected', '301 said; set the endpoint to where it points')],
  [400, {}, null],
  [401, {}, retry('rejected', 'credentials are missing, wrong or expired (401 said)')],
  [403, {}, retry('rejected', 'these credentials are not allowed to write here (403 said)')],
  [404, {}, retry('rejected', 'nothing takes rows at this address; look at the endpoint (404 said)')],
  [405, {}, retry('rejected', 'nothing takes rows at this address; look at the endpoint (405 said)')],
  [407, {}, retry('rejected', 'the proxy wants credentials; put them into the URL of `proxy` (407 said)')],
  [413, {}, { kind: 'too_large', reason: '413 said' }],
  [429, {}, retry('throttled', '429 said')],
  [429, { 'retry-after': '7' }, retry('throttled', '429 said', 7000)],
  [429, { 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, retry('throttled', '429 said', 30_000)],
  [500, {}, null],
  [502, {}, retry('unavailable', '502 said')],
  [503, { 'retry-after': '2' }, retry('unavailable', '503 said', 2000)],
  [504, {}, retry('unavailable', '504 said')],
]

for (const [status, headers, result] of STATUSES)
  test(`${status} ${JSON.stringify(headers)} says of the way: ${result?.kind ?? 'nothing'}`, () => {
    const summary = `${status} said`
    const answer = { kind: 'answer', status, headers, body: new Uint8Array(), summary } as const
    assert.deepEqual(wayResult(answer, NOW_MS), result)
  })

test('no answer is tried again', () => {
  const failure = { kind: 'failure', cause: 'timeout', reason: 'no answer within 3s' } as const
  assert.deepEqual(wayResult(failure, NOW_MS), { ...failure, kind: 'retry' })
})
