import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Flow, Row } from '../../../src/sdk/index.ts'
import { at, folding, totalFlows } from './support.ts'

const SAMPLES = '../shared/data/hubble-samples.jsonl'
const noSamples = existsSync(SAMPLES) ? false : `${SAMPLES} is not here`

test('on real flows `workload` makes fewer rows than `acns`, and none loses a flow', {
  skip: noSamples,
}, () => {
  const flows = readFileSync(SAMPLES, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((record) => (record.flow ?? record) as Flow)
    .filter(({ time }) => time)
  const rows = (key: string) => {
    const { give, flush } = folding({ key }, { nowS: 365 * 86_400 })
    return [...give(...flows), ...flush()]
  }
  const counts = ['workload', 'acns', 'pod', 'connection'].map((key) => {
    const folded = rows(key)
    assert.equal(totalFlows(folded), flows.length, key)
    return folded.length
  })
  const [workload, acns, pod, connection] = counts
  assert.ok(workload < acns, `${workload} rows by workload, ${acns} by acns`)
  assert.ok(workload <= pod && pod <= connection)
})

/** Fields that keep two flows apart under a preset, one example each; and some that do not. */
const differing: { readonly [field: string]: Partial<Flow> } = {
  verdict: { verdict: 'DROPPED' },
  is_reply: { is_reply: true, l4: { TCP: { source_port: 8080, destination_port: 8080 } } },
  'is_reply unknown': { is_reply: undefined } as never,
  drop_reason: { drop_reason_desc: 'POLICY_DENIED' },
  source_namespace: { source: { ...at(0).source, namespace: 'other' } },
  destination_namespace: { destination: { ...at(0).destination, namespace: 'other' } },
  source_workloads: { source: { ...at(0).source, workloads: [{ name: 'other', kind: 'Deployment' }] } },
  destination_workloads: { destination: { ...at(0).destination, workloads: [] } },
  source_identity: { source: { ...at(0).source, identity: 7 } },
  destination_identity: { destination: { ...at(0).destination, identity: 7 } },
  source_cluster_name: { source: { ...at(0).source, cluster_name: 'other' } },
  destination_cluster_name: { destination: { ...at(0).destination, cluster_name: 'other' } },
  'TCP port': { l4: { TCP: { source_port: 41000, destination_port: 9090 } } },
  'UDP port': { l4: { UDP: { source_port: 41000, destination_port: 8080 } } },
  http_code: { l7: { http: { code: 200 } } },
  'an HTTP request': { l7: { http: {} } },
  'DNS without error': { l7: { dns: {} } },
  dns_rcode: { l7: { dns: { rcode: 3 } } },
  ip_version: { IP: { ...at(0).IP, ipVersion: 'IPv6' } },
  ip_encrypted: { IP: { ...at(0).IP, encrypted: true } },
  source_pod_name: { source: { ...at(0).source, pod_name: 'web-other' } },
  destination_pod_name: { destination: { ...at(0).destination, pod_name: 'api-other' } },
  traffic_direction: { traffic_direction: 'EGRESS' },
  ip_source: { IP: { ...at(0).IP, source: '10.9.9.9' } },
  ip_destination: { IP: { ...at(0).IP, destination: '10.9.9.9' } },
  source_port: { l4: { TCP: { source_port: 50000, destination_port: 8080 } } },
  labels: { source: { ...at(0).source, labels: ['k8s:app=other'] } },
  node_name: { node_name: 'node-2' },
}

const IN_POD = ['source_pod_name', 'destination_pod_name', 'traffic_direction']
const IN_CONNECTION = ['ip_source', 'ip_destination']
const NEVER = ['source_port', 'labels', 'node_name']
const TOGETHER: { readonly [preset: string]: readonly string[] } = {
  acns: [...IN_POD, ...IN_CONNECTION, ...NEVER],
  workload: [...IN_POD, ...IN_CONNECTION, ...NEVER],
  pod: [...IN_CONNECTION, ...NEVER],
  connection: NEVER,
}

for (const [preset, together] of Object.entries(TOGETHER))
  test(`${preset} keeps apart what it should, and nothing else`, () => {
    const found = Object.entries(differing).filter(([, differs]) => {
      const { give, flush } = folding({ key: preset })
      give(at(0), at(1, differs))
      return flush().length === 1
    })
    assert.deepEqual(
      found.map(([field]) => field),
      together,
    )
  })

test('acns does not know a protocol without TCP or UDP port', () => {
  const { give, flush } = folding({ key: 'acns' })
  give(at(0, { l4: { SCTP: { destination_port: 1 } } }), at(1, { l4: { ICMPv4: { type: 8 } } }))
  assert.equal(flush().length, 1)
})

/** is_reply, source port, destination port: the server's and the client's. */
const CALLS: readonly [boolean | undefined, number, number, number | undefined, number | undefined][] = [
  [false, 41000, 8080, 8080, 41000],
  [true, 8080, 41000, 8080, 41000],
  [false, 8080, 41000, 41000, 8080],
  [undefined, 41000, 8080, 8080, 41000],
  [undefined, 8080, 41000, 8080, 41000],
  [undefined, 8080, 32768, 8080, 32768],
  [undefined, 8080, 32767, 32767, 8080],
  [undefined, 41000, 42000, 42000, 41000],
  [undefined, 0, 42000, 42000, undefined],
  [true, 0, 41000, undefined, 41000],
]

for (const [isReply, source, destination, server, client] of CALLS)
  test(`from ${source} to ${destination}, reply ${isReply}: the server's port is ${server}`, () => {
    const { give, flush } = folding()
    const { is_reply, ...flow } = at(0, {
      l4: { TCP: { source_port: source, destination_port: destination } },
    })
    give({ ...flow, ...(isReply === undefined ? {} : { is_reply: isReply }) })
    const [{ Layer4 }] = flush()
    const expected = { destination_port: server, source_port: client }
    assert.deepEqual(Layer4, { TCP: JSON.parse(JSON.stringify(expected)) })
  })

test('a request and its reply have the same server port, and the client keeps its own', () => {
  const { give, flush } = folding()
  const reply: Partial<Flow> = { is_reply: true, l4: { TCP: { source_port: 8080, destination_port: 41000 } } }
  give(at(0), at(1, reply))
  const rows = flush()
  assert.deepEqual(rows.map(({ Reply, Layer4 }) => [Reply, Layer4]).sort(), [
    [false, { TCP: { destination_port: 8080, source_port: 41000 } }],
    [true, { TCP: { destination_port: 8080, source_port: 41000 } }],
  ])
})

test('workloads are the same however their JSON is written', () => {
  const { give, flush } = folding()
  const source = (workload: object) =>
    ({ source: { namespace: 'shop', workloads: [workload] } }) as Partial<Flow>
  give(
    at(0, source({ name: 'web', kind: 'Deployment' })),
    at(1, source({ kind: 'Deployment', name: 'web', uid: 7 })),
  )
  assert.deepEqual(
    flush().map(({ SourceWorkloads }) => SourceWorkloads),
    [[{ name: 'web', kind: 'Deployment' }]],
  )
})

test('a key is the same in whatever order its fields are written', () => {
  const uuids = (key: readonly string[]) => {
    const { give, flush } = folding({ key })
    give(at(0), at(1, { verdict: 'DROPPED' }))
    return flush().map(({ UUID }: Row) => UUID)
  }
  assert.deepEqual(uuids(['verdict', 'node_name']), uuids(['node_name', 'verdict', 'verdict']))
})
