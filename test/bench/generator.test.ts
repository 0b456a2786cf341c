import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  generateAggregatedLines,
  generateDistinctGroups,
  generateLines,
  writeLines,
} from '../../bench/generator.ts'
import { expectedTotals, flowsIn } from '../../bench/plain-fold.ts'
import { SAMPLE_PATH, sampleLines } from '../../bench/sample.ts'
import { goJson } from '../../bench/traffic/write-line.ts'
import type { Flow } from '../../src/record/flow.ts'
import { tempDir } from '../support/temp-dir.ts'

/** In the order of cilium's `api/v1/flow/flow.proto`, by which protojson writes them. */
const PROTO_ORDER: { readonly [message: string]: readonly string[] } = {
  line: words('flow node_name time'),
  flow: words(
    `time uuid emitter verdict drop_reason auth_type ethernet IP l4 tunnel source destination Type node_name node_labels
    source_names destination_names l7 reply event_type source_service destination_service traffic_direction
    policy_match_type trace_observation_point trace_reason file ip_trace_id drop_reason_desc is_reply
    debug_capture_point interface proxy_port trace_context sock_xlate_point socket_cookie cgroup_id Summary extensions
    egress_allowed_by ingress_allowed_by egress_denied_by ingress_denied_by policy_log aggregate`,
  ),
  IP: words('source source_xlated destination ipVersion encrypted'),
  TCP: words('source_port destination_port flags'),
  flags: words('FIN SYN RST PSH ACK URG ECE CWR NS'),
  source: words('ID identity cluster_name namespace labels pod_name workloads'),
  destination: words('ID identity cluster_name namespace labels pod_name workloads'),
  l7: words('type latency_ns dns http'),
  dns: words('query ips ttl cnames observation_source rcode qtypes rrtypes'),
  http: words('code method url protocol headers'),
  event_type: words('type sub_type'),
  aggregate: words('ingress_flow_count egress_flow_count unknown_direction_flow_count'),
}
const SAMPLES = join(import.meta.dirname, '../../../shared/data/hubble-samples.jsonl')
const FLOWS = 10_000

const lines = [...generateLines({ seed: 7, flows: FLOWS })]
const flows = lines.map(flowOf)

test('a line is one JSON object, compact and escaped as Go does it', () => {
  for (const line of lines) {
    const again = JSON.stringify(JSON.parse(line)).replace(/[<>&]/g, (letter) => goJson(letter).slice(1, -1))
    assert.equal(line, `${again}\n`)
  }
  assert.ok(lines.some((line) => line.includes('\\u0026page=1')))
})

test('keys stand in the order of the proto', () => {
  for (const line of lines) assertProtoOrder('line', JSON.parse(line))
})

test('real records keep the same order', { skip: !existsSync(SAMPLES) && 'no real records here' }, () => {
  const exported = readFileSync(SAMPLES, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"flow":{"time":"202'))
  assert.ok(exported.length > 100)
  for (const line of exported) assertProtoOrder('line', JSON.parse(line))
})

test('the same seed gives the same lines, another seed others', () => {
  const some = (seed: number) => [...generateLines({ seed, flows: 200 })].join('')
  assert.equal(some(3), some(3))
  assert.notEqual(some(3), some(4))
})

test('a line is about 2 kB', () => {
  const average = lines.reduce((bytes, line) => bytes + Buffer.byteLength(line), 0) / FLOWS
  assert.ok(average > 1900 && average < 2200, `${average} bytes`)
})

test('every kind of traffic is there, in a believable share', () => {
  const share = (of: (flow: Flow) => unknown) => flows.filter(of).length / FLOWS
  const expected: readonly [what: string, of: (flow: Flow) => unknown, least: number, most: number][] = [
    ['TCP', ({ l4 }) => l4?.TCP, 0.5, 0.8],
    ['UDP', ({ l4 }) => l4?.UDP, 0.1, 0.4],
    ['ICMP', ({ l4 }) => l4?.ICMPv4 ?? l4?.ICMPv6, 0.004, 0.05],
    ['IPv6', ({ IP }) => IP?.ipVersion === 'IPv6', 0.01, 0.1],
    ['a SYN', ({ l4 }) => l4?.TCP?.flags?.SYN, 0.1, 0.4],
    ['a FIN', ({ l4 }) => l4?.TCP?.flags?.FIN, 0.05, 0.3],
    ['a reply', ({ is_reply }) => is_reply, 0.3, 0.5],
    ['unknown direction', ({ traffic_direction }) => !traffic_direction, 0.001, 0.02],
    ['DNS', ({ l7 }) => l7?.dns, 0.05, 0.2],
    ['NXDOMAIN', ({ l7 }) => l7?.dns?.rcode === 3, 0.005, 0.05],
    ['SERVFAIL', ({ l7 }) => l7?.dns?.rcode === 2, 0.0001, 0.01],
    ['HTTP', ({ l7 }) => l7?.http, 0.03, 0.15],
    ['HTTP 200', ({ l7 }) => l7?.http?.code === 200, 0.01, 0.08],
    ['HTTP 503', ({ l7 }) => l7?.http?.code === 503, 0.0001, 0.01],
    ['a drop', ({ verdict }) => verdict === 'DROPPED', 0.005, 0.05],
    ['an audit', ({ verdict }) => verdict === 'AUDIT', 0.0001, 0.01],
    ['the world', ({ destination }) => destination?.labels?.includes('reserved:world-ipv4'), 0.02, 0.2],
    ['the host', ({ source }) => source?.identity === 1, 0.005, 0.1],
  ]
  for (const [what, of, least, most] of expected) {
    const is = share(of)
    assert.ok(is >= least && is <= most, `${what}: ${is}`)
  }
})

test('only pods of this node have an ID and workloads', () => {
  const pods = flows
    .flatMap(({ source, destination }) => [source, destination])
    .filter((end) => end?.pod_name)
  const here = pods.filter((pod) => pod?.ID !== undefined)
  assert.ok(here.length > 0 && here.length < pods.length)
  for (const pod of pods) assert.equal(pod?.workloads !== undefined, pod?.ID !== undefined, pod?.pod_name)
})

test('a reply that is delivered to a pod is EGRESS, a request INGRESS', () => {
  const delivered = flows.filter(({ trace_observation_point }) => trace_observation_point === 'TO_ENDPOINT')
  for (const { is_reply, traffic_direction } of delivered)
    assert.equal(traffic_direction, is_reply ? 'EGRESS' : 'INGRESS')
})

test('a packet that a policy denies is seen twice, as verdict and as drop', () => {
  const denied = flows.filter(({ drop_reason_desc }) => drop_reason_desc?.startsWith('POLICY_'))
  const verdicts = denied.filter(({ event_type }) => event_type?.type === 5)
  const drops = denied.filter(({ event_type }) => event_type?.type === 1)
  assert.ok(verdicts.length > 0)
  assert.ok(Math.abs(verdicts.length - drops.length) <= 1, 'at most the last drop is cut off')
})

test('time moves on at the rate that was asked for, with steps back of at most 300 µs', () => {
  const timesNs = flows.map(({ time }) => nanoseconds(time))
  let latestNs = 0
  for (const timeNs of timesNs) {
    assert.ok(timeNs > latestNs - 300_000)
    latestNs = Math.max(latestNs, timeNs)
  }
  assert.ok(timesNs.some((timeNs, index) => index > 0 && timeNs < timesNs[index - 1]))
  const seconds = (latestNs - timesNs[0]) / 1e9
  assert.ok(Math.abs(seconds - FLOWS / 1000) < 0.01, `${seconds} s`)
})

test('expected totals hold every flow once', () => {
  assert.equal(flowsIn(expectedTotals(lines)), FLOWS)
})

test('aggregated lines stand for the same flows, by the 17 fields alone', () => {
  const aggregated = [...generateAggregatedLines({ seed: 7, flows: FLOWS, flowsPerSecond: 200 })]
  assert.ok(aggregated.length < FLOWS / 2)
  assert.equal(flowsIn(expectedTotals(aggregated)), FLOWS)
  const known = new Set(words('time verdict IP l4 source destination l7 drop_reason_desc is_reply aggregate'))
  for (const line of aggregated) {
    assertProtoOrder('line', JSON.parse(line))
    for (const key of Object.keys(flowOf(line))) assert.ok(known.has(key), key)
  }
  for (const shape of [
    '"l7":{}',
    '"l4":{}',
    '"l7":{"dns":{}}',
    '"l7":{"dns":{"rcode":3}}',
    '"l7":{"http":{}}',
  ])
    assert.ok(
      aggregated.some((line) => line.includes(shape)),
      shape,
    )
})

test('a distinct group for each line, all in one window', () => {
  const scan = [...generateDistinctGroups(3000)]
  const totals = expectedTotals(scan)
  assert.equal(totals.size, 3000)
  assert.equal(flowsIn(totals), 3000)
  assert.equal(new Set([...totals.keys()].map((group) => group.split(' ')[0])).size, 1)
})

test('what is written to a file is what was generated', (t) => {
  const path = join(tempDir(t), 'events.log')
  assert.equal(writeLines(lines.slice(0, 2000), path), readFileSync(path).length)
  assert.equal(readFileSync(path, 'utf8'), lines.slice(0, 2000).join(''))
})

test('the sample that comes along is what the generator makes', () => {
  const sample = readFileSync(SAMPLE_PATH, 'utf8')
  assert.ok(sample === [...sampleLines()].join(''), 'it differs; write it anew with: node bench/sample.ts')
  assert.ok(sample.length < 2_000_000)
})

function flowOf(line: string): Flow {
  return (JSON.parse(line) as { flow: Flow }).flow
}

function assertProtoOrder(message: string, object: { readonly [key: string]: unknown }): void {
  const order = PROTO_ORDER[message]
  if (order) {
    const places = Object.keys(object).map((key) => order.indexOf(key))
    assert.ok(!places.includes(-1), `${message} has an unknown key: ${Object.keys(object)}`)
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      `${message}: ${Object.keys(object)}`,
    )
  }
  for (const [key, value] of Object.entries(object))
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      assertProtoOrder(key, value as { readonly [key: string]: unknown })
}

function nanoseconds(time: string): number {
  const fraction = (time.split('.')[1] ?? '').replace('Z', '').padEnd(9, '0')
  return (Date.parse(`${time.slice(0, 19)}Z`) / 1000 - DAY_S) * 1e9 + Number(fraction)
}

/** Nanoseconds since the epoch are too many for a number. */
const DAY_S = Date.UTC(2026, 8, 21) / 1000

function words(list: string): string[] {
  return list.split(/\s+/)
}
