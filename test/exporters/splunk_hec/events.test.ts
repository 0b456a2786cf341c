import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cimFields } from '../../../exporters/splunk_hec/cim.ts'
import type { Row } from '../../../src/sdk/index.ts'
import { payloadOf } from '../../support/payloads.ts'
import { row } from '../../support/rows.ts'
import { noRecording, recordedRows, sampleRows } from '../../support/sample-rows.ts'
import { eventsIn, hecSender } from './world.ts'

const ENDPOINT = { endpoint: 'http://127.0.0.1:1' }

test('rows are the same bytes as ever', (t) => {
  const sender = hecSender(t, { ...ENDPOINT, index: 'flows' })
  const single = row({ NodeName: 'node-7', IP: { source: '10.0.1.10', ipVersion: 'IPv4' } })
  const { body } = payloadOf(sender, [row(), single])
  const golden = readFileSync(new URL('golden/rows.txt', import.meta.url), 'utf8').trim()
  assert.equal(String(body), golden)
})

test('an event says when, where and what', (t) => {
  const sender = hecSender(t, { ...ENDPOINT, source: 'edge', sourcetype: 'flows', index: 'net', host: 'h' })
  const when = { TimeGenerated: '2026-01-01T00:00:00.25Z' }
  const [{ event, ...envelope }] = eventsIn(payloadOf(sender, [row(when)]))
  assert.deepEqual(envelope, {
    time: 1_767_225_600.25,
    host: 'h',
    source: 'edge',
    sourcetype: 'flows',
    index: 'net',
  })
  assert.equal((event as Row).UUID, row().UUID)
})

test('the host is the node that saw the flows, else this one', (t) => {
  const sender = hecSender(t, ENDPOINT)
  const events = eventsIn(payloadOf(sender, [row({ NodeName: 'node-7' }), row()]))
  assert.deepEqual(
    events.map(({ host }) => host),
    ['node-7', 'node-1'],
  )
})

test('times keep their nanoseconds', (t) => {
  const text = String(
    payloadOf(hecSender(t, ENDPOINT), [row({ TimeGenerated: '2026-01-01T00:00:00.123456789Z' })]).body,
  )
  assert.match(text, /^\{"time":1767225600\.123456789,/)
})

test('every column of a row is in its event, as it was', (t) => {
  const rows = sampleRows()
  assert.ok(rows.length > 500)
  const events = [...hecSender(t, ENDPOINT).encode(rows)].flatMap(eventsIn)
  assert.deepEqual(
    events.map(({ event }) => ourColumns(event as object)),
    rows,
  )
})

test('every column of a recorded row is in its event, as it was', { skip: noRecording }, (t) => {
  const rows = recordedRows()
  const events = [...hecSender(t, ENDPOINT).encode(rows)].flatMap(eventsIn)
  assert.deepEqual(
    events.map(({ event }) => ourColumns(event as object)),
    rows,
  )
})

/** Ours begin with a capital, those of the data model do not. */
function ourColumns(event: object): object {
  return Object.fromEntries(Object.entries(event).filter(([name]) => /^[A-Z]/.test(name)))
}

const REQUEST = {
  IP: { source: '10.0.1.10', destination: '10.0.2.20', ipVersion: 'IPv4' },
  Layer4: { TCP: { source_port: 41000, destination_port: 8080 } },
} as const
const ANSWER = {
  IP: { source: '10.0.2.20', destination: '10.0.1.10', ipVersion: 'IPv4' },
  Layer4: { TCP: { source_port: 8080, destination_port: 41000 } },
  Reply: true,
} as const

test('a request has the fields of the data model', () => {
  const fields = cimFields(
    row({
      ...REQUEST,
      NodeName: 'node-7',
      TrafficDirection: 'INGRESS',
      Layer7: { type: 'REQUEST', http: { method: 'GET' } },
      Policies: {
        ingress_allowed_by: [{ name: 'let-in' }, { name: 'also' }],
        egress_allowed_by: [{ name: 'let-in' }],
      },
    }),
  )
  assert.deepEqual(fields, {
    src: 'shop/web',
    src_ip: '10.0.1.10',
    src_port: 41000,
    src_zone: 'shop',
    dest: 'shop/api',
    dest_ip: '10.0.2.20',
    dest_port: 8080,
    dest_zone: 'shop',
    transport: 'tcp',
    protocol_version: 'ipv4',
    app: 'http',
    action: 'allowed',
    direction: 'inbound',
    dvc: 'node-7',
    rule: 'let-in, also',
    count: 12,
    packets: undefined,
    bytes: undefined,
  })
})

test('a reply has the source and destination of its request', () => {
  const ends = { src_ip: '10.0.1.10', src_port: 41000, dest_ip: '10.0.2.20', dest_port: 8080 }
  const { WindowStart: _, ...single } = row(ANSWER)
  const request = cimFields(row(REQUEST))
  const reply = cimFields(single)
  for (const [name, value] of Object.entries(ends)) {
    assert.equal(request[name], value, `${name} of the request`)
    assert.equal(reply[name], value, `${name} of the reply`)
  }
})

const FIELDS: readonly (readonly [row: Partial<Row>, field: string, value: unknown])[] = [
  [{ Verdict: 'DROPPED' }, 'action', 'blocked'],
  [{ Verdict: 'ERROR' }, 'action', 'blocked'],
  [{ Verdict: 'AUDIT' }, 'action', 'allowed'],
  [{ Verdict: 'REDIRECTED' }, 'action', 'allowed'],
  [{ Verdict: 'VERDICT_UNKNOWN' }, 'action', undefined],
  [{ TrafficDirection: 'EGRESS' }, 'direction', 'outbound'],
  [{}, 'direction', undefined],
  [{ Layer4: { ICMPv4: { type: 8 } } }, 'transport', 'icmp'],
  [{ Layer4: { ICMPv6: { type: 128 } } }, 'transport', 'ipv6-icmp'],
  [{ Layer4: { UDP: {} } }, 'transport', 'udp'],
  [{ Layer4: {} }, 'transport', undefined],
  [{ Layer7: { dns: {} } }, 'app', 'dns'],
  [{ Policies: {} }, 'rule', undefined],
  [{ EgressFlowCount: 5 }, 'count', 17],
  [{ Packets: 240 }, 'packets', 240],
  [{ Bytes: 5_000_000_123 }, 'bytes', 5_000_000_123],
  [{}, 'bytes', undefined],
]

for (const [differs, field, value] of FIELDS)
  test(`${JSON.stringify(differs)} means that ${field} is ${value}`, () => {
    assert.equal(cimFields(row(differs))[field], value)
  })

test('nobody knows is no name', () => {
  const { SourceNamespace: _, SourceWorkloads: __, SourceIdentity: ___, ...nobody } = row()
  assert.equal(cimFields(nobody).src, undefined)
})

test('payloads hold every row once, in order, within the limit', (t) => {
  const sender = hecSender(t, { ...ENDPOINT, max_content_length: '20kB' })
  const rows = Array.from({ length: 200 }, (_, i) => row({ UUID: `row-${i}` }))
  const payloads = [...sender.encode(rows)]
  assert.ok(payloads.length > 5)
  assert.deepEqual(
    payloads.flatMap((payload) => payload.rows),
    rows,
  )
  for (const payload of payloads) {
    assert.ok(payload.body.length <= 20_000)
    assert.deepEqual(
      eventsIn(payload).map(({ event }) => (event as Row).UUID),
      payload.rows.map(({ UUID }) => UUID),
    )
  }
})

test('a limit counts bytes, not letters', (t) => {
  const sender = hecSender(t, { ...ENDPOINT, max_content_length: '20kB' })
  const rows = Array.from({ length: 20 }, () => row({ AdditionalFlowData: { Summary: '→'.repeat(1000) } }))
  for (const { body } of sender.encode(rows)) assert.ok(body.length <= 20_000)
})

test('long events go alone, and longer ones not at all', (t) => {
  const sender = hecSender(t, { ...ENDPOINT, max_content_length: '4kB', max_event_size: '8kB' })
  const long = (UUID: string, letters: number) =>
    row({ UUID, AdditionalFlowData: { Summary: 'x'.repeat(letters) } })
  const rows = [row({ UUID: 'a' }), long('b', 5000), row({ UUID: 'c' }), long('d', 9000), row({ UUID: 'e' })]
  assert.deepEqual(
    [...sender.encode(rows)].map(({ rows, unfit }) => [rows.map(({ UUID }) => UUID).join(), unfit]),
    [
      ['a', undefined],
      ['b', undefined],
      ['c', undefined],
      ['d', 'the event takes 9.6 KiB, more than max_event_size (7.8 KiB)'],
      ['e', undefined],
    ],
  )
})
