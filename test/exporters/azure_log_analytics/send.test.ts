import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SendResult } from '../../../src/sdk/index.ts'
import { testCertificate } from '../../support/certificate.ts'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { answer, type Behaviour, LogsApi, RULE, STREAM, tokens } from './logs-api.ts'

const ROLE =
  'give its identity the role "Monitoring Metrics Publisher" on the data collection rule; a new assignment can take 30 minutes to work'

/** The clock of `testHost` stands at 2026-01-01T00:00:00Z. */
const ANSWERS: readonly [what: string, behaviour: Behaviour, result: SendResult][] = [
  [
    'is busy, and says for how many seconds',
    answer(429, 'TooManyRequests', 'slow down', { 'retry-after': '7' }),
    { kind: 'retry', cause: 'throttled', reason: '429 TooManyRequests slow down', afterMs: 7000 },
  ],
  [
    'is busy, and says until when',
    answer(429, 'TooManyRequests', 'slow down', { 'retry-after': 'Thu, 01 Jan 2026 00:01:30 GMT' }),
    { kind: 'retry', cause: 'throttled', reason: '429 TooManyRequests slow down', afterMs: 90_000 },
  ],
  [
    'is busy, until a time that has passed',
    answer(429, 'TooManyRequests', 'slow down', { 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }),
    { kind: 'retry', cause: 'throttled', reason: '429 TooManyRequests slow down', afterMs: 0 },
  ],
  [
    'is out of service',
    answer(503, 'ServiceUnavailable', 'try later', { 'retry-after': '3' }),
    { kind: 'retry', cause: 'unavailable', reason: '503 ServiceUnavailable try later', afterMs: 3000 },
  ],
  [
    'fails',
    answer(500, 'InternalServerError', 'oops'),
    { kind: 'retry', cause: 'unavailable', reason: '500 InternalServerError oops' },
  ],
  [
    'takes too long for itself',
    answer(408, 'RequestTimeout', 'oops'),
    { kind: 'retry', cause: 'timeout', reason: '408 RequestTimeout oops' },
  ],
  [
    'finds the payload too large',
    answer(413, 'ContentLengthLimitExceeded', 'Maximum allowed content length: 1048576 bytes'),
    {
      kind: 'too_large',
      reason: '413 ContentLengthLimitExceeded Maximum allowed content length: 1048576 bytes',
    },
  ],
  [
    'breaks off a body that is too large',
    answer(400, 'TimeoutExpired', 'ReadyBody_ClientConnectionAbort'),
    { kind: 'too_large', reason: '400 TimeoutExpired ReadyBody_ClientConnectionAbort' },
  ],
  [
    'finds the span of time too long',
    answer(400, 'RecordsTimeRangeIsMoreThan30Minutes', 'the records span 40 minutes'),
    { kind: 'too_large', reason: '400 RecordsTimeRangeIsMoreThan30Minutes the records span 40 minutes' },
  ],
  [
    'cannot read the rows',
    answer(400, 'InvalidPayload', 'column Reply is not a boolean'),
    { kind: 'refused', reason: '400 InvalidPayload column Reply is not a boolean' },
  ],
  [
    'knows no such token',
    answer(401, 'Unauthorized', 'wrong audience'),
    {
      kind: 'retry',
      cause: 'rejected',
      reason:
        '401 Unauthorized wrong audience; the token is not for this endpoint; look at `auth` and `cloud`',
    },
  ],
  [
    'misses the role',
    answer(403, 'OperationFailed', 'no access to ingest data'),
    { kind: 'retry', cause: 'rejected', reason: `403 OperationFailed no access to ingest data; ${ROLE}` },
  ],
  [
    'knows no such rule',
    answer(404, 'NotFound', 'no such rule'),
    {
      kind: 'retry',
      cause: 'rejected',
      reason: '404 NotFound no such rule; look at `endpoint`, `rule_id` and `stream`',
    },
  ],
  [
    'is another server altogether',
    (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'),
    {
      kind: 'retry',
      cause: 'unavailable',
      reason:
        '200 Unexpected status code: 200; the API answers 204; is `endpoint` a logs ingestion endpoint?',
    },
  ],
  [
    'names the error in a header only',
    (response) => void response.writeHead(400, { 'x-ms-error-code': 'InvalidPayload' }).end(),
    { kind: 'refused', reason: '400 InvalidPayload Unexpected status code: 400' },
  ],
]

for (const [what, behaviour, expected] of ANSWERS)
  test(`a backend that ${what}`, async (t) => {
    const api = await LogsApi.start(t)
    const sender = api.sender()
    api.next.push(behaviour)
    const [payload] = sender.encode([row()])
    assert.deepEqual(await sender.send(payload, never()), expected)
    assert.deepEqual(await sender.send(payload, never()), { kind: 'accepted' }, 'and then it goes on')
    assert.equal(api.rows.length, 1, 'one attempt is one request')
  })

test('a payload arrives as one request, at the rule, with a token, as it was encoded', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  const rows = [row({ UUID: 'a' }), row({ UUID: 'b', DestinationPodName: 'pöd' })]
  const [payload] = sender.encode(rows)
  assert.deepEqual(await sender.send(payload, never()), { kind: 'accepted' })
  assert.deepEqual(
    api.received.map(({ path, token, bytes }) => ({ path, token, bytes })),
    [
      {
        path: `/dataCollectionRules/${RULE}/streams/${STREAM}?api-version=2023-01-01`,
        token: 'Bearer token-1',
        bytes: payload.body.length,
      },
    ],
  )
  assert.deepEqual(
    api.rows,
    rows.map((one) => ({ ...one, FirstFlowTime: one.TimeGenerated })),
  )
})

test('payloads that are under way together do not mix', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  const payloads = Array.from({ length: 20 }, (_, i) => [...sender.encode([row({ UUID: `${i}` })])][0])
  const results = await Promise.all(payloads.map((payload) => sender.send(payload, never())))
  assert.ok(results.every(({ kind }) => kind === 'accepted'))
  assert.deepEqual(
    api.rows.map(({ UUID }) => Number(UUID)).sort((a, b) => a - b),
    [...Array(20).keys()],
  )
})

test('nobody listens', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  api.stop()
  const [payload] = sender.encode([row()])
  const result = await sender.send(payload, never())
  assert.ok(result.kind === 'retry' && result.cause === 'network', JSON.stringify(result))
  assert.match(result.reason, /^no answer: connect ECONNREFUSED 127\.0\.0\.1/)
})

test('the connection breaks half-way through the answer', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  api.next.push((response) => {
    response.writeHead(500, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"error":')
    setImmediate(() => response.destroy())
  })
  const [payload] = sender.encode([row()])
  const result = await sender.send(payload, never())
  assert.ok(result.kind === 'retry' && result.cause === 'network', JSON.stringify(result))
})

test('the connection breaks before the answer', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  api.next.push((response) => void response.destroy())
  const [payload] = sender.encode([row()])
  const result = await sender.send(payload, never())
  assert.ok(result.kind === 'retry' && result.cause === 'network', JSON.stringify(result))
})

test('a certificate that nobody vouches for is not taken', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender({ ca: testCertificate().cert })
  const [payload] = sender.encode([row()])
  const result = await sender.send(payload, never())
  assert.ok(result.kind === 'retry' && result.cause === 'network', JSON.stringify(result))
  assert.match(result.reason, /certificate/)
  assert.equal(api.received.length, 0)
})

test('an attempt that is called off is never taken for delivered', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  const [payload] = sender.encode([row()])
  await assert.rejects(sender.send(payload, AbortSignal.abort(new Error('timeout'))), /timeout/)
  const abort = new AbortController()
  api.next.push(() => abort.abort(new Error('timeout')))
  await assert.rejects(sender.send(payload, abort.signal), /timeout/, 'while it waits for the answer')
  assert.equal(api.received.length, 0)
})

test('an attempt that is called off while the answer is on its way is tried again', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  const [payload] = sender.encode([row()])
  const abort = new AbortController()
  api.next.push((response) => {
    response.writeHead(204).end()
    abort.abort(new Error('timeout'))
  })
  await assert.rejects(sender.send(payload, abort.signal), /timeout/)
})

test('a token that never comes does not outlive the attempt', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender({ credential: async () => ({ getToken: () => new Promise(() => {}) }) })
  const [payload] = sender.encode([row()])
  await assert.rejects(sender.send(payload, AbortSignal.timeout(50)), { name: 'TimeoutError' })
})

test('after a refused token comes a new one', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender({ credential: tokens('expired', 'renewed') })
  api.next.push(answer(401, 'Unauthorized', 'expired'))
  const [payload] = sender.encode([row()])
  assert.equal((await sender.send(payload, never())).kind, 'retry')
  assert.equal((await sender.send(payload, never())).kind, 'accepted')
  assert.deepEqual(
    api.received.map(({ token }) => token),
    ['Bearer renewed'],
  )
})

test('an identity that has no token says why, and is asked again', async (t) => {
  const api = await LogsApi.start(t)
  let isThere = false
  const sender = api.sender({
    credential: async () => {
      if (!isThere) throw new Error('WorkloadIdentityCredential is unavailable:\n no token file')
      return { getToken: async () => ({ token: 'late', expiresOnTimestamp: Date.now() + 3_600_000 }) }
    },
  })
  const [payload] = sender.encode([row()])
  assert.deepEqual(await sender.send(payload, never()), {
    kind: 'retry',
    cause: 'rejected',
    reason: 'no token from Entra ID: WorkloadIdentityCredential is unavailable: no token file',
  })
  isThere = true
  assert.deepEqual(await sender.send(payload, never()), { kind: 'accepted' })
})

test('a probe is let in like rows, and leaves none', async (t) => {
  const api = await LogsApi.start(t)
  const sender = api.sender()
  assert.deepEqual(await sender.probe(never()), { kind: 'accepted' })
  assert.deepEqual(
    api.received.map(({ path, token, rows }) => ({ path, token, rows })),
    [
      {
        path: `/dataCollectionRules/${RULE}/streams/${STREAM}?api-version=2023-01-01`,
        token: 'Bearer token-1',
        rows: [],
      },
    ],
  )
  api.next.push(answer(403, 'OperationFailed', 'no access to ingest data'))
  const result = await sender.probe(never())
  assert.ok(result.kind === 'retry' && result.reason.endsWith(ROLE), JSON.stringify(result))
})

test('rows whose time Azure replaces are counted, and told of once', async (t) => {
  const api = await LogsApi.start(t)
  const host = testHost()
  const sender = api.sender({ host })
  const days = [-3, -1.9, 0, 0.9, 1.1].map((day) =>
    new Date(host.clock.now() + day * 86_400_000).toISOString(),
  )
  for (const TimeGenerated of [...days, ...days])
    for (const payload of sender.encode([row({ TimeGenerated })])) await sender.send(payload, never())
  assert.equal(host.metric('azure_log_analytics_restamped_rows_total'), 4)
  assert.deepEqual(
    host.lines.map(({ level, fields }) => ({ level, time: fields.time })),
    [{ level: 'warn', time: days[0] }],
  )
  assert.deepEqual(
    api.rows.map(({ FirstFlowTime }) => FirstFlowTime),
    [...days, ...days],
  )
})

/** An attempt with all the time in the world. */
function never(): AbortSignal {
  return new AbortController().signal
}
