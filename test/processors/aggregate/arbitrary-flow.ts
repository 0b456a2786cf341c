import fc from 'fast-check'
import type { Endpoint, Flow, FlowExtensions, Layer4, Layer7, Policy } from '../../../src/sdk/index.ts'
import { at, timeAt } from './support.ts'

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const port = fc.constantFrom(0, 53, 80, 8080, 32767, 32768, 41000, 65535)

const endpoint: fc.Arbitrary<Endpoint> = fc.record(
  {
    identity: fc.constantFrom(1, 2, 1001, 2 ** 32 - 2),
    namespace: fc.constantFrom('shop', 'kube-system'),
    labels: fc.constantFrom(['k8s:app=web'], ['reserved:world']),
    pod_name: fc.constantFrom('web-1', 'web-2', 'web-3'),
    workloads: fc.constantFrom([{ name: 'web', kind: 'Deployment' }], [{ name: 'db' }], []),
    cluster_name: fc.constantFrom('one', 'two'),
  },
  { requiredKeys: [] },
)

const flags = fc.record(
  { SYN: fc.constant(true), FIN: fc.constant(true), RST: fc.constant(true) },
  { requiredKeys: [] },
)

const l4: fc.Arbitrary<Layer4> = fc.oneof(
  fc.record({ TCP: fc.record({ source_port: port, destination_port: port, flags }) }),
  fc.record({ UDP: fc.record({ source_port: port, destination_port: port }) }),
  fc.record({ SCTP: fc.record({ destination_port: port }) }),
  fc.record({ ICMPv4: fc.record({ type: fc.constantFrom(0, 8), code: fc.constantFrom(0, 3) }) }),
)

const l7: fc.Arbitrary<Layer7> = fc.oneof(
  fc.record({
    type: fc.constantFrom('REQUEST', 'RESPONSE'),
    http: fc.record(
      {
        code: fc.constantFrom(200, 503),
        method: fc.constantFrom('GET', 'POST'),
        url: fc.constantFrom('http://api:80/a?q=1', '/b', 'http://api/a'),
        protocol: fc.constant('HTTP/1.1'),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    dns: fc.record(
      {
        rcode: fc.constantFrom(0, 3, 200),
        // With all that JSON escapes, and texts whose order differs between UTF-8 and UTF-16.
        query: fc.constantFrom('a.example.', 'b"\\\b\t\n\f\r\u0001\u001f.example.', 'é～.', 'é😀.'),
        qtypes: fc.constantFrom(['A'], ['AAAA', 'A']),
      },
      { requiredKeys: [] },
    ),
  }),
)

const policies: fc.Arbitrary<readonly Policy[]> = fc.uniqueArray(
  fc.constantFrom(
    { name: 'allow', namespace: 'shop', revision: '1' },
    { name: 'allow', namespace: 'shop', revision: '2' },
    { name: 'deny', namespace: 'shop' },
  ),
  { minLength: 1, maxLength: 2 },
)

const measured: fc.Arbitrary<FlowExtensions> = fc.record(
  {
    packets: fc.constantFrom(0, 1, 70_000),
    bytes: fc.constantFrom(0, 60, 2 ** 32, 5_000_000_123),
    kernel_drop: fc.constantFrom({ Reason: 'NETFILTER_DROP' }, { Reason: 'NO_SOCKET', Location: 'a+0x1' }),
  },
  { requiredKeys: [] },
)

const service = fc.constantFrom({ name: 'api', namespace: 'shop' }, { name: 'db' })

/** A flow in one of the first `seconds` seconds. Domains are small, so that flows agree and differ often. */
export function arbitraryFlow(seconds: number): fc.Arbitrary<Flow> {
  return fc
    .record({
      offsetMs: fc.integer({ min: 0, max: seconds * 1000 - 1 }),
      nanos: fc.constantFrom('', '001', '000001'),
      required: fc.record({ verdict: fc.constantFrom('FORWARDED', 'DROPPED') }),
      optional: fc.record(
        {
          drop_reason_desc: maybe(fc.constant('POLICY_DENIED')),
          IP: fc.record({
            source: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '::1'),
            destination: fc.constantFrom('10.0.1.1', '10.0.1.2'),
            ipVersion: fc.constantFrom('IPv4', 'IPv6'),
            encrypted: fc.boolean(),
          }),
          l4,
          source: endpoint,
          destination: endpoint,
          Type: fc.constantFrom('L3_L4', 'L7'),
          node_name: fc.constantFrom('one/node-a', 'node-a', 'node-b'),
          l7,
          event_type: fc.constantFrom({ type: 4 }, { type: 4, sub_type: 3 }),
          source_service: service,
          destination_service: service,
          traffic_direction: fc.constantFrom('INGRESS', 'EGRESS'),
          trace_observation_point: fc.constantFrom('TO_ENDPOINT', 'TO_STACK'),
          is_reply: fc.boolean(),
          egress_allowed_by: policies,
          ingress_denied_by: policies,
          interface: fc.constantFrom({ name: 'veth1' }, { index: 2, name: 'veth2' }),
          extensions: measured,
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ offsetMs, nanos, required, optional }) => {
      const time = timeAt(offsetMs / 1000).replace('Z', `${nanos}Z`)
      const known = Object.entries(optional).filter(([, value]) => value !== undefined)
      return { time, ...required, ...Object.fromEntries(known) } as Flow
    })
}

/** Some of the flows stand for many: another exporter has folded them already. */
export function arbitraryRecord(seconds: number, largest = 2 ** 32 - 1): fc.Arbitrary<Flow> {
  const count = fc.constantFrom(1, 2, 1000, largest)
  const counts = fc.record(
    { ingress_flow_count: count, egress_flow_count: count },
    { requiredKeys: ['egress_flow_count'] },
  )
  return fc
    .tuple(arbitraryFlow(seconds), fc.option(counts, { nil: undefined, freq: 3 }))
    .map(([flow, aggregate]) => (aggregate ? { ...flow, aggregate } : flow))
}

/** Flows of two groups, now and then with something that differs: what one batch says of a group, the next repeats. */
export function arbitrarySimilarRecord(seconds: number): fc.Arbitrary<Flow> {
  const differs = fc.record(
    {
      verdict: fc.constant('DROPPED'),
      IP: fc.constantFrom({ source: '10.0.0.1' }, { source: '10.0.0.2' }),
      node_name: fc.constantFrom('node-a', 'node-b'),
      aggregate: fc.constantFrom({ egress_flow_count: 3 }, { ingress_flow_count: 1000 }),
      l4: fc.constantFrom({ TCP: { source_port: 41001, destination_port: 8080, flags: { RST: true } } }),
    },
    { requiredKeys: [] },
  )
  return fc
    .tuple(fc.integer({ min: 0, max: seconds * 1000 - 1 }), fc.option(differs, { nil: {}, freq: 1 }))
    .map(([offsetMs, differing]) => at(offsetMs / 1000, differing as Partial<Flow>))
}
