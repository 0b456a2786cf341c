import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  COLUMNS,
  type Flow,
  type JsonObject,
  type Row,
  type RowBatch,
  rowsOf,
} from '../../../src/sdk/index.ts'
import { at, folding } from './support.ts'

const POLICY = {
  name: 'deny-web',
  namespace: 'shop',
  labels: ['k8s:a=b'],
  revision: '7',
  kind: 'NetworkPolicy',
}

function rows(settings: object, ...flows: readonly Flow[]): readonly Row[] {
  const { give, flush } = folding(settings)
  give(...flows)
  return flush()
}

function row(settings: object, ...flows: readonly Flow[]): Row {
  const folded = rows(settings, ...flows)
  assert.equal(folded.length, 1)
  return folded[0]
}

test('one flow alone keeps everything but its labels', () => {
  const { UUID, ...rest } = row(
    {},
    at(1.5, { verdict: 'DROPPED', drop_reason_desc: 'POLICY_DENIED', ingress_denied_by: [POLICY] }),
  )
  assert.match(UUID, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual(rest, {
    TimeGenerated: '2026-01-01T00:00:01.500Z',
    Verdict: 'DROPPED',
    DropReason: 'POLICY_DENIED',
    IP: { source: '10.0.1.10', destination: '10.0.2.20', ipVersion: 'IPv4' },
    Layer4: { TCP: { destination_port: 8080, source_port: 41000 } },
    SourceNamespace: 'shop',
    SourcePodName: 'web-5d4f8-abcde',
    SourceWorkloads: [{ name: 'web', kind: 'Deployment' }],
    SourceIdentity: 1001,
    DestinationNamespace: 'shop',
    DestinationPodName: 'api-7c9d6-fghij',
    DestinationWorkloads: [{ name: 'api', kind: 'Deployment' }],
    DestinationIdentity: 1002,
    FlowType: 'L3_L4',
    NodeName: 'node-1',
    Reply: false,
    EventType: { type: 4 },
    TrafficDirection: 'INGRESS',
    TraceObservationPoint: 'TO_ENDPOINT',
    IngressFlowCount: 1,
    EgressFlowCount: 0,
    UnknownDirectionFlowCount: 0,
    Policies: { ingress_denied_by: [POLICY] },
    WindowStart: '2026-01-01T00:00:00Z',
    WindowEnd: '2026-01-01T00:00:30Z',
    LastFlowTime: '2026-01-01T00:00:01.500Z',
    Revision: 0,
    Evidence: { TcpFlags: { Syn: 1, Fin: 0, Rst: 0 } },
  })
})

test('columns come in their order', () => {
  const order: readonly string[] = COLUMNS.map(({ name }) => name)
  const positions = Object.keys(row({}, at(0))).map((name) => order.indexOf(name))
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => a - b),
  )
})

test('what differs is left out of the columns and shown as evidence', () => {
  const pod = (name: string, ip: string): Partial<Flow> => ({
    source: { ...at(0).source, pod_name: name },
    IP: { ...at(0).IP, source: ip },
  })
  const { SourcePodName, IP, DestinationPodName, Evidence } = row(
    { evidence: 2 },
    at(0, pod('web-b', '10.0.1.2')),
    at(1, pod('web-a', '10.0.1.1')),
    at(2, { ...pod('web-c', '10.0.1.1'), aggregate: { egress_flow_count: 40 } }),
    at(3, pod('web-a', '10.0.1.1')),
  )
  assert.equal(SourcePodName, undefined)
  assert.deepEqual(IP, { destination: '10.0.2.20', ipVersion: 'IPv4' })
  assert.equal(DestinationPodName, 'api-7c9d6-fghij')
  assert.deepEqual(Evidence, {
    SourcePods: ['shop/web-a', 'shop/web-b'],
    SourceIPs: ['10.0.1.1', '10.0.1.2'],
    Others: { SourcePods: 40 },
    TcpFlags: { Syn: 43, Fin: 0, Rst: 0 },
  })
})

test('a value that some flows lack is left out, and the evidence tells who had one', () => {
  const { TrafficDirection, DestinationPodName, Evidence } = row(
    {},
    at(0),
    at(1, {
      traffic_direction: undefined,
      destination: { ...at(0).destination, pod_name: undefined },
    } as never),
  )
  assert.equal(TrafficDirection, undefined)
  assert.equal(DestinationPodName, undefined)
  assert.deepEqual((Evidence as JsonObject).DestinationPods, ['shop/api-7c9d6-fghij'])
})

test('evidence names DNS queries, requests without their query string, and policies', () => {
  const http = (method: string, url: string): Partial<Flow> => ({
    l7: { type: 'REQUEST', http: { method, url } },
  })
  const web = row(
    {},
    at(0, http('GET', 'http://api/carts/1?user=7')),
    at(1, http('POST', '/carts')),
    at(2, http('GET', '/carts/1?user=8')),
  )
  assert.deepEqual((web.Evidence as JsonObject).HttpRequests, ['GET /carts/1', 'POST /carts'])
  assert.deepEqual(web.Layer7, { type: 'REQUEST', http: {} })
  const dns = row({}, at(0, { l7: { dns: { query: 'b.' } } }), at(1, { l7: { dns: { query: 'a.' } } }))
  assert.deepEqual((dns.Evidence as JsonObject).DnsQueries, ['a.', 'b.'])
  const policies = row(
    {},
    at(0, { ingress_denied_by: [POLICY] }),
    at(1, {
      egress_allowed_by: [{ name: 'cluster-wide' }],
      ingress_denied_by: [{ ...POLICY, name: 'other' }, POLICY],
    }),
  )
  assert.equal(policies.Policies, undefined)
  assert.deepEqual((policies.Evidence as JsonObject).Policies, [
    'cluster-wide',
    'shop/deny-web',
    'shop/other',
  ])
})

test('without columns for them, agreed values are evidence too', () => {
  const { SourcePodName, Evidence, NodeName } = row({ carry: 'none' }, at(0), at(1))
  assert.equal(SourcePodName, undefined)
  assert.equal(NodeName, undefined)
  assert.deepEqual((Evidence as JsonObject).SourcePods, ['shop/web-5d4f8-abcde'])
})

test('`evidence: 0` writes none', () => {
  assert.equal(row({ evidence: 0 }, at(0), at(1, { node_name: 'node-2' })).Evidence, undefined)
})

/** dns, how rcodes are written, and the rcode of the row. */
const RCODES: readonly [NonNullable<NonNullable<Flow['l7']>['dns']>, 'name' | 'number', string | number][] = [
  [{}, 'name', 'NOERROR'],
  [{ rcode: 0 }, 'name', 'NOERROR'],
  [{ rcode: 3 }, 'name', 'NXDOMAIN'],
  [{ rcode: 3000 }, 'name', 'RCODE3000'],
  [{}, 'number', 0],
  [{ rcode: 3 }, 'number', 3],
]

for (const [dns, how, expected] of RCODES)
  test(`${JSON.stringify(dns)} by ${how} is ${expected}`, () => {
    const { Layer7 } = row({ dns_rcode: how }, at(0, { l7: { type: 'RESPONSE', dns } }))
    assert.deepEqual(Layer7, { type: 'RESPONSE', dns: { rcode: expected } })
  })

test('a flow without DNS has no rcode, and without HTTP no code', () => {
  assert.equal(row({}, at(0)).Layer7, undefined)
})

test('an HTTP request and no HTTP at all are two rows that can be told apart', () => {
  const folded = rows(
    { carry: 'none', evidence: 0 },
    at(0),
    at(1, { l7: { http: {} } }),
    at(2, { l7: { http: { code: 503 } } }),
  )
  assert.deepEqual(
    folded.map(({ Layer7 }) => Layer7),
    [undefined, { http: {} }, { http: { code: 503 } }],
  )
  assert.equal(new Set(folded.map(({ UUID }) => UUID)).size, 3)
})

/** Node names of the flows, and of the row on a host called `node-1`. */
const NODES: readonly [readonly (string | undefined)[], string | undefined][] = [
  [['prod/aks-1', 'aks-1'], 'aks-1'],
  [['aks-1'], 'aks-1'],
  [[undefined, undefined], 'node-1'],
  [['aks-1', 'aks-2'], undefined],
  [['aks-1', undefined], undefined],
]

for (const [names, expected] of NODES)
  test(`flows of node ${names.join(' and ')} make a row of node ${expected}`, () => {
    const flows = names.map((node_name, i) => at(i, { node_name } as Partial<Flow>))
    assert.equal(row({}, ...flows).NodeName, expected)
  })

test('services have the four keys of the table', () => {
  const { Service } = row(
    {},
    at(0, { source_service: { name: 'web' }, destination_service: { name: 'api', namespace: 'shop' } }),
  )
  assert.deepEqual(Service, {
    SourceService: 'web',
    DestinationService: 'api',
    DestinationServiceNamespace: 'shop',
  })
})

test('Reply is a boolean, and absent where nobody knows', () => {
  const replies = rows({}, at(0), at(1, { is_reply: true }), at(2, { is_reply: undefined } as never)).map(
    ({ Reply }) => Reply,
  )
  assert.deepEqual(replies, [false, true, undefined])
})

test('an ICMP echo reply has its type, which is 0', () => {
  assert.deepEqual(row({}, at(0, { l4: { ICMPv4: { type: 0 } } })).Layer4, { ICMPv4: { type: 0 } })
})

test('the first and the last time have the precision of the flows', () => {
  const time = (fraction: string) => at(0, { time: `2026-01-01T00:00:02${fraction}Z` })
  const { TimeGenerated, LastFlowTime } = row(
    {},
    time('.000000002'),
    time('.000000001'),
    time('.25'),
    time(''),
  )
  assert.equal(TimeGenerated, '2026-01-01T00:00:02Z')
  assert.equal(LastFlowTime, '2026-01-01T00:00:02.250Z')
})

test('labels are in the row when they are asked for', () => {
  const { AdditionalFlowData } = row({ carry: ['source_labels'] }, at(0))
  assert.deepEqual(AdditionalFlowData, { SourceLabels: ['k8s:app=web'] })
})

test('a UUID changes with the pipeline, the window, the key and the revision, and with nothing else', () => {
  const [uuid] = rows({}, at(0)).map(({ UUID }) => UUID)
  assert.equal(row({}, at(29, { node_name: 'n' }), at(3, { Type: 'L7' })).UUID, uuid)
  assert.equal(row({ dns_rcode: 'number', evidence: 0, carry: 'none' }, at(0)).UUID, uuid)
  const others = [
    row({}, at(30)),
    row({}, at(0, { verdict: 'DROPPED' })),
    row({ key: 'acns' }, at(0)),
    row({ window: '60s' }, at(0)),
  ]
  const { give, flush } = folding()
  give(at(0))
  flush()
  give(at(0))
  others.push(...flush())
  assert.equal(new Set([uuid, ...others.map(({ UUID }) => UUID)]).size, 6)
})

test('rows can be read until the next are taken, and throw behind that; those that are kept stay', () => {
  const { fold, batch } = folding({ key: ['l4_protocol', 'destination_port'] })
  const flows = Array.from({ length: 1200 }, (_, i) =>
    at(1, { l4: { TCP: { source_port: 41000, destination_port: i + 1 } } }),
  )
  fold.fold(batch(flows))
  const lent: RowBatch[] = []
  const kept: RowBatch[] = []
  for (const { rows } of fold.flush()) {
    lent.push(rows)
    kept.push(rows.keep())
    assert.deepEqual(rows.text, kept.at(-1)?.text)
  }
  assert.ok(lent.length > 1)
  for (const rows of lent.slice(0, -1)) assert.throws(() => rows.text, /these rows are gone/)
  const keptRows = kept.flatMap((rows) => rowsOf(rows))
  assert.equal(new Set(keptRows.map(({ Layer4 }) => JSON.stringify(Layer4))).size, 1200)
})
