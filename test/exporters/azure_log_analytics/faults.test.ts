import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SendResult } from '../../../src/sdk/index.ts'
import { selfSigned } from '../../support/certificates.ts'
import type { Answer } from '../../support/faulty-server.ts'
import { row } from '../../support/rows.ts'
import { error, logsApi, senderTo, tokens } from './world.ts'

const NEVER = new AbortController().signal
const ROLE =
  'give its identity the role "Monitoring Metrics Publisher" on the data collection rule; a new assignment can take 30 minutes to work'

/** The clock of `testHost` stands at 2026-01-01T00:00:00Z. */
const FAULTS: readonly (readonly [what: string, answer: Answer, result: SendResult])[] = [
  [
    '429 with seconds',
    error(429, 'TooManyRequests', 'slow down', { 'retry-after': '7' }),
    { kind: 'retry', cause: 'throttled', reason: '429 TooManyRequests slow down', afterMs: 7000 },
  ],
  [
    '429 with a date',
    error(429, 'TooManyRequests', 'slow down', { 'retry-after': 'Thu, 01 Jan 2026 00:01:30 GMT' }),
    { kind: 'retry', cause: 'throttled', reason: '429 TooManyRequests slow down', afterMs: 90_000 },
  ],
  [
    '429 with a date that has passed',
    error(429, 'TooManyRequests', 'slow down', { 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }),
    { kind: 'retry', cause: 'throttled', reason: '429 TooManyRequests slow down', afterMs: 0 },
  ],
  [
    '503 with seconds',
    error(503, 'ServiceUnavailable', 'try later', { 'retry-after': '3' }),
    { kind: 'retry', cause: 'unavailable', reason: '503 ServiceUnavailable try later', afterMs: 3000 },
  ],
  [
    '500',
    error(500, 'InternalServerError', 'oops'),
    { kind: 'retry', cause: 'unavailable', reason: '500 InternalServerError oops' },
  ],
  [
    '408',
    error(408, 'RequestTimeout', 'oops'),
    { kind: 'retry', cause: 'timeout', reason: '408 RequestTimeout oops' },
  ],
  [
    '413',
    error(413, 'ContentLengthLimitExceeded', 'Maximum allowed content length: 1048576 bytes'),
    {
      kind: 'too_large',
      reason: '413 ContentLengthLimitExceeded Maximum allowed content length: 1048576 bytes',
    },
  ],
  [
    'a body that was broken off, being too large',
    error(400, 'TimeoutExpired', 'ReadyBody_ClientConnectionAbort'),
    { kind: 'too_large', reason: '400 TimeoutExpired ReadyBody_ClientConnectionAbort' },
  ],
  [
    'too long a span of time',
    error(400, 'RecordsTimeRangeIsMoreThan30Minutes', 'the records span 40 minutes'),
    { kind: 'too_large', reason: '400 RecordsTimeRangeIsMoreThan30Minutes the records span 40 minutes' },
  ],
  [
    '400',
    error(400, 'InvalidPayload', 'column Reply is not a boolean'),
    { kind: 'refused', reason: '400 InvalidPayload column Reply is not a boolean' },
  ],
  [
    '400 with the code in a header only',
    { status: 400, headers: { 'x-ms-error-code': 'InvalidPayload' } },
    { kind: 'refused', reason: '400 InvalidPayload Unexpected status code: 400' },
  ],
  [
    '401',
    error(401, 'Unauthorized', 'wrong audience'),
    {
      kind: 'retry',
      cause: 'rejected',
      reason:
        '401 Unauthorized wrong audience; the token is not for this endpoint; look at `auth` and `cloud`',
    },
  ],
  [
    '403',
    error(403, 'OperationFailed', 'no access to ingest data'),
    { kind: 'retry', cause: 'rejected', reason: `403 OperationFailed no access to ingest data; ${ROLE}` },
  ],
  [
    '404',
    error(404, 'NotFound', 'no such rule'),
    {
      kind: 'retry',
      cause: 'rejected',
      reason: '404 NotFound no such rule; look at `endpoint`, `rule_id` and `stream`',
    },
  ],
  [
    'the page of another server',
    { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' },
    {
      kind: 'retry',
      cause: 'unavailable',
      reason:
        '200 Unexpected status code: 200; the API answers 204; is `endpoint` a logs ingestion endpoint?',
    },
  ],
]

for (const [what, answer, expected] of FAULTS)
  test(`${what} is told as it is, after one request`, async (t) => {
    const { url, requests } = await logsApi(t, [answer])
    const sender = senderTo(url)
    const [payload] = sender.encode([row()])
    assert.deepEqual(await sender.send(payload, NEVER), expected)
    assert.equal(requests.length, 1)
    assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' }, 'and then it goes on')
  })

test('a certificate that nobody vouches for is not taken', async (t) => {
  const { url, requests } = await logsApi(t)
  const sender = senderTo(url, { ca: selfSigned().cert })
  const [payload] = sender.encode([row()])
  const result = await sender.send(payload, NEVER)
  assert.ok(result.kind === 'retry' && result.cause === 'network', JSON.stringify(result))
  assert.match(result.reason, /certificate/)
  assert.equal(requests.length, 0)
})

test('a token that never comes does not outlive the attempt, and another one is asked for', async (t) => {
  const { url } = await logsApi(t)
  let asked = 0
  const sender = senderTo(url, {
    credential: async () => (asked++ === 0 ? { getToken: () => new Promise(() => {}) } : tokens('second')()),
  })
  const [payload] = sender.encode([row()])
  await assert.rejects(sender.send(payload, AbortSignal.timeout(50)), { name: 'TimeoutError' })
  assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' })
})

test('an identity that has no token says why, and is asked again', async (t) => {
  const { url } = await logsApi(t)
  let isThere = false
  const sender = senderTo(url, {
    credential: async () => {
      if (!isThere) throw new Error('WorkloadIdentityCredential is unavailable:\n no token file')
      return tokens('late')()
    },
  })
  const [payload] = sender.encode([row()])
  assert.deepEqual(await sender.send(payload, NEVER), {
    kind: 'retry',
    cause: 'rejected',
    reason: 'no token from Entra ID: WorkloadIdentityCredential is unavailable: no token file',
  })
  isThere = true
  assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' })
})
