import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SendResult } from '../../../src/sdk/index.ts'
import { type Answer, faultyServer } from '../../support/faulty-server.ts'
import { testHost } from '../../support/host.ts'
import { NEVER, payloadOf } from '../../support/payloads.ts'
import { row } from '../../support/rows.ts'
import { otlpSender } from './world.ts'

const ROWS = [1, 2, 3].map((n) => row({ UUID: `row-${n}` }))

/** ExportLogsServiceResponse { partial_success { rejected_log_records: 2, error_message: "too old" } } */
const PARTIAL_PROTO = Buffer.from([10, 11, 8, 2, 18, 7, ...Buffer.from('too old')])
const WARNING_PROTO = Buffer.from([10, 6, 18, 4, ...Buffer.from('slow')])

const FAULTS: readonly (readonly [what: string, answer: Answer, result: SendResult])[] = [
  ['200', { status: 200 }, { kind: 'accepted' }],
  ['204', { status: 204 }, { kind: 'accepted' }],
  [
    '503 with seconds',
    { status: 503, headers: { 'retry-after': '2' }, body: 'starting' },
    { kind: 'retry', cause: 'unavailable', reason: '503 Service Unavailable: starting', afterMs: 2000 },
  ],
  ['500', { status: 500, body: 'oops' }, { kind: 'refused', reason: '500 Internal Server Error: oops' }],
  ['400', { status: 400, body: 'bad data' }, { kind: 'refused', reason: '400 Bad Request: bad data' }],
  ['408', { status: 408 }, { kind: 'refused', reason: '408 Request Timeout' }],
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
