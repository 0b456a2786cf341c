import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { filter } from '../../../processors/filter/index.ts'
import { batchOf, type Flow, selectRows } from '../../../src/sdk/index.ts'
import { flow } from '../../support/flows.ts'
import { testHost } from '../../support/host.ts'
import { filterOf, matches, passing } from './support.ts'

const WEB_POD = { namespace: 'shop', pod_name: 'web-5d4f8-abcde', labels: ['k8s:app=web', 'k8s:tier=front'] }
const DEFAULT_POD = { namespace: 'default', pod_name: 'web-1' }
const WORLD = { identity: 2, labels: ['reserved:world'] }
/** As an ACNS node writes it: no pods, no labels, no addresses, no direction, empty parents. */
const AGGREGATED: Flow = {
  time: '2026-01-01T00:00:00Z',
  verdict: 'FORWARDED',
  IP: { ipVersion: 'IPv4' },
  l4: { TCP: { destination_port: 8080 } },
  source: { identity: 1001, namespace: 'shop', workloads: [{ name: 'web', kind: 'Deployment' }] },
  destination: {},
  l7: {},
  is_reply: false,
  aggregate: { ingress_flow_count: 7 },
}

const from = (source: Flow['source'] | null): Flow => {
  const { source: _, ...rest } = flow()
  return source ? { ...rest, source } : rest
}
const addressed = (source: string): Flow =>
  flow({ IP: { source, destination: '10.0.2.20', ipVersion: 'IPv4' } })
const dns = (differs: Partial<Flow>, rcode?: number): Flow =>
  flow({
    l4: { UDP: { source_port: 53, destination_port: 40000 } },
    l7: { type: 'RESPONSE', dns: { query: 'api.shop.', ...(rcode ? { rcode } : {}) } },
    is_reply: true,
    ...differs,
  })
const http = (code?: number): Flow =>
  flow({ l7: { type: code ? 'RESPONSE' : 'REQUEST', http: { method: 'GET', ...(code ? { code } : {}) } } })

/** A filter, a flow, and whether the one lets the other pass. */
type Case = readonly [what: string, filter: object, flow: Flow, isMatch: boolean]

const pod = (entry: string) => ({ from: { namespacedPod: [entry] } })
const PODS: readonly Case[] = [
  ['a prefix of the name', pod('shop/web-'), from(WEB_POD), true],
  ['the whole name', pod('shop/web-5d4f8-abcde'), from(WEB_POD), true],
  ['another prefix', pod('shop/api-'), from(WEB_POD), false],
  ['what is inside the name', pod('shop/5d4f8'), from(WEB_POD), false],
  ['the prefix in another namespace', pod('bank/web-'), from(WEB_POD), false],
  ['a namespace that only begins so', pod('sho/web-'), from(WEB_POD), false],
  ['a whole namespace', pod('shop/'), from(WEB_POD), true],
  ['a whole namespace with a star', pod('shop/*'), from(WEB_POD), true],
  ['a prefix with a star', pod('shop/web-*'), from(WEB_POD), true],
  ['a prefix in any namespace', pod('/web-'), from(WEB_POD), true],
  ['another prefix in any namespace', pod('/api-'), from(WEB_POD), false],
  ['a bare name, which is in default', pod('web'), from(DEFAULT_POD), true],
  ['a bare name, which is not in shop', pod('web'), from(WEB_POD), false],
  ['the world, which is no pod', pod('/w'), from(WORLD), false],
  ['nobody', pod('/w'), from(null), false],
  ['one of several', { from: { namespacedPod: ['bank/', 'shop/'] } }, from(WEB_POD), true],
  ['the receiver, when the sender is meant', pod('shop/api-'), flow(), false],
  ['the receiver', { to: { namespacedPod: ['shop/api-'] } }, flow(), true],
  ['the namespace of a folded record', pod('shop/'), AGGREGATED, true],
  ['a pod in a folded record, which bears none', pod('shop/web'), AGGREGATED, false],
]

const labels = (matchLabels: object) => ({ from: { labelSelector: { matchLabels } } })
const expression = (key: string, operator: string, ...values: string[]) => ({
  from: {
    labelSelector: { matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }] },
  },
})
const LABELS: readonly Case[] = [
  ['a label', labels({ app: 'web' }), from(WEB_POD), true],
  ['another value', labels({ app: 'api' }), from(WEB_POD), false],
  ['a label it lacks', labels({ owner: 'web' }), from(WEB_POD), false],
  ['two labels', labels({ app: 'web', tier: 'front' }), from(WEB_POD), true],
  ['two labels, one wrong', labels({ app: 'web', tier: 'back' }), from(WEB_POD), false],
  ['a label with its source', labels({ 'k8s:app': 'web' }), from(WEB_POD), true],
  ['a label of another source', labels({ 'container:app': 'web' }), from(WEB_POD), false],
  ['a label without any source', labels({ 'k8s:app': 'web' }), from({ labels: ['app=web'] }), true],
  ['a value with an equals sign', labels({ a: 'b=c:d' }), from({ labels: ['k8s:a=b=c:d'] }), true],
  ['an empty value', labels({ a: '' }), from({ labels: ['k8s:a='] }), true],
  ['the namespace, as ACNS writes it', labels({ 'k8s.io/namespace': 'shop' }), from(WEB_POD), true],
  ['another namespace', labels({ 'k8s.io/namespace': 'bank' }), from(WEB_POD), false],
  [
    'the namespace, as Kubernetes writes it',
    labels({ 'kubernetes.io/metadata.name': 'shop' }),
    from(WEB_POD),
    true,
  ],
  ['the namespace, as Cilium writes it', labels({ 'io.kubernetes.pod.namespace': 'shop' }), AGGREGATED, true],
  ['the namespace of a folded record', labels({ 'k8s.io/namespace': 'shop' }), AGGREGATED, true],
  ['a label in a folded record, which bears none', labels({ app: 'web' }), AGGREGATED, false],
  ['In', expression('app', 'In', 'api', 'web'), from(WEB_POD), true],
  ['In, without it', expression('app', 'In', 'api'), from(WEB_POD), false],
  ['In, where there is no such label', expression('owner', 'In', 'api'), from(WEB_POD), false],
  ['NotIn', expression('app', 'NotIn', 'api'), from(WEB_POD), true],
  ['NotIn, with it', expression('app', 'NotIn', 'api', 'web'), from(WEB_POD), false],
  ['NotIn, where there is no such label', expression('owner', 'NotIn', 'api'), from(WEB_POD), true],
  ['NotIn of the world', expression('app', 'NotIn', 'api'), from(WORLD), true],
  ['Exists', expression('app', 'Exists'), from(WEB_POD), true],
  ['Exists, without it', expression('owner', 'Exists'), from(WEB_POD), false],
  ['DoesNotExist', expression('owner', 'DoesNotExist'), from(WEB_POD), true],
  ['DoesNotExist, with it', expression('app', 'DoesNotExist'), from(WEB_POD), false],
  ['DoesNotExist of nobody', expression('app', 'DoesNotExist'), from(null), true],
  ['a reserved label', expression('reserved:world', 'Exists'), from(WORLD), true],
  ['a reserved label by its bare key', expression('world', 'Exists'), from(WORLD), true],
  ['a reserved label on a pod', expression('reserved:world', 'Exists'), from(WEB_POD), false],
  ['an empty selector', { from: { labelSelector: {} } }, from(WORLD), true],
  ['an empty selector, nobody', { from: { labelSelector: {} } }, from(null), true],
  ['a null selector', { from: { labelSelector: null } }, from(WEB_POD), false],
]

const ip = (...entries: string[]) => ({ from: { ip: entries } })
const ADDRESSES: readonly Case[] = [
  ['an address', ip('10.0.1.10'), addressed('10.0.1.10'), true],
  ['an address that begins so', ip('10.0.1.1'), addressed('10.0.1.10'), false],
  ['a CIDR', ip('10.0.0.0/16'), addressed('10.0.255.255'), true],
  ['the address after a CIDR', ip('10.0.0.0/16'), addressed('10.1.0.0'), false],
  ['a CIDR that ends inside a byte', ip('10.0.0.0/9'), addressed('10.127.0.1'), true],
  ['a CIDR with bits behind the prefix', ip('10.0.3.4/16'), addressed('10.0.9.9'), true],
  ['everything of IPv4', ip('0.0.0.0/0'), addressed('203.0.113.9'), true],
  ['IPv6 in IPv4 ranges', ip('0.0.0.0/0'), addressed('2001:db8::1'), false],
  ['an IPv6 address', ip('2001:db8::1'), addressed('2001:db8::1'), true],
  ['an IPv6 address, spelled out', ip('2001:0DB8:0:0:0:0:0:1'), addressed('2001:db8::1'), true],
  ['an IPv6 CIDR', ip('2001:db8::/33'), addressed('2001:db8:7fff::1'), true],
  ['the address after an IPv6 CIDR', ip('2001:db8::/33'), addressed('2001:db8:8000::'), false],
  ['everything of IPv6', ip('::/0'), addressed('fd00::1'), true],
  ['IPv4 in IPv6 ranges', ip('::/0'), addressed('10.0.0.1'), false],
  ['one of several', ip('10.9.0.0/16', '2001:db8::/32', '10.0.1.10'), addressed('10.0.1.10'), true],
  ['what is no address', ip('0.0.0.0/0'), addressed('localhost'), false],
  ['a folded record, which bears no address', ip('0.0.0.0/0', '::/0'), AGGREGATED, false],
  ['the receiver', { to: { ip: ['10.0.2.0/24'] } }, flow(), true],
]

const L4: Readonly<Record<string, Flow>> = {
  tcp: flow(),
  udp: flow({ l4: { UDP: { source_port: 1, destination_port: 2 } } }),
  sctp: flow({ l4: { SCTP: { source_port: 1, destination_port: 2 } } }),
  icmpv4: flow({ l4: { ICMPv4: {} } }),
  icmpv6: flow({ l4: { ICMPv6: { type: 133 } } }),
}
const protocol = (...names: string[]) => ({ protocol: names })
const PROTOCOLS: readonly Case[] = [
  ...Object.keys(L4).flatMap((wanted) =>
    Object.keys(L4).map((name): Case => [`${wanted}: ${name}`, protocol(wanted), L4[name], wanted === name]),
  ),
  ['icmp: icmpv4', protocol('icmp'), L4.icmpv4, true],
  ['icmp: icmpv6', protocol('icmp'), L4.icmpv6, true],
  ['icmp: tcp', protocol('icmp'), L4.tcp, false],
  ['TCP in capitals', protocol('TCP'), L4.tcp, true],
  ['dns: an answer', protocol('dns'), dns({}), true],
  ['dns: a record without content', protocol('dns'), flow({ l7: { dns: {} } }), true],
  ['dns: port 53 without a record', protocol('dns'), flow({ l4: { UDP: { destination_port: 53 } } }), false],
  ['dns: an empty layer 7', protocol('dns'), AGGREGATED, false],
  ['http: a request', protocol('http'), http(), true],
  ['http: a DNS record', protocol('http'), dns({}), false],
  ['tcp or dns: tcp', protocol('tcp', 'dns'), L4.tcp, true],
  ['tcp or dns: dns over udp', protocol('tcp', 'dns'), dns({}), true],
  ['tcp or dns: udp', protocol('tcp', 'dns'), L4.udp, false],
  ['no protocol known', protocol('icmp'), flow({ l4: {} }), false],
]

const OTHERS: readonly Case[] = [
  ['verdict in small letters', { verdict: ['forwarded'] }, flow(), true],
  ['verdict as Hubble writes it', { verdict: ['FORWARDED'] }, flow(), true],
  ['another verdict', { verdict: ['dropped', 'Error'] }, flow(), false],
  ['no verdict', { verdict: ['forwarded', 'dropped'] }, { time: '2026-01-01T00:00:00Z' }, false],
  ['the destination port', { port: [8080] }, flow(), true],
  ['the source port', { port: [41000] }, flow(), true],
  ['another port', { port: [8081] }, flow(), false],
  ['a range of ports', { port: ['8000-8100'] }, flow(), true],
  ['a port as text', { port: ['8080'] }, flow(), true],
  ['the end of a range', { port: ['8000-8080'] }, flow(), true],
  ['behind a range', { port: ['8000-8079'] }, flow(), false],
  ['destination_port', { destination_port: [8080] }, flow(), true],
  ['destination_port, which the source has', { destination_port: [41000] }, flow(), false],
  ['source_port', { source_port: [41000] }, flow(), true],
  ['sourcePort', { sourcePort: [8080] }, flow(), false],
  ['no port', { port: ['1-65535'] }, L4.icmpv4, false],
  ['a port that is none', { port: ['1-65535'] }, flow({ l4: { TCP: { source_port: 70000 } } }), false],
  ['direction', { direction: ['ingress'] }, flow(), true],
  ['the other direction', { direction: ['egress', 'unknown'] }, flow(), false],
  ['no direction', { direction: ['unknown'] }, AGGREGATED, true],
  ['ingress of a folded record, which bears no direction', { direction: ['ingress'] }, AGGREGATED, false],
  ['drop reason', { drop_reason: ['POLICY_DENIED'] }, flow({ drop_reason_desc: 'POLICY_DENIED' }), true],
  [
    'drop reason in words',
    { drop_reason: ['Policy denied'] },
    flow({ drop_reason_desc: 'POLICY_DENIED' }),
    true,
  ],
  ['drop reason by number', { drop_reason: [133] }, flow({ drop_reason_desc: 'POLICY_DENIED' }), true],
  ['a number without a name', { drop_reason: [250] }, flow({ drop_reason_desc: '250' }), true],
  [
    'drop reason in words of their own',
    { dropReason: ['Policy denied by denylist'] },
    flow({ drop_reason_desc: 'POLICY_DENY' }),
    true,
  ],
  [
    'another drop reason',
    { drop_reason: ['POLICY_DENY'] },
    flow({ drop_reason_desc: 'POLICY_DENIED' }),
    false,
  ],
  ['no drop reason', { drop_reason: ['POLICY_DENIED'] }, flow(), false],
  ['HTTP code', { http_code: [404] }, http(404), true],
  ['another HTTP code', { http_code: [404] }, http(403), false],
  ['hundred of HTTP codes', { http_code: ['4xx'] }, http(499), true],
  ['the hundred above', { http_code: ['4XX'] }, http(500), false],
  ['range of HTTP codes', { httpCode: ['500-599'] }, http(503), true],
  ['HTTP request, which has no code', { http_code: ['100-599'] }, http(), false],
  ['no HTTP at all', { http_code: ['100-599'] }, flow(), false],
  ['rcode by name', { dns_rcode: ['NXDOMAIN'] }, dns({}, 3), true],
  ['rcode by number', { dnsRcode: [3] }, dns({}, 3), true],
  ['another rcode', { dns_rcode: ['servfail', 5] }, dns({}, 3), false],
  ['NOERROR, which Hubble leaves out', { dns_rcode: ['NOERROR'] }, dns({}), true],
  [
    'NOERROR of a query',
    { dns_rcode: [0] },
    dns({ l7: { type: 'REQUEST', dns: {} }, is_reply: false }),
    false,
  ],
  [
    'NOERROR of a folded answer',
    { dns_rcode: [0] },
    { ...AGGREGATED, l7: { dns: {} }, is_reply: true },
    true,
  ],
  ['NOERROR of a folded query', { dns_rcode: [0] }, { ...AGGREGATED, l7: { dns: {} } }, false],
  ['no DNS at all', { dns_rcode: [0] }, flow({ is_reply: true }), false],
  ['a reply', { reply: true }, flow({ is_reply: true }), true],
  ['no reply', { reply: true }, flow(), false],
  ['a request', { reply: false }, flow(), true],
  ['unknown is no reply', { reply: true }, unknownReply('FORWARDED'), false],
  ['unknown is no request', { reply: false }, unknownReply('FORWARDED'), false],
  ['unknown is a request when dropped', { reply: false }, unknownReply('DROPPED'), true],
  ['namespace', { from: { namespace: ['bank', 'shop'] } }, flow(), true],
  ['beginning of a namespace', { from: { namespace: ['sho'] } }, flow(), false],
  ['workload', { from: { workload: ['web'] } }, AGGREGATED, true],
  ['workload with its kind', { from: { workload: ['Deployment/web'] } }, AGGREGATED, true],
  ['workload of another kind', { from: { workload: ['Job/web'] } }, AGGREGATED, false],
  ['another workload', { to: { workload: ['web'] } }, flow(), false],
  ['either: the sender', { either: { workload: ['web'] } }, flow(), true],
  ['either: the receiver', { either: { ip: ['10.0.2.20'] } }, flow(), true],
  ['either: neither', { either: { workload: ['db'] } }, flow(), false],
  [
    'either: half by the one, half by the other',
    { either: { workload: ['web'], ip: ['10.0.2.20'] } },
    flow(),
    false,
  ],
]

const COMBINATIONS: readonly Case[] = [
  ['an empty filter', {}, AGGREGATED, true],
  ['empty lists', { protocol: [], verdict: null, from: { ip: [] } }, AGGREGATED, true],
  ['fields: all hold', { verdict: ['forwarded'], ...pod('shop/'), port: [8080] }, flow(), true],
  ['fields: one does not', { verdict: ['dropped'], ...pod('shop/'), port: [8080] }, flow(), false],
  [
    'pod, label and address: all hold',
    {
      from: {
        namespacedPod: ['shop/web'],
        labelSelector: { matchLabels: { app: 'web' } },
        ip: ['10.0.1.10'],
      },
    },
    flow(),
    true,
  ],
  ['pod and address: one does not', { from: { namespacedPod: ['shop/'], ip: ['10.9.9.9'] } }, flow(), false],
  ['rcode of what is no reply', { dns_rcode: [3], reply: false }, dns({}, 3), false],
  [
    'snake_case',
    { from: { namespaced_pod: ['shop/'], label_selector: { match_labels: { app: 'web' } } } },
    flow(),
    true,
  ],
  [
    'snake_case, another label',
    { from: { label_selector: { match_labels: { app: 'api' } } } },
    flow(),
    false,
  ],
]

for (const [name, cases] of Object.entries({ PODS, LABELS, ADDRESSES, PROTOCOLS, OTHERS, COMBINATIONS }))
  describe(`a filter, ${name.toLowerCase()}`, () => {
    for (const [what, filter, candidate, isMatch] of cases)
      test(`${what}: ${isMatch ? 'passes' : 'does not pass'}`, () =>
        assert.equal(matches(filter, candidate), isMatch))
  })

const web = flow()
const dropped = flow({ verdict: 'DROPPED' })
const world = from(WORLD)

test('without any filter everything passes', () => {
  assert.deepEqual(passing({}, [web, AGGREGATED]), [web, AGGREGATED])
})

test('one of several filters is enough', () => {
  const include = [{ verdict: ['dropped'] }, { from: { namespace: ['bank'] } }]
  assert.deepEqual(passing({ include }, [web, dropped]), [dropped])
})

test('exclude wins over include', () => {
  const settings = { include: [{ verdict: ['forwarded'] }], exclude: [{ from: { namespace: ['shop'] } }] }
  assert.deepEqual(passing(settings, [web, dropped, world]), [world])
})

test('exclude alone lets the rest pass', () => {
  assert.deepEqual(passing({ exclude: [{ verdict: ['dropped'] }, { port: [9] }] }, [web, dropped]), [web])
})

test('an empty filter under exclude lets nothing pass', () => {
  assert.deepEqual(passing({ exclude: [{}] }, [web]), [])
})

for (const count of [31, 32, 200])
  test(`each of ${count} filters counts`, () => {
    const include = Array.from({ length: count }, (_, index) => ({ destinationPort: [index + 1] }))
    const flows = Array.from({ length: count + 1 }, (_, index) =>
      flow({ l4: { TCP: { destination_port: index + 1 } } }),
    )
    assert.deepEqual(passing({ include }, flows), flows.slice(0, count))
    assert.deepEqual(passing({ exclude: include }, flows), flows.slice(count))
  })

test('a batch that stays whole is handed on as it came', () => {
  const host = testHost()
  const batch = batchOf(host.dictionary, [web, dropped])
  const { columns, rows } = batch
  assert.equal(filterOf({ include: [{}], exclude: [{ port: [9] }] }, host).process(batch), batch)
  const some = filterOf({ include: [{ verdict: ['dropped'] }] }, host).process(batch)
  assert.deepEqual([some?.columns === columns, [...(some?.rows ?? [])], [...rows]], [true, [1], [0, 1]])
  assert.deepEqual(some?.detail(1), dropped)
  assert.equal(filterOf({ exclude: [{}] }, host).process(batch), null)
})

test('only the rows that earlier processors kept are looked at', () => {
  const host = testHost()
  const batch = selectRows(batchOf(host.dictionary, [dropped, web, dropped]), Uint32Array.of(1, 2))
  const kept = filterOf({ include: [{ verdict: ['dropped'] }] }, host).process(batch)
  assert.deepEqual([...(kept?.rows ?? [])], [2])
})

const READS: readonly (readonly [what: string, settings: object, expected: readonly string[]])[] = [
  ['nothing is asked', {}, []],
  ['one column', { include: [{ verdict: ['dropped'] }] }, ['verdict']],
  ['one side', { exclude: [{ from: { ip: ['::/0'], namespace: ['shop'] } }] }, ['source', 'ip_source']],
  ['two ports', { include: [{ port: [1] }, { source_port: [1] }] }, ['source_port', 'destination_port']],
]
for (const [what, settings, expected] of READS)
  test(`the filter reads the columns it needs: ${what}`, () => {
    assert.deepEqual(filter.reads(filter.settings.parse(settings)), expected)
  })

test('with files it reads every column that a filter can ask for, because files change', () => {
  const everything = {
    ...{ protocol: ['tcp', 'dns', 'http'], verdict: ['dropped'], port: [1], direction: ['egress'] },
    ...{ from: { ip: ['::/0'], namespace: ['shop'] }, to: { ip: ['::/0'], namespace: ['shop'] } },
    ...{ drop_reason: [133], http_code: [200], dns_rcode: [0], reply: true },
  }
  const inline = filter.reads(filter.settings.parse({ include: [everything] }))
  const files = filter.reads(filter.settings.parse({ container_network_logs: ['/nowhere'] }))
  assert.deepEqual(files.toSorted(), inline.toSorted())
})

function unknownReply(verdict: string): Flow {
  const { is_reply: _, ...rest } = flow({ verdict })
  return rest
}
