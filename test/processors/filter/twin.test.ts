import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchOf, Dictionary, type Endpoint, type Flow } from '../../../src/sdk/index.ts'
import { testHost } from '../../support/host.ts'
import { type PlainEndpoint, type PlainFilter, plainPasses } from './plain-filter.ts'
import { filterOf } from './support.ts'

/** Few words, so that filters and flows meet often. */
const NAMESPACES = ['default', 'shop', 'bank']
const PODS = ['web-1', 'web-2', 'api-1']
const ADDRESSES = ['10.0.0.1', '10.0.1.1', '10.1.0.1', '2001:db8::1', '2001:db8:0:1::2', 'fd00::ff']
const LABELS = ['k8s:app=web', 'k8s:app=api', 'k8s:tier=front', 'reserved:world', 'k8s:empty=']
const PORTS = [53, 80, 8080]
const VERDICTS = ['FORWARDED', 'DROPPED', 'AUDIT']

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const some = <T>(...entries: readonly T[]) => fc.subarray([...entries])

const endpoint: fc.Arbitrary<Endpoint> = record({
  namespace: fc.constantFrom(...NAMESPACES),
  pod_name: fc.constantFrom(...PODS),
  // One label a key, as Kubernetes has it.
  labels: fc.uniqueArray(fc.constantFrom(...LABELS), { selector: (label) => label.split('=')[0] }),
  workloads: fc.constantFrom('web', 'api').map((name) => [{ name, kind: 'Deployment' }]),
})

const ports = record({ source_port: fc.constantFrom(...PORTS), destination_port: fc.constantFrom(...PORTS) })
const flow: fc.Arbitrary<Flow> = record({
  time: fc.constant('2026-01-01T00:00:00Z'),
  verdict: fc.constantFrom(...VERDICTS),
  drop_reason_desc: fc.constantFrom('POLICY_DENIED', 'POLICY_DENY'),
  source: endpoint,
  destination: endpoint,
  IP: record({ source: fc.constantFrom(...ADDRESSES), destination: fc.constantFrom(...ADDRESSES) }),
  l4: fc.oneof(
    ports.map((TCP) => ({ TCP })),
    ports.map((UDP) => ({ UDP })),
    fc.constantFrom({ ICMPv4: {} }, { ICMPv6: { type: 1 } }, {}),
  ),
  l7: fc.oneof(
    record({
      type: fc.constantFrom('REQUEST', 'RESPONSE'),
      dns: record({ rcode: fc.constantFrom(0, 3) }),
    }),
    record({
      type: fc.constantFrom('REQUEST', 'RESPONSE'),
      http: record({ code: fc.constantFrom(200, 404) }),
    }),
    fc.constant({}),
  ),
  traffic_direction: fc.constantFrom('INGRESS', 'EGRESS'),
  is_reply: fc.boolean(),
}) as fc.Arbitrary<Flow>

const labelSelector = record({
  matchLabels: fc.constantFrom({ app: 'web' }, { app: 'api', tier: 'front' }, { 'k8s.io/namespace': 'shop' }),
  matchExpressions: fc.array(
    fc.oneof(
      fc.record({
        key: fc.constantFrom('app', 'tier', 'k8s.io/namespace'),
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.constantFrom(['web'], ['api', 'front', 'shop'], ['bank']),
      }),
      fc.record({
        key: fc.constantFrom('app', 'world', 'empty', 'k8s.io/namespace'),
        operator: fc.constantFrom('Exists', 'DoesNotExist'),
      }),
    ),
    { maxLength: 2 },
  ),
})

const endpointFilter = record({
  namespacedPod: some('shop/', 'shop/web', '/api-', 'web', 'bank/web-1*', 'default/*'),
  labelSelector: fc.option(labelSelector, { nil: null, freq: 9 }),
  ip: some('10.0.0.0/16', '10.0.1.1', '2001:0db8::/32', '2001:db8::/63', 'fd00::FF', '0.0.0.0/0', '::/0'),
  namespace: some('shop', 'bank'),
  workload: some('web', 'api'),
}) as fc.Arbitrary<PlainEndpoint>

const filter = record({
  protocol: some('tcp', 'udp', 'icmp', 'icmpv6', 'dns', 'http'),
  verdict: some('forwarded', 'dropped', 'AUDIT'),
  from: endpointFilter,
  to: endpointFilter,
  either: endpointFilter,
  port: some(...PORTS),
  sourcePort: some(...PORTS),
  destinationPort: some(...PORTS),
  direction: some('ingress', 'egress', 'unknown'),
  dropReason: some('POLICY_DENIED', 'POLICY_DENY'),
  httpCode: some(200, 404),
  dnsRcode: some(0, 3),
  reply: fc.boolean(),
}) as fc.Arbitrary<PlainFilter>

const FILTER_FIELDS =
  'protocol verdict from to either port sourcePort destinationPort direction dropReason httpCode dnsRcode reply'

/** Some of the fields of each filter: all at once would let nothing pass. */
const filters = (most: number) =>
  fc.array(
    fc
      .tuple(filter, fc.subarray(FILTER_FIELDS.split(' '), { maxLength: 3 }))
      .map(([all, kept]) => pick(all, kept)),
    { maxLength: most },
  )

test('columns and plain flows agree on who passes, batch after batch, across compactions', () => {
  let passed = 0
  let stopped = 0
  fc.assert(
    fc.property(
      filters(4),
      filters(2),
      fc.array(fc.tuple(fc.array(flow, { maxLength: 20 }), fc.boolean()), { minLength: 1, maxLength: 3 }),
      (include, exclude, batches) => {
        const dictionary = new Dictionary()
        const processor = filterOf({ include, exclude }, testHost({ dictionary }))
        for (const [flows, isCompacted] of batches) {
          const kept = processor.process(batchOf(dictionary, flows))
          const expected = flows.flatMap((candidate, row) =>
            plainPasses(candidate, include, exclude) ? [row] : [],
          )
          assert.deepEqual([...(kept?.rows ?? [])], expected)
          passed += expected.length
          stopped += flows.length - expected.length
          if (isCompacted) dictionary.compact()
        }
      },
    ),
    { numRuns: 1500 },
  )
  // A twin that is never asked a hard question agrees with everything.
  assert.ok(passed > 1000 && stopped > 1000, `${passed} passed, ${stopped} stopped`)
})

/** An object each of whose fields may be missing. */
function record<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  const all = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, maybe(field as fc.Arbitrary<unknown>)]),
  )
  return fc.record(all).map((object) => pick(object, Object.keys(object))) as fc.Arbitrary<Partial<T>>
}

function pick<T extends object>(object: T, names: readonly PropertyKey[]): T {
  const kept = Object.entries(object).filter(([name, value]) => names.includes(name) && value !== undefined)
  return Object.fromEntries(kept) as T
}
