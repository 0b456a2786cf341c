import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ATTRIBUTES, COLUMNS, type Json, type Row } from '../../../src/sdk/index.ts'
import { FULL_ROW } from '../../support/full-row.ts'
import { row } from '../../support/rows.ts'
import { noRecording, recordedRows, sampleRows } from '../../support/sample-rows.ts'
import { attributesOf } from './twin.ts'

test('every column but the time has an attribute, and the full row has every column', () => {
  const names = COLUMNS.map(({ name }) => name)
  const missing = names.filter(
    (name) => ![...ATTRIBUTES.keys()].some((place) => place.split('.')[0] === name),
  )
  assert.deepEqual(missing, ['TimeGenerated'])
  assert.deepEqual(Object.keys(FULL_ROW), names)
})

test('a full row has all of its values as attributes', () => {
  assert.deepEqual(attributesOf(FULL_ROW), {
    'log.record.uid': '00000000-0000-8000-a000-000000000001',
    'cilium.verdict': 'DROPPED',
    'cilium.drop_reason': 'POLICY_DENIED',
    'source.address': '10.0.1.10',
    'destination.address': '10.0.2.20',
    'network.type': 'ipv4',
    'cilium.encrypted': true,
    'cilium.ip.source_xlated': '192.0.2.7',
    'network.transport': 'tcp',
    'source.port': 41000,
    'destination.port': 8080,
    'cilium.l4.flags.syn': true,
    'cilium.l7.type': 'RESPONSE',
    'cilium.l7.latency_ns': '1500000',
    'network.protocol.name': 'http',
    'dns.question.name': 'api.shop.',
    'dns.answers': ['10.0.2.20'],
    'cilium.dns.ttl': 30,
    'cilium.dns.cnames': ['api.example.'],
    'cilium.dns.observation_source': 'proxy',
    'dns.response_code': 'NOERROR',
    'dns.question.type': ['A'],
    'cilium.dns.rrtypes': ['CNAME'],
    'http.response.status_code': 503,
    'http.request.method': 'GET',
    'url.path': '/cart',
    'network.protocol.version': '1.1',
    'cilium.http.headers': [{ key: 'Accept', value: '*/*' }],
    'k8s.src.namespace': 'shop',
    'k8s.src.name': 'web-5d4f8-abcde',
    'k8s.src.owner.name': 'web',
    'k8s.src.owner.type': 'Deployment',
    'k8s.src.owners': [
      { name: 'web', kind: 'Deployment' },
      { name: 'web-canary', kind: 'Rollout' },
    ],
    'k8s.src.identity': 1001,
    'k8s.src.cluster': 'prod',
    'k8s.dst.namespace': 'shop',
    'k8s.dst.name': 'api-7c9d6-fghij',
    'k8s.dst.owner.name': 'api',
    'k8s.dst.owner.type': 'StatefulSet',
    'k8s.dst.identity': 1002,
    'k8s.dst.cluster': 'prod-2',
    'cilium.flow_type': 'L7',
    'k8s.node.name': 'node-7',
    'cilium.reply': false,
    'cilium.event_type.type': 129,
    'cilium.event_type.sub_type': 3,
    'cilium.source_service.name': 'web-svc',
    'cilium.source_service.namespace': 'shop-1',
    'cilium.destination_service.name': 'api-svc',
    'cilium.destination_service.namespace': 'shop-2',
    'cilium.traffic_direction': 'INGRESS',
    'cilium.trace_observation_point': 'TO_ENDPOINT',
    'cilium.ingress_flow_count': 12,
    'cilium.egress_flow_count': 5,
    'cilium.unknown_direction_flow_count': 0,
    'cilium.egress_allowed_by': [{ name: 'let-out', namespace: 'shop' }],
    'cilium.ingress_allowed_by': [{ name: 'let-in', labels: ['k8s:io.cilium.k8s.policy.name=let-in'] }],
    'cilium.egress_denied_by': [{ name: 'keep-in', revision: '7' }],
    'cilium.ingress_denied_by': [{ name: 'keep-out', kind: 'CiliumNetworkPolicy' }],
    'cilium.ethernet_source': '2e:9c:26:52:58:65',
    'cilium.ethernet_destination': '0a:c6:a8:4e:22:b1',
    'k8s.src.labels': ['k8s:app=web'],
    'k8s.dst.labels': ['k8s:app=api'],
    'cilium.summary': 'TCP Flags: SYN',
    'flowfold.packets': 240,
    'flowfold.bytes': 5_000_000_123,
    'network.interface.name': 'veth1a2b3c',
    'flowfold.kernel_drop.reason': 'NETFILTER_DROP',
    'flowfold.kernel_drop.location': 'nft_do_chain+0x3e8',
    'flowfold.tcp.handshake_rtt_us': 180,
    'flowfold.tcp.connect_us': 240,
    'flowfold.tcp.srtt_us': 210,
    'flowfold.tcp.retransmits': 3,
    'flowfold.window.start': '2026-01-01T00:00:00Z',
    'flowfold.window.end': '2026-01-01T00:00:30Z',
    'flowfold.last_flow_time': '2026-01-01T00:00:29.5Z',
    'flowfold.revision': 1,
    'flowfold.evidence.source_pods': ['shop/web-1', 'shop/web-2'],
    'flowfold.evidence.source_ips': ['10.0.1.11'],
    'flowfold.evidence.dns_queries': ['a.shop.'],
    'flowfold.evidence.others.source_pods': 17,
    'flowfold.evidence.tcp_flags.syn': 12,
    'flowfold.evidence.tcp_flags.fin': 4,
    'flowfold.evidence.tcp_flags.rst': 3,
    'flowfold.other': true,
  })
})

const PLACES: readonly (readonly [what: string, row: Partial<Row>, attributes: { [name: string]: Json }])[] =
  [
    ['a protocol without fields', { Layer4: { ICMPv6: {} } }, { 'network.transport': 'icmpv6' }],
    [
      'an ICMP message',
      { Layer4: { ICMPv4: { type: 8, code: 1 } } },
      { 'network.transport': 'icmpv4', 'icmp.type': 8, 'icmp.code': 1 },
    ],
    ['an HTTP request without fields', { Layer7: { http: {} } }, { 'network.protocol.name': 'http' }],
    [
      'a whole URL',
      { Layer7: { http: { url: 'http://api:8080/cart?q=1' } } },
      { 'network.protocol.name': 'http', 'url.full': 'http://api:8080/cart?q=1' },
    ],
    [
      'what Hubble may write one day',
      { Layer7: { kafka: { topic: 'orders' } }, IP: { newThing: 1 } },
      { 'cilium.l7.kafka.topic': 'orders', 'cilium.ip.new_thing': 1 },
    ],
  ]

for (const [what, columns, attributes] of PLACES)
  test(`${what} has its place`, () => {
    assert.deepEqual(attributesOf(columns as Row), attributes)
  })

test('every value of a sample row is in its attributes', () => {
  const rows = [...sampleRows(), row(), FULL_ROW]
  assert.ok(rows.length > 500)
  for (const one of rows) assert.deepEqual(missingFrom(one), [])
})

test('every value of a recorded row is in its attributes', { skip: noRecording }, () => {
  for (const one of recordedRows()) assert.deepEqual(missingFrom(one), [])
})

/** Values of a row, and protocols that are keys, which its attributes do not hold. */
function missingFrom({ TimeGenerated: _, ...columns }: Row): string[] {
  const held = new Set(leaves(attributesOf(columns as Row) as Json))
  const protocols = Object.keys(columns.Layer4 ?? {}).map((name) => name.toLowerCase())
  const wanted = [...leaves(columns as Json), ...protocols]
  return wanted.filter((leaf) => !held.has(leaf) && !held.has(spelled(leaf)))
}

function spelled(leaf: string): string {
  return /^IPv\d$/.test(leaf) ? leaf.toLowerCase() : leaf.replace(/^HTTP\//, '')
}

function leaves(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.values(value).flatMap((below) => leaves(below as Json))
}
