import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SendResult } from '../../../src/sdk/index.ts'
import { type Answer, faultyServer } from '../../support/faulty-server.ts'
import { testHost } from '../../support/host.ts'
import { NEVER, payloadOf } from '../../support/payloads.ts'
import { row } from '../../support/rows.ts'
import { hecSender } from './world.ts'

const ROWS = [1, 2, 3].map((n) => row({ UUID: `row-${n}` }))

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
    '4: bad token',
    hec(403, 4),
    retry(
      'rejected',
      'these credentials are not allowed to write here (403 Forbidden: {"text":"said","code":4})',
    ),
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
  ['nothing but 400', { status: 400 }, { kind: 'refused', reason: '400 Bad Request' }],
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

/** Splunk that counts events from 0 or from 1, and finds this one bad. */
function counting(first: number, bad: string, code = 6): Answer {
  return ({ body }) => {
    const uuids = [...body.toString().matchAll(/"UUID":"([^"]+)"/g)].map(([, uuid]) => uuid)
    // Asked with a single bad event.
    if (uuids.length === 0) return hec(400, code, { 'invalid-event-number': first })
    const at = uuids.indexOf(bad)
    return at < 0 ? hec(200, 0) : hec(400, code, { 'invalid-event-number': at + first })
  }
}

for (const first of [0, 1])
  for (const [at, { UUID: bad }] of ROWS.entries())
    test(`of Splunk that counts from ${first}, event ${at} of three is known as the bad one`, async (t) => {
      const server = await faultyServer(t, [counting(first, bad)])
      const sender = hecSender(t, { endpoint: server.url })
      const result = await sender.send(payloadOf(sender, ROWS), NEVER)
      assert.ok(result.kind === 'stopped' && result.at === at, JSON.stringify(result))
      const before = server.requests.length
      const again = await sender.send(payloadOf(sender, ROWS), NEVER)
      assert.ok(again.kind === 'stopped' && again.at === at, JSON.stringify(again))
      assert.equal(server.requests.length, before + 1, 'it is asked once')
    })

test('each code may begin elsewhere, and is asked about by a bad event of its kind', async (t) => {
  const asked: string[] = []
  const answers = [6, 12, 13, 15].flatMap((code): Answer[] => [
    hec(400, code, { 'invalid-event-number': 1 }),
    ({ body }) => {
      asked.push(body.toString())
      return hec(400, code, { 'invalid-event-number': code === 6 ? 0 : 1 })
    },
  ])
  const server = await faultyServer(t, answers)
  const sender = hecSender(t, { endpoint: server.url })
  const places: unknown[] = []
  for (let i = 0; i < 4; i++) {
    const result = await sender.send(payloadOf(sender, ROWS), NEVER)
    places.push(result.kind === 'stopped' && result.at)
  }
  assert.deepEqual(places, [1, 0, 0, 0])
  assert.deepEqual(asked, ['{"event":', '{}', '{"event":""}', '{}'])
})

test('while Splunk cannot be asked where it begins, rows wait', async (t) => {
  const bad = hec(400, 6, { 'invalid-event-number': 1 })
  const server = await faultyServer(t, [bad, 'reset', bad, hec(503, 9), bad, hec(400, 6)])
  const sender = hecSender(t, { endpoint: server.url })
  const kinds: string[] = []
  for (let i = 0; i < 3; i++) kinds.push((await sender.send(payloadOf(sender, ROWS), NEVER)).kind)
  assert.deepEqual(kinds, ['retry', 'retry', 'stopped'])
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
