import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { logEntry } from '../../../exporters/azure_log_analytics/log-entry.ts'
import { cimFields } from '../../../exporters/splunk_hec/cim.ts'
import { aggregate } from '../../../processors/aggregate/index.ts'
import { FlowMaker } from '../../../receivers/ebpf/flow-maker.ts'
import { flowSettings } from '../../../receivers/ebpf/flow-settings.ts'
import type { HeadObservation, Observation } from '../../../receivers/ebpf/observation.ts'
import { Service } from '../../../src/engine/service.ts'
import { defineReceiver, flowsOf, type Row } from '../../../src/sdk/index.ts'
import { difference } from '../../../src/telemetry/balance-sheet.ts'
import { attributesOf } from '../../exporters/otlp_http/twin.ts'
import { configOf, MemorySink, TestIo } from '../../support/parts.ts'
import { dnsBytes, overTcp, QUERY, RESPONSE, TYPE } from './dns-wire.ts'
import { counts, drop, FROM, head, reversed, socket, TCP, TIME, TO, TUPLE } from './observed.ts'

const WEB = '10.99.1.2'
const API = '10.99.2.2'
const NAMES = [
  { address: WEB, namespace: 'shop', workload: 'web' },
  { address: API, namespace: 'shop', workload: 'api' },
  { address: 'fd99:2::2', namespace: 'shop', workload: 'api' },
  { address: 'fd99:1::2', namespace: 'shop', workload: 'web' },
]

/** The rows of a pipeline that is fed with these observations as the receiver feeds it. */
async function rowsOf(observations: readonly Observation[], processors: readonly string[]): Promise<Row[]> {
  const sink = new MemorySink()
  const receiver = defineReceiver({
    kind: 'receiver',
    type: 'observed',
    summary: 'Observations of a test',
    settings: z.strictObject({}),
    metrics: [],
    create: ({ host }) => ({
      position: () => null,
      run: async (intake) => {
        const maker = new FlowMaker(z.strictObject(flowSettings).parse({ names: NAMES }), host)
        for (const observation of observations) maker.add(observation)
        const batch = maker.batch()
        if (batch !== null) await intake.next(batch)
      },
    }),
  })
  const service = await Service.start(
    configOf({
      receivers: { observed: receiver },
      processors: { aggregate },
      exporters: { memory: sink.definition },
      pipelines: [{ id: 'logs', receivers: ['observed'], processors, exporters: ['memory'] }],
    }),
    new TestIo(),
  )
  await service.done
  const [sheet] = service.summary().sheets
  assert.equal(difference(sheet), 0)
  assert.equal(
    sink.rows.reduce((flows, row) => flows + flowsOf(row), 0),
    sheet.received,
  )
  return sink.rows
}

const back = { ...FROM, passage: 'to_endpoint' } as const

/** A message of a client, and what comes back three milliseconds later, both at the client's interface. */
function exchange(
  kind: 'dns' | 'http',
  asked: Uint8Array,
  answered: Uint8Array,
  differs: Partial<HeadObservation> = {},
) {
  const question = head(kind, asked, differs)
  const time = { ...TIME, nanos: TIME.nanos + 3_000_000 }
  return [question, { ...question, payload: answered, tuple: reversed(question.tuple), at: back, time }]
}

const LOOKUPS = [
  { code: 0, type: TYPE.A, transport: 'UDP', named: 'NOERROR' },
  { code: 3, type: TYPE.A, transport: 'UDP', named: 'NXDOMAIN' },
  { code: 2, type: TYPE.AAAA, transport: 'UDP', named: 'SERVFAIL' },
  { code: 0, type: TYPE.AAAA, transport: 'TCP', named: 'NOERROR' },
  { code: 3, type: TYPE.A, transport: 'TCP', named: 'NXDOMAIN' },
  { code: 2, type: TYPE.A, transport: 'TCP', named: 'SERVFAIL' },
] as const

for (const { code, type, transport, named } of LOOKUPS)
  test(`a lookup over ${transport} for ${type === TYPE.A ? 'A' : 'AAAA'} that ends in ${named} is two rows`, async () => {
    const query = { name: 'www.example.test', type }
    const wrap = transport === 'TCP' ? overTcp : (bytes: Uint8Array) => bytes
    const tuple = { ...TUPLE, protocol: transport === 'TCP' ? TCP : 17, destinationPort: 53 }
    const asked = wrap(dnsBytes({ id: 5, flags: QUERY, query }))
    const answered = wrap(dnsBytes({ id: 5, flags: RESPONSE | code, query }))
    const rows = await rowsOf(exchange('dns', asked, answered, { tuple }), ['aggregate'])
    const answer = rows.find((row) => row.Reply === true)!
    assert.equal(rows.length, 2)
    assert.deepEqual(answer.Layer7, {
      type: 'RESPONSE',
      dns: { rcode: named, query: 'www.example.test.', qtypes: [type === TYPE.A ? 'A' : 'AAAA'] },
    })
    assert.deepEqual(
      [answer.SourceWorkloads, answer.DestinationWorkloads, answer.SourceNamespace],
      [[{ name: 'api' }], [{ name: 'web' }], 'shop'],
    )
    assert.deepEqual([answer.IngressFlowCount, answer.EgressFlowCount], [0, 1])
    assert.deepEqual(answer.Layer4, { [transport]: { destination_port: 53, source_port: 41000 } })
  })

for (const code of [200, 404, 503])
  test(`requests that are answered ${code} are a row with that code, seen by the server`, async () => {
    const asked = Buffer.from('GET /status?secret HTTP/1.1\r\nHost: shop.test\r\n\r\n')
    const answered = Buffer.from(`HTTP/1.1 ${code} x\r\nSet-Cookie: secret\r\n\r\n`)
    const at = { at: TO }
    const [question, answer] = exchange('http', asked, answered, at)
    const fromServer = { ...answer, at: { ...TO, passage: 'from_endpoint' } as const }
    const rows = await rowsOf([question, fromServer, question, fromServer], ['aggregate'])
    const row = rows.find(({ Reply }) => Reply === true)!
    assert.deepEqual(row.Layer7, {
      type: 'RESPONSE',
      http: { code, method: 'GET', url: '/status', protocol: 'HTTP/1.1' },
    })
    assert.deepEqual([row.IngressFlowCount, row.EgressFlowCount], [2, 0])
    assert.deepEqual(row.SourceWorkloads, [{ name: 'api' }])
    assert.ok(!JSON.stringify(rows).includes('secret'))
  })

test('a drop is a row with Hubble’s reason and the kernel’s own', async () => {
  const [row] = await rowsOf([drop(), drop({ packets: 3 })], ['aggregate'])
  assert.deepEqual([row.Verdict, row.DropReason, row.EgressFlowCount], ['DROPPED', 'POLICY_DENIED', 2])
  assert.deepEqual(row.KernelDrop, { Reason: 'NETFILTER_DROP', Location: 'nft_do_chain+0x3e8' })
  assert.equal(row.Interface, 'lxc1')
})

test('single flows have all that was measured, and their number is their own count', async () => {
  const observations = [
    counts({ handshakeRttUs: 41, bytes: 5_000_000_123 }),
    counts({ at: TO }),
    drop(),
    socket({ kind: 'connect_failed', connectUs: 130, retransmits: 2 }),
    ...exchange('http', Buffer.from('GET /a HTTP/1.1\r\n\r\n'), Buffer.from('HTTP/1.1 200 OK\r\n')),
  ]
  const rows = await rowsOf(observations, [])
  const measured = rows.map(({ Packets, Bytes, Interface, KernelDrop, TcpHealth, Layer7 }) => [
    Packets,
    Bytes,
    Interface,
    KernelDrop?.Reason,
    TcpHealth,
    Layer7?.latency_ns,
  ])
  assert.deepEqual(measured, [
    [12, 5_000_000_123, 'lxc1', undefined, { HandshakeRttUs: 41 }, undefined],
    [12, 3400, 'lxc2', undefined, undefined, undefined],
    [2, 120, 'lxc1', 'NETFILTER_DROP', undefined, undefined],
    [undefined, undefined, undefined, undefined, { ConnectUs: 130, Retransmits: 2 }, undefined],
    [undefined, undefined, 'lxc1', undefined, undefined, undefined],
    [undefined, undefined, 'lxc1', undefined, undefined, '3000000'],
  ])
  assert.equal(new Set(rows.map(({ UUID }) => UUID)).size, rows.length)
  assert.deepEqual(
    rows.map((row) => [row.IngressFlowCount, row.EgressFlowCount, row.UnknownDirectionFlowCount]),
    [
      [0, 1, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 0],
      [0, 1, 0],
      [0, 1, 0],
    ],
  )
})

test('every exporter passes on what was measured', async () => {
  const [row] = await rowsOf([counts({ handshakeRttUs: 41, bytes: 5_000_000_123 })], [])
  const attributes = attributesOf(row)
  assert.deepEqual(
    [attributes['flowfold.packets'], attributes['flowfold.bytes'], attributes['network.interface.name']],
    [12, 5_000_000_123, 'lxc1'],
  )
  assert.equal(attributes['flowfold.tcp.handshake_rtt_us'], 41)
  const cim = cimFields(row)
  assert.deepEqual([cim.packets, cim.bytes, cim.src, cim.dest_port], [12, 5_000_000_123, 'shop/web', 8080])
  const entry = JSON.parse(logEntry(row))
  assert.deepEqual([entry.Packets, entry.Bytes, entry.Interface], [12, 5_000_000_123, 'lxc1'])
})

test('IPv6 is as good', async () => {
  const tuple = { ...TUPLE, source: 'fd99:1::2', destination: 'fd99:2::2' }
  const [row] = await rowsOf([counts({ tuple })], ['aggregate'])
  assert.deepEqual(row.IP, { source: 'fd99:1::2', destination: 'fd99:2::2', ipVersion: 'IPv6' })
  assert.deepEqual(row.DestinationWorkloads, [{ name: 'api' }])
})
