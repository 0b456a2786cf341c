import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SendResult } from '../../../src/sdk/index.ts'
import { type Answer, faultyServer, refusingUrl } from '../../support/faulty-server.ts'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { otlpSender, payloadOf } from './world.ts'

const NEVER = new AbortController().signal
const ROWS = [1, 2, 3].map((n) => row({ UUID: `row-${n}` }))
const IN_30_S = new Date(Date.UTC(2026, 0, 1, 0, 0, 30)).toUTCString()

/** ExportLogsServiceResponse { partial_success { rejected_log_records: 2, error_message: "too old" } } */
const PARTIAL_PROTO = Buffer.from([10, 11, 8, 2, 18, 7, ...Buffer.from('too old')])
const WARNING_PROTO = Buffer.from([10, 6, 18, 4, ...Buffer.from('slow')])

const FAULTS: readonly (readonly [what: string, answer: Answer, result: SendResult])[] = [
  ['200', { status: 200 }, { kind: 'accepted' }],
  ['204', { status: 204 }, { kind: 'accepted' }],
  [
    '429 with seconds',
    { status: 429, headers: { 'retry-after': '7' } },
    { kind: 'retry', cause: 'throttled', reason: '429 Too Many Requests', afterMs: 7000 },
  ],
  [
    '429 with a date',
    { status: 429, headers: { 'retry-after': IN_30_S } },
    { kind: 'retry', cause: 'throttled', reason: '429 Too Many Requests', afterMs: 30_000 },
  ],
  ['429', { status: 429 }, { kind: 'retry', cause: 'throttled', reason: '429 Too Many Requests' }],
  ['502', { status: 502 }, { kind: 'retry', cause: 'unavailable', reason: '502 Bad Gateway' }],
  [
    '503 with seconds',
    { status: 503, headers: { 'retry-after': '2' }, body: 'starting' },
    { kind: 'retry', cause: 'unavailable', reason: '503 Service Unavailable: starting', afterMs: 2000 },
  ],
  ['504', { status: 504 }, { kind: 'retry', cause: 'unavailable', reason: '504 Gateway Timeout' }],
  ['500', { status: 500, body: 'oops' }, { kind: 'refused', reason: '500 Internal Server Error: oops' }],
  ['400', { status: 400, body: 'bad data' }, { kind: 'refused', reason: '400 Bad Request: bad data' }],
  ['408', { status: 408 }, { kind: 'refused', reason: '408 Request Timeout' }],
  ['413', { status: 413 }, { kind: 'too_large', reason: '413 Payload Too Large' }],
  [
    '401',
    { status: 401 },
    {
      kind: 'retry',
      cause: 'rejected',
      reason: 'credentials are missing, wrong or expired (401 Unauthorized)',
    },
  ],
  [
    '403',
    { status: 403 },
    {
      kind: 'retry',
      cause: 'rejected',
      reason: 'these credentials are not allowed to write here (403 Forbidden)',
    },
  ],
  [
    '404',
    { status: 404 },
    {
      kind: 'retry',
      cause: 'rejected',
      reason: 'nothing takes rows at this address; look at the endpoint (404 Not Found)',
    },
  ],
  [
    'a redirect',
    { status: 301, headers: { location: '/login' } },
    {
      kind: 'retry',
      cause: 'rejected',
      reason: '301 Moved Permanently; set the endpoint to where it points',
    },
  ],
  [
    'a web page',
    { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<p>hello' },
    {
      kind: 'retry',
      cause: 'rejected',
      reason: 'the endpoint answers with a web page, not as OTLP does (200 OK: <p>hello)',
    },
  ],
  [
    'partial success',
    { status: 200, body: PARTIAL_PROTO },
    { kind: 'partial', refusedRows: 2, reason: 'too old' },
  ],
  ['a success that nobody can read', { status: 200, body: 'ok' }, { kind: 'accepted' }],
]

for (const [what, answer, result] of FAULTS)
  test(`the backend answers ${what}: ${result.kind}`, async (t) => {
    const server = await faultyServer(t, [answer])
    const sender = otlpSender(t, { endpoint: server.url })
    assert.deepEqual(await sender.send(payloadOf(sender, ROWS), NEVER), result)
  })

test('partial success of JSON counts in text', async (t) => {
  const body = JSON.stringify({ partialSuccess: { rejectedLogRecords: '2', errorMessage: 'too old' } })
  const server = await faultyServer(t, [{ status: 200, body }])
  const sender = otlpSender(t, { endpoint: server.url, encoding: 'json' })
  assert.deepEqual(await sender.send(payloadOf(sender, ROWS), NEVER), {
    kind: 'partial',
    refusedRows: 2,
    reason: 'too old',
  })
})

test('a warning with a success is told once', async (t) => {
  const host = testHost()
  const server = await faultyServer(t, [{ status: 200, body: WARNING_PROTO }])
  const sender = otlpSender(t, { endpoint: server.url }, host)
  for (let i = 0; i < 3; i++)
    assert.deepEqual(await sender.send(payloadOf(sender, ROWS), NEVER), { kind: 'accepted' })
  assert.deepEqual(
    host.lines.map(({ level, fields }) => [level, fields.warning]),
    [['warn', 'slow']],
  )
})

test('a refused connection is tried again', async (t) => {
  const endpoint = await refusingUrl()
  const sender = otlpSender(t, { endpoint })
  assert.deepEqual(await sender.send(payloadOf(sender, ROWS), NEVER), {
    kind: 'retry',
    cause: 'network',
    reason: `connection refused by ${new URL(endpoint).host}`,
  })
})

for (const answer of ['reset', 'half'] as const)
  test(`a connection that is cut (${answer}) is tried again, and the rows are the same`, async (t) => {
    const server = await faultyServer(t, [answer, { status: 200 }])
    const sender = otlpSender(t, { endpoint: server.url })
    const payload = payloadOf(sender, ROWS)
    const { kind, ...result } = await sender.send(payload, NEVER)
    assert.equal(kind, 'retry')
    assert.equal('cause' in result && result.cause, 'network')
    assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' })
    assert.deepEqual(server.requests[0].body, server.requests[1].body)
  })

test('an answer that comes too late is tried again', async (t) => {
  const host = testHost()
  const server = await faultyServer(t, ['silence'])
  const sender = otlpSender(t, { endpoint: server.url, timeout: '3s' }, host)
  const result = sender.send(payloadOf(sender, ROWS), NEVER)
  await server.seen()
  await host.clock.advance(3000)
  assert.deepEqual(await result, {
    kind: 'retry',
    cause: 'timeout',
    reason: `no answer from ${new URL(server.url).host} within 3s`,
  })
})

test('an attempt that is called off rejects', async (t) => {
  const server = await faultyServer(t, ['silence'])
  const sender = otlpSender(t, { endpoint: server.url })
  const abort = new AbortController()
  const result = sender.send(payloadOf(sender, ROWS), abort.signal)
  await server.seen()
  abort.abort(new Error('stopping'))
  await assert.rejects(result, /stopping/)
})

test('a token that was renewed in its file is used', async (t) => {
  const host = testHost()
  const file = join(tempDir(t), 'token')
  writeFileSync(file, 'first-token\n')
  const server = await faultyServer(t, [
    ({ headers }) => ({ status: headers.authorization === 'Bearer second-token' ? 200 : 401 }),
  ])
  const sender = otlpSender(t, { endpoint: server.url, token_file: file }, host)
  const payload = payloadOf(sender, ROWS)
  const refused = await sender.send(payload, NEVER)
  assert.equal(refused.kind === 'retry' && refused.cause, 'rejected')
  writeFileSync(file, 'second-token\n')
  await host.clock.advance(1000)
  assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' })
})

test('a header of the settings replaces what we would send', async (t) => {
  const server = await faultyServer(t, [{ status: 200 }])
  const headers = { Authorization: 'Basic abc', 'User-Agent': 'edge' }
  const sender = otlpSender(t, { endpoint: server.url, token: 'the-token-itself', headers })
  await sender.send(payloadOf(sender, ROWS), NEVER)
  assert.equal(server.requests[0].headers.authorization, 'Basic abc')
  assert.equal(server.requests[0].headers['user-agent'], 'edge')
})

for (const encoding of ['proto', 'json'])
  test(`a probe in ${encoding} asks with no rows`, async (t) => {
    const server = await faultyServer(t, [{ status: 200 }, { status: 401 }])
    const sender = otlpSender(t, { endpoint: server.url, encoding, compression: 'none' })
    assert.deepEqual(await sender.probe(NEVER), { kind: 'accepted' })
    assert.equal(server.requests[0].body.toString(), encoding === 'json' ? '{"resourceLogs":[]}' : '')
    const refused = await sender.probe(NEVER)
    assert.equal(refused.kind === 'retry' && refused.cause, 'rejected')
  })

test('a backend that repeats what it was sent gives no secret away', async (t) => {
  const host = testHost()
  const server = await faultyServer(t, [
    ({ headers }) => ({ status: 400, body: JSON.stringify(headers) }),
    ({ headers }) => {
      const partialSuccess = { rejectedLogRecords: 0, errorMessage: JSON.stringify(headers) }
      return { status: 200, body: JSON.stringify({ partialSuccess }) }
    },
  ])
  const settings = { token: 'the-token-itself', headers: { 'x-api-key': 'the-key-itself' }, encoding: 'json' }
  const sender = otlpSender(t, { endpoint: server.url, ...settings }, host)
  const said: unknown[] = [await sender.send(payloadOf(sender, ROWS), NEVER)]
  said.push(await sender.send(payloadOf(sender, ROWS), NEVER), host.lines)
  assert.equal(server.requests[0].headers.authorization, 'Bearer the-token-itself')
  assert.equal(server.requests[0].headers['x-api-key'], 'the-key-itself')
  assert.match(JSON.stringify(said), /x-api-key.*x-api-key/)
  assert.doesNotMatch(JSON.stringify(said), /the-token-itself|the-key-itself/)
})
