import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SendResult } from '../../../src/sdk/index.ts'
import { type Answer, faultyServer, refusingUrl } from '../../support/faulty-server.ts'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { hecSender, NEVER, payloadOf } from './world.ts'

const ROWS = [1, 2, 3].map((n) => row({ UUID: `row-${n}` }))
const IN_30_S = new Date(Date.UTC(2026, 0, 1, 0, 0, 30)).toUTCString()

function hec(status: number, code: number, more: object = {}, headers = {}): Answer {
  return { status, headers, body: JSON.stringify({ text: 'said', code, ...more }) }
}

function retry(cause: 'rejected' | 'throttled' | 'unavailable', reason: string): SendResult {
  return { kind: 'retry', cause, reason }
}

const FAULTS: readonly (readonly [what: string, answer: Answer, result: SendResult])[] = [
  ['0', hec(200, 0), { kind: 'accepted' }],
  ['0, with a number to ask for', hec(200, 0, { ackId: 3 }), { kind: 'accepted' }],
  [
    '1: token disabled',
    hec(403, 1),
    retry(
      'rejected',
      'these credentials are not allowed to write here (403 Forbidden: {"text":"said","code":1})',
    ),
  ],
  [
    '2: no token',
    hec(401, 2),
    retry(
      'rejected',
      'credentials are missing, wrong or expired (401 Unauthorized: {"text":"said","code":2})',
    ),
  ],
  [
    '4: bad token',
    hec(403, 4),
    retry(
      'rejected',
      'these credentials are not allowed to write here (403 Forbidden: {"text":"said","code":4})',
    ),
  ],
  [
    '6 for the event in the middle',
    hec(400, 6, { 'invalid-event-number': 1 }),
    {
      kind: 'stopped',
      at: 1,
      reason: '400 Bad Request: {"text":"said","code":6,"invalid-event-number":1}',
    },
  ],
  [
    '6 for the first event',
    hec(400, 6, { 'invalid-event-number': 0 }),
    {
      kind: 'stopped',
      at: 0,
      reason: '400 Bad Request: {"text":"said","code":6,"invalid-event-number":0}',
    },
  ],
  [
    '12 for an event that is not there',
    hec(400, 12, { 'invalid-event-number': 3 }),
    {
      kind: 'stopped',
      at: 2,
      reason: '400 Bad Request: {"text":"said","code":12,"invalid-event-number":3}',
    },
  ],
  [
    '6 for nobody knows which',
    hec(400, 6),
    { kind: 'refused', reason: '400 Bad Request: {"text":"said","code":6}' },
  ],
  [
    '7: bad index',
    hec(400, 7, { 'invalid-event-number': 1 }),
    retry(
      'rejected',
      'the token may not write to this index; allow it there, or change `index` (400 Bad Request: {"text":"said","code":7,"invalid-event-number":1})',
    ),
  ],
  [
    '8: internal error',
    hec(500, 8),
    retry('unavailable', '500 Internal Server Error: {"text":"said","code":8}'),
  ],
  [
    '9: busy',
    hec(503, 9, {}, { 'retry-after': '4' }),
    {
      kind: 'retry',
      cause: 'unavailable',
      reason: '503 Service Unavailable: {"text":"said","code":9}',
      afterMs: 4000,
    },
  ],
  [
    '10: no channel',
    hec(400, 10),
    retry(
      'rejected',
      'the token asks for acknowledgments; set `ack: true`, or turn them off for the token (400 Bad Request: {"text":"said","code":10})',
    ),
  ],
  [
    '26: queue full',
    hec(429, 26, {}, { 'retry-after': IN_30_S }),
    {
      kind: 'retry',
      cause: 'throttled',
      reason: '429 Too Many Requests: {"text":"said","code":26}',
      afterMs: 30_000,
    },
  ],
  ['nothing but 413', { status: 413 }, { kind: 'too_large', reason: '413 Payload Too Large' }],
  ['nothing but 400', { status: 400 }, { kind: 'refused', reason: '400 Bad Request' }],
  ['nothing but 502', { status: 502 }, retry('unavailable', '502 Bad Gateway')],
  [
    'nothing but 404',
    { status: 404 },
    retry('rejected', 'nothing takes rows at this address; look at the endpoint (404 Not Found)'),
  ],
  [
    'a web page',
    { status: 200, body: '<p>hello' },
    retry('rejected', 'this is no HTTP Event Collector (200 OK: <p>hello)'),
  ],
]

for (const [what, answer, result] of FAULTS)
  test(`Splunk answers ${what}: ${result.kind}`, async (t) => {
    const server = await faultyServer(t, [answer])
    const sender = hecSender(t, { endpoint: server.url })
    assert.deepEqual(await sender.send(payloadOf(sender, ROWS), NEVER), result)
  })

test('a refused connection is tried again', async (t) => {
  const endpoint = await refusingUrl()
  const sender = hecSender(t, { endpoint })
  assert.deepEqual(await sender.send(payloadOf(sender, ROWS), NEVER), {
    kind: 'retry',
    cause: 'network',
    reason: `connection refused by ${new URL(endpoint).host}`,
  })
})

for (const answer of ['reset', 'half'] as const)
  test(`a connection that is cut (${answer}) is tried again, and the rows are the same`, async (t) => {
    const server = await faultyServer(t, [answer, hec(200, 0)])
    const sender = hecSender(t, { endpoint: server.url })
    const payload = payloadOf(sender, ROWS)
    const failed = await sender.send(payload, NEVER)
    assert.equal(failed.kind === 'retry' && failed.cause, 'network')
    assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' })
    assert.deepEqual(server.requests[0].body, server.requests[1].body)
  })

test('an answer that comes too late is tried again', async (t) => {
  const host = testHost()
  const server = await faultyServer(t, ['silence'])
  const sender = hecSender(t, { endpoint: server.url, timeout: '3s' }, host)
  const result = sender.send(payloadOf(sender, ROWS), NEVER)
  await server.seen()
  await host.clock.advance(3000)
  const late = await result
  assert.equal(late.kind === 'retry' && late.cause, 'timeout')
})

test('a token that was renewed in its file is used', async (t) => {
  const host = testHost()
  const file = join(tempDir(t), 'token')
  writeFileSync(file, 'first-token\n')
  const server = await faultyServer(t, [
    ({ headers }) => (headers.authorization === 'Splunk second-token' ? hec(200, 0) : hec(401, 3)),
  ])
  const sender = hecSender(t, { endpoint: server.url, token: null, token_file: file }, host)
  const payload = payloadOf(sender, ROWS)
  const refused = await sender.send(payload, NEVER)
  assert.equal(refused.kind === 'retry' && refused.cause, 'rejected')
  writeFileSync(file, 'second-token\n')
  await host.clock.advance(1000)
  assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' })
})

test('Splunk that repeats what it was sent gives no secret away', async (t) => {
  const host = testHost()
  const server = await faultyServer(t, [
    ({ headers }) => ({ status: 400, body: JSON.stringify(headers.authorization) }),
  ])
  const sender = hecSender(t, { endpoint: server.url }, host)
  const result = await sender.send(payloadOf(sender, ROWS), NEVER)
  assert.equal(server.requests[0].headers.authorization, 'Splunk the-token-itself')
  assert.deepEqual(result, { kind: 'refused', reason: '400 Bad Request: "***"' })
})

/** Answers by path: health, then the empty request, then the question about acknowledgments. */
function probed(health: Answer, event: Answer, ack: Answer = { status: 404 }): Answer {
  return ({ url }) => {
    if (url.endsWith('/health')) return health
    return url.endsWith('/ack') ? ack : event
  }
}

const HEALTHY = hec(200, 17)
const EMPTY = hec(400, 5)

const PROBES: readonly (readonly [
  what: string,
  answer: Answer,
  ack: boolean,
  kind: string,
  reason: RegExp,
])[] = [
  ['is well', probed(HEALTHY, EMPTY), false, 'accepted', /^$/],
  ['has no health page', probed({ status: 404 }, EMPTY), false, 'accepted', /^$/],
  ['has full queues', probed(hec(503, 18), EMPTY), false, 'unavailable', /^503 Service Unavailable/],
  ['knows no such token', probed(HEALTHY, hec(403, 4)), false, 'rejected', /not allowed to write here/],
  ['wants a channel', probed(HEALTHY, hec(400, 10)), false, 'rejected', /set `ack: true`/],
  ['acknowledges', probed(HEALTHY, EMPTY, { status: 200, body: '{"acks":{}}' }), true, 'accepted', /^$/],
  ['does not acknowledge', probed(HEALTHY, EMPTY, hec(400, 14)), true, 'rejected', /set `ack: false`/],
]

for (const [what, answer, ack, kind, reason] of PROBES)
  test(`a probe finds that Splunk ${what}`, async (t) => {
    const server = await faultyServer(t, [answer])
    const result = await hecSender(t, { endpoint: server.url, ack }).probe(NEVER)
    assert.equal(result.kind === 'retry' ? result.cause : result.kind, kind)
    assert.match('reason' in result ? result.reason : '', reason)
    for (const { url, body } of server.requests)
      if (url.endsWith('/event')) assert.equal(body.length, 0, 'leaves an event')
  })
