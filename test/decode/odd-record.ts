import fc from 'fast-check'

/** Mostly the first, seldom the second: a record has many values, and one odd one is enough for the kernel to decline. */
function seldom<A, B>(usual: fc.Arbitrary<A>, strange: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: 60, arbitrary: usual }, { weight: 1, arbitrary: strange })
}

const usualTexts =
  'a FORWARDED INGRESS EGRESS UNKNOWN_TYPE POLICY_DENIED L7 x/y a#b h: /a://b http://h/p?q http://h?x=/y HTTP://h#/x sixteen-bytes-it seventeen-bytes-i'
const text = seldom(
  fc.oneof(fc.constantFrom(...usualTexts.split(' ')), fc.stringMatching(/^[ -!#-[\]-~]{0,70}$/)),
  fc.oneof(
    fc.constantFrom('', '/', 'cluster/', 'a"b', 'a\\b', 'tab\t', 'é', '\u{1f600}', '\ud800'),
    fc.string(),
  ),
)
const number = seldom(
  fc.oneof(fc.constantFrom(0, 1, 2, 4, 53, 101, 133, 181, 255, 65535, 4294967294), fc.nat()),
  fc.oneof(fc.constantFrom(4294967295, 4294967296, -1, -0, 1.5, 1e21, 1e-7), fc.double()),
)
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [{}], [null], { a: null }),
  text,
  number,
  number.map(String),
  fc.jsonValue({ maxDepth: 3 }),
)
export const GOOD_TIMES =
  '2026-03-11T09:08:07.123456789Z 2026-03-11T09:08:07Z 2026-03-11T09:08:07.1Z 2026-12-31T23:59:59.123456Z 2024-02-29T00:00:00Z 2000-02-29T12:00:00.000Z 1970-01-01T00:00:00Z 2105-12-31T23:59:59.999999999Z 2026-03-11T09:08:07.12345678Z'.split(
    ' ',
  )
export const ODD_TIMES =
  '2026-02-29T00:00:00Z 2100-02-29T00:00:00Z 2026-04-31T00:00:00Z 2026-00-10T00:00:00Z 2026-13-10T00:00:00Z 2026-03-00T00:00:00Z 2026-03-11T24:00:00Z 2026-03-11T24:00:01Z 2026-03-11T23:60:00Z 2026-03-11T23:59:60Z 1969-12-31T23:59:59Z 2106-02-07T06:28:15Z 2106-02-07T06:28:16Z 2026-03-11T09:08:07+02:00 2026-03-11t09:08:07z 2026-03-11T09:08:07.1234567891Z 2026-03-11T09:08:07.12345678aZ 2026-03-11T09:08:07.Z 2026-3-11T09:08:07Z 2026-03-11T09:08:0aZ 2026-03-11T09-08-07Z yesterday'.split(
    ' ',
  )
const time = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...GOOD_TIMES) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_TIMES) },
)

/** What the keys of Hubble's objects usually hold; anything may hold something odd instead. */
const ENDPOINT = {
  ID: number,
  identity: number,
  namespace: text,
  labels: fc.array(text, { maxLength: 3 }),
  pod_name: text,
  workloads: fc.array(keysOf({ name: text, kind: text }), { maxLength: 2 }),
  cluster_name: text,
}
const PORTS = { source_port: number, destination_port: number }
const ICMP = { type: number, code: number }
const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS']
const flag = fc.boolean()
const FLAGS = Object.fromEntries(flagNames.map((name) => [name, flag]))
const COUNTS = { ingress_flow_count: number, egress_flow_count: number, unknown_direction_flow_count: number }
const SERVICE = { name: text, namespace: text }
const POLICIES = fc.array(
  keysOf({ ...SERVICE, labels: fc.array(text, { maxLength: 2 }), revision: number, kind: text }),
  { maxLength: 2 },
)
const FLOW = {
  time,
  uuid: text,
  emitter: keysOf({ name: text, version: text }),
  verdict: text,
  drop_reason: number,
  ethernet: keysOf({ source: text, destination: text }),
  IP: keysOf({ source: text, destination: text, ipVersion: text, encrypted: flag, source_xlated: text }),
  l4: keysOf(
    {
      TCP: keysOf({ ...PORTS, flags: keysOf(FLAGS) }),
      UDP: keysOf(PORTS),
      ICMPv4: keysOf(ICMP),
      ICMPv6: keysOf(ICMP),
      SCTP: keysOf(PORTS),
      VRRP: keysOf({}),
      IGMP: keysOf({}),
    },
    1,
  ),
  source: keysOf(ENDPOINT),
  destination: keysOf(ENDPOINT),
  Type: text,
  node_name: text,
  node_labels: fc.array(text, { maxLength: 3 }),
  l7: keysOf({
    type: text,
    latency_ns: number,
    dns: keysOf({ query: text, ttl: number, rcode: number, qtypes: fc.array(text, { maxLength: 2 }) }),
    http: keysOf({
      code: number,
      method: text,
      url: text,
      protocol: text,
      headers: fc.array(keysOf({ key: text, value: text }), { maxLength: 2 }),
    }),
  }),
  reply: flag,
  event_type: keysOf({ type: number, sub_type: number }),
  source_service: keysOf(SERVICE),
  destination_service: keysOf(SERVICE),
  traffic_direction: text,
  trace_observation_point: text,
  drop_reason_desc: text,
  is_reply: flag,
  interface: keysOf({ index: number, name: text }),
  egress_allowed_by: POLICIES,
  ingress_allowed_by: POLICIES,
  egress_denied_by: POLICIES,
  ingress_denied_by: POLICIES,
  aggregate: keysOf(COUNTS),
  extensions: keysOf({ '@type': text, ...COUNTS }),
  Summary: text,
}
const ENVELOPE = { flow: keysOf(FLOW), node_name: text, time }

/** An object with some of the keys, in any order, now and then with a strange value, an alias, an unknown key or a key twice. */
function keysOf(values: { readonly [key: string]: fc.Arbitrary<unknown> }, most = 6): fc.Arbitrary<Members> {
  const names = Object.keys(values)
  const name = names.length === 0 ? fc.constant('any') : fc.constantFrom(...names)
  const member = name.chain((key) =>
    fc.tuple(
      seldom(fc.constant(key), fc.constantFrom(camel(key), 'key', 'keyTwo', '', 'é', 'k"', '__proto__')),
      seldom(values[key] ?? odd, odd),
    ),
  )
  return fc
    .tuple(fc.uniqueArray(member, { maxLength: most, selector: ([key]) => key }), fc.boolean(), fc.nat(200))
    .map(([members, sorted, twice]) => {
      const ordered = sorted ? [...members].sort(([a], [b]) => names.indexOf(a) - names.indexOf(b)) : members
      return new Members(twice === 0 ? [...ordered, ...ordered] : ordered)
    })
}

/** An object of JSON whose keys may stand there twice. */
class Members {
  readonly members: readonly (readonly [string, unknown])[]

  constructor(members: readonly (readonly [string, unknown])[]) {
    this.members = members
  }
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** One line of JSON, always well-formed: a flow in its envelope, mostly. */
export function oddRecord(): fc.Arbitrary<string> {
  // A flow with a time and little else wrong is what the kernel takes, so most are like that.
  const flow = fc
    .tuple(time, keysOf(FLOW, 12))
    .map(([at, { members }]) => new Members([['time', at], ...members.filter(([key]) => key !== 'time')]))
  const record = fc.oneof(
    {
      weight: 20,
      arbitrary: fc
        .tuple(flow, keysOf({ node_name: text, time, other: odd }))
        .map(([value, { members }]) => new Members([['flow', value], ...members])),
    },
    { weight: 2, arbitrary: keysOf(ENVELOPE) },
    { weight: 1, arbitrary: keysOf(FLOW) },
    { weight: 1, arbitrary: odd },
  )
  const separators = fc.oneof(
    { weight: 20, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom(' ', '\t', '\r') },
  )
  return fc.tuple(record, separators).map(([value, blank]) => write(value, blank))
}

function write(value: unknown, blank: string): string {
  if (value instanceof Members)
    return `{${value.members.map(([key, member]) => `${JSON.stringify(key)}${blank}:${write(member, blank)}`).join(`,${blank}`)}}`
  if (Array.isArray(value)) return `[${value.map((item) => write(item, blank)).join(',')}]`
  return JSON.stringify(value) ?? 'null'
}
