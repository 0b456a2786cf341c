import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flowOf } from '../../../receivers/ebpf/flow-of.ts'
import { Names } from '../../../receivers/ebpf/names.ts'
import { NamesTable, namesSetting } from '../../../receivers/ebpf/names-table.ts'
import type { Sighting } from '../../../receivers/ebpf/sighting.ts'
import type { Flow } from '../../../src/sdk/index.ts'
import { counts, drop, FROM, reversed, socket, TIME, TO, TUPLE } from './observed.ts'

const WEB = { namespace: 'shop', pod_name: 'web-1', workloads: [{ name: 'web', kind: 'Deployment' }] }
const API = { namespace: 'shop', workloads: [{ name: 'api' }] }
const names = new Names([
  new NamesTable(
    namesSetting.parse([
      { address: '10.99.1.2', namespace: 'shop', pod: 'web-1', workload: 'web', kind: 'Deployment' },
      { address: '10.99.2.0/24', namespace: 'shop', workload: 'api' },
    ]),
  ),
])
const told = (sighting: Sighting) => flowOf(sighting, names, 'node-1')

test('counts are a flow as Hubble traces it, and what was measured', () => {
  assert.deepEqual(told(counts({ handshakeRttUs: 41 })), {
    time: '2026-01-01T00:00:00.000000001Z',
    verdict: 'FORWARDED',
    IP: { source: '10.99.1.2', destination: '10.99.2.2', ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 41000, destination_port: 8080, flags: { SYN: true, ACK: true } } },
    source: WEB,
    destination: API,
    Type: 'L3_L4',
    node_name: 'node-1',
    event_type: { type: 4, sub_type: 5 },
    traffic_direction: 'EGRESS',
    trace_observation_point: 'FROM_ENDPOINT',
    is_reply: false,
    interface: { index: 7, name: 'lxc1' },
    extensions: { packets: 12, bytes: 3400, handshake_rtt_us: 41 },
  } satisfies Flow)
})

const DIRECTIONS: readonly (readonly [
  Sighting,
  point: string,
  direction: string,
  reply: boolean | undefined,
])[] = [
  [counts({ at: FROM, isReply: false }), 'FROM_ENDPOINT', 'EGRESS', false],
  [counts({ at: FROM, isReply: true }), 'FROM_ENDPOINT', 'INGRESS', true],
  [counts({ at: TO, isReply: false }), 'TO_ENDPOINT', 'INGRESS', false],
  [counts({ at: TO, isReply: true }), 'TO_ENDPOINT', 'EGRESS', true],
  [counts({ at: FROM, isReply: null }), 'FROM_ENDPOINT', 'EGRESS', undefined],
  [counts({ at: TO, isReply: null }), 'TO_ENDPOINT', 'INGRESS', undefined],
]

for (const [sighting, point, direction, reply] of DIRECTIONS)
  test(`seen ${point}, reply ${reply}: the connection goes ${direction}`, () => {
    const flow = told(sighting)
    assert.deepEqual(
      [flow.trace_observation_point, flow.traffic_direction, flow.is_reply],
      [point, direction, reply],
    )
    assert.deepEqual(flow.event_type, point === 'TO_ENDPOINT' ? { type: 4 } : { type: 4, sub_type: 5 })
  })

test('a connection between two pods of a node is seen by both: four flows, two of each direction', () => {
  const answer = reversed(TUPLE)
  const flows = [
    counts({ at: FROM, isReply: false }),
    counts({ at: TO, isReply: false }),
    counts({ at: { ...TO, passage: 'from_endpoint' }, tuple: answer, isReply: true }),
    counts({ at: { ...FROM, passage: 'to_endpoint' }, tuple: answer, isReply: true }),
  ].map(told)
  assert.deepEqual(
    flows.map((flow) => [flow.interface?.name, flow.is_reply, flow.traffic_direction]),
    [
      ['lxc1', false, 'EGRESS'],
      ['lxc2', false, 'INGRESS'],
      ['lxc2', true, 'INGRESS'],
      ['lxc1', true, 'EGRESS'],
    ],
  )
})

test('a drop bears the nearest of Hubble’s names, and the kernel’s own', () => {
  assert.deepEqual(told(drop()), {
    time: '2026-01-01T00:00:00.000000001Z',
    verdict: 'DROPPED',
    drop_reason_desc: 'POLICY_DENIED',
    IP: { source: '10.99.1.2', destination: '10.99.2.2', ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 41000, destination_port: 8080 } },
    source: WEB,
    destination: API,
    Type: 'L3_L4',
    node_name: 'node-1',
    event_type: { type: 1 },
    traffic_direction: 'EGRESS',
    interface: { index: 7, name: 'lxc1' },
    extensions: {
      packets: 2,
      bytes: 120,
      kernel_drop: { Reason: 'NETFILTER_DROP', Location: 'nft_do_chain+0x3e8' },
    },
  } satisfies Flow)
  assert.equal(told(drop({ place: 'endpoint_netns' })).traffic_direction, 'INGRESS')
  assert.equal(told(drop({ place: 'host' })).traffic_direction, undefined)
  assert.deepEqual(told(drop({ location: '' })).extensions?.kernel_drop, { Reason: 'NETFILTER_DROP' })
})

const LAYER4: readonly (readonly [protocol: number, l4: Flow['l4']])[] = [
  [6, { TCP: { source_port: 8, destination_port: 3 } }],
  [17, { UDP: { source_port: 8, destination_port: 3 } }],
  [132, { SCTP: { source_port: 8, destination_port: 3 } }],
  [1, { ICMPv4: { type: 8, code: 3 } }],
  [58, { ICMPv6: { type: 8, code: 3 } }],
  [2, { IGMP: {} }],
  [112, { VRRP: {} }],
  [47, undefined],
]

for (const [protocol, l4] of LAYER4)
  test(`protocol ${protocol} is ${l4 ? Object.keys(l4)[0] : 'none of Hubble’s'}`, () => {
    const tuple = { ...TUPLE, protocol, sourcePort: 8, destinationPort: 3 }
    assert.deepEqual(told(drop({ tuple })).l4, l4)
  })

const message = {
  id: 7,
  query: 'www.example.test.',
  queryType: 'A',
  cnames: [],
  answerTypes: ['A'],
  isCut: false,
}

test('a DNS answer has the direction of its query, and all of the answer', () => {
  const tuple = { ...TUPLE, protocol: 17, destinationPort: 53 }
  const query = { ...message, isResponse: false, rcode: 0, addresses: [], answerTypes: [], ttlS: null }
  const answer = { ...message, isResponse: true, rcode: 0, addresses: ['10.99.2.9'], ttlS: 60 }
  const sighting = { kind: 'dns_message', time: TIME } as const
  const asked = told({ ...sighting, tuple, at: FROM, message: query, latencyNs: null })
  const to = { ...FROM, passage: 'to_endpoint' } as const
  const answered = told({ ...sighting, tuple: reversed(tuple), at: to, message: answer, latencyNs: 167_000 })
  assert.deepEqual([asked.Type, asked.is_reply, asked.traffic_direction], ['L7', false, 'EGRESS'])
  assert.deepEqual([answered.Type, answered.is_reply, answered.traffic_direction], ['L7', true, 'EGRESS'])
  assert.deepEqual(asked.l7, { type: 'REQUEST', dns: { query: 'www.example.test.', qtypes: ['A'] } })
  assert.deepEqual(answered.l7, {
    type: 'RESPONSE',
    latency_ns: '167000',
    dns: { query: 'www.example.test.', ips: ['10.99.2.9'], ttl: 60, qtypes: ['A'], rrtypes: ['A'] },
  })
  assert.deepEqual([answered.event_type, answered.trace_observation_point], [{ type: 129 }, undefined])
  assert.equal(answered.extensions, undefined, 'the packets are in the counts')
})

test('a DNS failure has its number, as Hubble writes it', () => {
  const failed = { ...message, isResponse: true, rcode: 3, addresses: [], answerTypes: [], ttlS: null }
  const flow = told({
    kind: 'dns_message',
    tuple: TUPLE,
    at: FROM,
    time: TIME,
    message: failed,
    latencyNs: null,
  })
  assert.deepEqual(flow.l7?.dns, { query: 'www.example.test.', rcode: 3, qtypes: ['A'] })
})

test('an HTTP answer has what was asked, when somebody saw it', () => {
  const request = { method: 'GET', url: 'http://shop.test/status', protocol: 'HTTP/1.1' }
  const asked = told({ kind: 'http_request', tuple: TUPLE, at: TO, time: TIME, request })
  assert.deepEqual(asked.l7, { type: 'REQUEST', http: request })
  assert.deepEqual([asked.traffic_direction, asked.is_reply], ['INGRESS', false])
  const answer = { kind: 'http_answer', tuple: reversed(TUPLE), time: TIME, code: 503 } as const
  const at = { ...TO, passage: 'from_endpoint' } as const
  const answered = told({ ...answer, at, protocol: 'HTTP/1.1', request, latencyNs: 480_000 })
  assert.deepEqual(answered.l7, { type: 'RESPONSE', latency_ns: '480000', http: { code: 503, ...request } })
  assert.deepEqual([answered.traffic_direction, answered.is_reply], ['INGRESS', true])
  const alone = told({ ...answer, at, protocol: 'HTTP/1.1', request: null, latencyNs: null })
  assert.deepEqual(alone.l7, { type: 'RESPONSE', http: { code: 503, protocol: 'HTTP/1.1' } })
})

const closed = { kind: 'closed', srttUs: 83, retransmits: 0, ackedBytes: 90, receivedBytes: 191 } as const

const SOCKETS: readonly (readonly [what: string, Sighting, Partial<Flow>])[] = [
  [
    'an answered connect',
    socket({ kind: 'connected', connectUs: 130, srttUs: 99 }),
    {
      verdict: 'TRACED',
      traffic_direction: 'EGRESS',
      is_reply: false,
      extensions: { connect_us: 130, srtt_us: 99 },
    },
  ],
  [
    'a refused connect',
    socket({ kind: 'connect_failed', connectUs: 130, retransmits: 2 }),
    { verdict: 'ERROR', traffic_direction: 'EGRESS', extensions: { connect_us: 130, retransmits: 2 } },
  ],
  [
    'the end of a socket that called',
    socket({ ...closed, opener: 'local' }),
    {
      verdict: 'TRACED',
      source: WEB,
      traffic_direction: 'EGRESS',
      extensions: { srtt_us: 83, retransmits: 0 },
    },
  ],
  [
    'the end of a socket that was called: the caller is the source',
    socket({ ...closed, opener: 'remote' }, { tuple: reversed(TUPLE) }),
    {
      source: WEB,
      destination: API,
      l4: { TCP: { source_port: 41000, destination_port: 8080 } },
      traffic_direction: 'INGRESS',
      is_reply: false,
    },
  ],
]

for (const [what, sighting, expected] of SOCKETS)
  test(`of sockets: ${what}`, () => {
    const flow = told(sighting)
    assert.deepEqual({ ...flow, ...expected }, flow)
    assert.deepEqual([flow.Type, flow.event_type, flow.interface], ['SOCK', { type: 7 }, undefined])
  })

test('who called a socket that nobody saw opened, and which way, nobody says', () => {
  for (const event of [
    { ...closed, opener: 'unknown' } as const,
    { kind: 'retransmitted', retransmits: 4 } as const,
  ]) {
    const flow = told(socket(event))
    assert.ok(!('traffic_direction' in flow) && !('is_reply' in flow))
  }
})
