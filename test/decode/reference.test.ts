import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { decodeLine } from '../../src/decode/decode-reference.ts'
import type { Line } from '../../src/decode/line.ts'
import type { Flow } from '../../src/record/flow.ts'
import { NO_REAL_LINES, REAL_LINES } from './lines.ts'

const READ_AT_MS = Date.UTC(2026, 0, 1)
const T = '2026-03-11T09:08:07Z'

function lineOf(text: string | Buffer): Line {
  return decodeLine(Buffer.from(text as string), READ_AT_MS)
}

/** The one flow of a record whose flow is `members`. */
function flowOf(members: string): Flow {
  const { records } = lineOf(`{"flow":{"time":"${T}"${members && ','}${members}}}`)
  assert.equal(records.length, 1)
  assert.ok(records[0].record.kind === 'flow')
  return records[0].record.flow
}

const TCP = '"l4":{"TCP":{"source_port":1,"destination_port":2}}'

/** What is written, what is read. `time` is always there and left out here. */
const READINGS: readonly (readonly [what: string, members: string, flow: Omit<Flow, 'time'>])[] = [
  ['is_reply false', '"is_reply":false', { is_reply: false }],
  ['is_reply absent', '', {}],
  ['the old reply, when is_reply is not there', '"reply":true', { is_reply: true }],
  ['is_reply over the old reply', '"reply":true,"is_reply":false', { is_reply: false }],
  ['a reply that is false as unknown', '"reply":false', {}],
  ['empty layers as nothing', '"l7":{},"l4":{},"IP":{},"source":{},"destination":{}', {}],
  ['an empty dns as a query or an answer without error', '"l7":{"dns":{}}', { l7: { dns: {} } }],
  ['an empty http as a request', '"l7":{"http":{}}', { l7: { http: {} } }],
  ['an empty ICMP as an echo reply', '"l4":{"ICMPv4":{}}', { l4: { ICMPv4: {} } }],
  ['null as absent', '"verdict":null,"l7":null,"source":null', {}],
  ['numbers as text', '"l4":{"UDP":{"source_port":"53"}}', { l4: { UDP: { source_port: 53 } } }],
  ['64-bit numbers as text', '"l7":{"latency_ns":12}', { l7: { latency_ns: '12' } }],
  [
    'enums by number',
    '"verdict":2,"Type":1,"traffic_direction":2',
    { verdict: 'DROPPED', Type: 'L3_L4', traffic_direction: 'EGRESS' },
  ],
  ['an enum number nobody knows', '"verdict":77', { verdict: '77' }],
  ['an enum name nobody knows', '"verdict":"NEW_ONE"', { verdict: 'NEW_ONE' }],
  ['an enum of zero as absent', '"verdict":0,"Type":"UNKNOWN_TYPE"', {}],
  ['observation points', '"trace_observation_point":101', { trace_observation_point: 'TO_ENDPOINT' }],
  ['the old number of a drop reason', '"drop_reason":133', { drop_reason_desc: 'POLICY_DENIED' }],
  [
    'the name of a drop reason over its number',
    '"drop_reason":133,"drop_reason_desc":"POLICY_DENY"',
    { drop_reason_desc: 'POLICY_DENY' },
  ],
  ['a drop reason nobody knows', '"drop_reason":250', { drop_reason_desc: '250' }],
  ['counts in aggregate', '"aggregate":{"ingress_flow_count":3}', { aggregate: { ingress_flow_count: 3 } }],
  [
    'counts in extensions',
    '"extensions":{"@type":"x","egress_flow_count":"4"}',
    { aggregate: { egress_flow_count: 4 } },
  ],
  ['counts that are all zero as none', '"aggregate":{"ingress_flow_count":0}', {}],
  [
    'lowerCamelCase',
    '"isReply":true,"nodeName":"n","eventType":{"subType":3}',
    { is_reply: true, node_name: 'n', event_type: { sub_type: 3 } },
  ],
  [
    'lowerCamelCase in endpoints',
    '"source":{"podName":"p","clusterName":"c"}',
    { source: { pod_name: 'p', cluster_name: 'c' } },
  ],
  ['a ttl of -1 as none', '"l7":{"dns":{"ttl":4294967295,"rcode":3}}', { l7: { dns: { rcode: 3 } } }],
  [
    'labels without and with several =',
    '"source":{"labels":["a=","b=c=d"]}',
    { source: { labels: ['a=', 'b=c=d'] } },
  ],
  ['escapes in URLs', '"l7":{"http":{"url":"/a?b=\\u0026"}}', { l7: { http: { url: '/a?b=&' } } }],
  ['what has the wrong type as absent', '"verdict":{},"source":7,"node_name":[],"l4":"TCP"', {}],
  [
    'revisions as text',
    '"egress_denied_by":[{"name":"p","revision":"12"}]',
    { egress_denied_by: [{ name: 'p', revision: '12' }] },
  ],
  ['keys of other times and shippers as nothing', '"policy_log":[""],"shipper":{"x":1}', {}],
]

for (const [what, members, flow] of READINGS)
  test(`reads ${what}`, () => assert.deepEqual(flowOf(members), { time: T, ...flow }))

const TIMES: readonly (readonly [written: string, read: string])[] = [
  ['2026-03-11T09:08:07Z', '2026-03-11T09:08:07Z'],
  ['2026-03-11T09:08:07.120Z', '2026-03-11T09:08:07.120Z'],
  ['2026-03-11T09:08:07.123456Z', '2026-03-11T09:08:07.123456Z'],
  ['2026-03-11T09:08:07.123456789Z', '2026-03-11T09:08:07.123456789Z'],
  ['2026-03-11T09:08:07.5Z', '2026-03-11T09:08:07.500Z'],
  ['2026-03-11T11:08:07+02:00', T],
  ['2026-02-30T00:00:00Z', '2026-01-01T00:00:00Z'],
  ['2026-13-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  ['yesterday', '2026-01-01T00:00:00Z'],
]

for (const [written, read] of TIMES)
  test(`reads the time ${written} as ${read}`, () => {
    const [{ record }] = lineOf(`{"flow":{"time":"${written}"}}`).records
    assert.equal(record.kind === 'flow' && record.flow.time, read)
  })

test('takes time and node from the envelope where the flow has none, and else the time of reading', () => {
  const of = (text: string) => lineOf(text).records[0].record
  assert.deepEqual(of(`{"flow":{},"node_name":"c/n","time":"${T}"}`), {
    kind: 'flow',
    flow: { time: T, node_name: 'c/n' },
    timed: true,
  })
  assert.deepEqual(of('{"flow":{}}'), { kind: 'flow', flow: { time: '2026-01-01T00:00:00Z' }, timed: false })
})

test('keys may come in any order, with blanks between', () => {
  const text = `{ "time" : "${T}", "flow" : { ${TCP}, "time" : "${T}" } }`
  const [{ record }] = lineOf(text).records
  assert.deepEqual(record.kind === 'flow' && record.flow.l4, { TCP: { source_port: 1, destination_port: 2 } })
})

const FLOW = `{"flow":{"time":"${T}","verdict":"FORWARDED"}}`
const BARE = `{"time":"${T}","verdict":"FORWARDED"}`
const LOST = '{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"12"}}'

/** Lines, what their records are, and what was mended. */
const DAMAGE: readonly (readonly [
  what: string,
  line: string | Buffer,
  kinds: readonly string[],
  mended?: string,
])[] = [
  ['a flow', FLOW, ['flow']],
  ['a bare flow', BARE, ['flow']],
  ['lost events', LOST, ['lost_upstream']],
  ['an agent event', '{"agent_event":{"type":"AGENT_STARTED"}}', ['other']],
  ['a debug event', '{"debug_event":{}}', ['other']],
  ['a node status', '{"nodeStatus":{}}', ['other']],
  ['nothing', '', []],
  ['a carriage return', '\r', []],
  ['a flow with a carriage return', `${FLOW}\r`, ['flow']],
  ['a byte order mark', `\ufeff${FLOW}`, ['flow']],
  ['NULs before a flow', `\0\0\0${FLOW}`, ['flow'], 'nul_bytes'],
  ['NULs behind a flow', `${FLOW}\0`, ['flow'], 'nul_bytes'],
  ['NULs alone', '\0\0', [], 'nul_bytes'],
  ['two flows', FLOW + FLOW, ['flow', 'flow'], 'glued_records'],
  ['three records of several kinds', FLOW + LOST + BARE, ['flow', 'lost_upstream', 'flow'], 'glued_records'],
  ['two bare flows', BARE + BARE, ['flow', 'flow'], 'glued_records'],
  ['half a flow and a flow', FLOW.slice(0, 30) + FLOW, ['half_record', 'flow']],
  ['the first bytes of a flow and a flow', `{"fl${FLOW}`, ['half_record', 'flow']],
  ['half a flow, a hole and a flow', `${FLOW.slice(0, 30)}\0\0${FLOW}`, ['half_record', 'flow']],
  ['a flow and half a flow', FLOW + FLOW.slice(0, 30), ['flow', 'half_record']],
  ['half a flow', FLOW.slice(0, 30), ['not_json']],
  ['the end of a flow', FLOW.slice(30), ['not_json']],
  ['words', 'level=info msg=hello', ['not_json']],
  ['an object of something else', '{"level":"info","source":"x"}', ['not_a_record']],
  ['an empty object', '{}', ['not_a_record']],
  ['a flow that is none', '{"flow":"x"}', ['not_a_record']],
  ['a list', `[${FLOW}]`, ['not_a_record']],
  ['a number', '7', ['not_a_record']],
  [
    'bytes that are no UTF-8',
    Buffer.from(`{"flow":{"time":"${T}","verdict":"\xff"}}`, 'latin1'),
    ['flow'],
    'invalid_utf8',
  ],
  ['U+FFFD that was written as such', `{"flow":{"time":"${T}","verdict":"\ufffd"}}`, ['flow']],
  ['broken bytes in what is no JSON', Buffer.from('\xff', 'latin1'), ['not_json']],
]

for (const [what, line, kinds, mended] of DAMAGE)
  test(`a line of ${what}`, () => {
    const { records, mended: found } = lineOf(line)
    const kindOf = ({ record }: Line['records'][number]) =>
      record.kind === 'broken' ? record.reason : record.kind
    assert.deepEqual(records.map(kindOf), kinds)
    assert.deepEqual(found, mended === undefined ? [] : [mended])
  })

test('each record of a line knows its place', () => {
  const bytes = Buffer.from(`\0é${FLOW}${FLOW}\r`)
  const { records } = lineOf(bytes)
  const texts = records.map(({ start, end }) => bytes.toString('utf8', start, end))
  assert.deepEqual(texts, ['é', FLOW, FLOW])
})

test('a line of a thousand records is cut short, and still comes to an end', () => {
  const { records } = lineOf(FLOW.repeat(1000))
  assert.equal(records.length, 100)
  assert.deepEqual(records.at(-1)?.record, { kind: 'broken', reason: 'half_record' })
})

test('every real record is a flow, but for the lost events', { skip: NO_REAL_LINES }, () => {
  const kinds = REAL_LINES.flatMap((line) => lineOf(line).records.map(({ record }) => record.kind))
  assert.equal(kinds.filter((kind) => kind === 'flow').length, REAL_LINES.length - 1)
  assert.equal(kinds.filter((kind) => kind === 'lost_upstream').length, 1)
})

test('of a real record nothing is lost or changed', { skip: NO_REAL_LINES }, () => {
  // The first line has every kind of part that a trace has, and no key that a flow does not keep.
  const [line] = REAL_LINES
  assert.deepEqual(lineOf(line).records[0].record, { kind: 'flow', flow: JSON.parse(line).flow, timed: true })
})
