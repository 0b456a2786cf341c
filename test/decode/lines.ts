import { existsSync, readFileSync } from 'node:fs'

const WEB = {
  ID: 1231,
  identity: 25339,
  namespace: 'shop',
  labels: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop', 'k8s:empty=', 'k8s:with=equals=inside'],
  pod_name: 'web-7f9c6d5b8-x2x4z',
  workloads: [{ name: 'web', kind: 'Deployment' }],
  cluster_name: 'prod',
}
const DNS_SERVER = {
  identity: 7000,
  namespace: 'kube-system',
  labels: ['k8s:k8s-app=kube-dns'],
  pod_name: 'coredns-1',
}
const WORLD = { identity: 2, labels: ['reserved:world'] }
const NODE = 'prod/aks-nodepool1-12345678-vmss000000'
const TIME = '2026-03-11T09:08:07.123456789Z'

function enveloped(flow: object, time: string = TIME): string {
  return escaped({ flow: { time, ...flow }, node_name: NODE, time })
}

/** As Go writes JSON: `<`, `>` and `&` escaped. */
function escaped(value: object): string {
  return JSON.stringify(value).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
}

/** Records as Hubble writes them, of all kinds; written by hand after its proto files. */
export const LINES: { readonly [what: string]: string } = {
  'TCP trace': enveloped({
    uuid: '0a1b2c3d-0000-4000-8000-000000000001',
    emitter: { name: 'Hubble', version: '1.20.1+g7d68cfb3' },
    verdict: 'FORWARDED',
    ethernet: { source: 'd6:ec:b0:4a:ff:46', destination: '46:e5:ea:1f:95:ff' },
    IP: { source: '10.0.2.1', destination: '10.0.2.16', ipVersion: 'IPv4', encrypted: true },
    l4: { TCP: { source_port: 42044, destination_port: 53, flags: { SYN: true, ACK: true } } },
    source: WEB,
    destination: DNS_SERVER,
    Type: 'L3_L4',
    node_name: NODE,
    node_labels: ['kubernetes.io/arch=amd64', 'node-role.kubernetes.io/control-plane='],
    event_type: { type: 4, sub_type: 3 },
    traffic_direction: 'EGRESS',
    trace_observation_point: 'TO_STACK',
    trace_reason: 'REPLY',
    is_reply: true,
    interface: { index: 12, name: 'lxc1a2b3c' },
    Summary: 'TCP Flags: SYN, ACK',
  }),
  'dropped packet': enveloped(
    {
      verdict: 'DROPPED',
      drop_reason: 181,
      IP: { source: '203.0.113.7', destination: '10.0.2.16', ipVersion: 'IPv4' },
      l4: { UDP: { source_port: 1024, destination_port: 53 } },
      source: WORLD,
      destination: DNS_SERVER,
      Type: 'L3_L4',
      node_name: NODE,
      event_type: { type: 5 },
      traffic_direction: 'INGRESS',
      policy_match_type: 1,
      drop_reason_desc: 'POLICY_DENY',
      file: { name: 'bpf_lxc.c', line: 1471 },
      ingress_denied_by: [
        { name: 'deny', namespace: 'shop', labels: ['k8s:x=y'], revision: '12', kind: 'CiliumNetworkPolicy' },
      ],
      policy_log: [''],
      Summary: 'UDP',
    },
    '2026-03-11T09:08:08Z',
  ),
  'DNS answer': enveloped(
    {
      verdict: 'FORWARDED',
      IP: { source: 'fd00::1', destination: 'fd00::2', ipVersion: 'IPv6' },
      l4: { UDP: { source_port: 53, destination_port: 40000 } },
      source: DNS_SERVER,
      destination: WEB,
      Type: 'L7',
      node_name: NODE,
      l7: {
        type: 'RESPONSE',
        latency_ns: '1234567',
        dns: {
          query: 'api.shop.svc.cluster.local.',
          ttl: 4294967295,
          observation_source: 'proxy',
          rcode: 3,
          qtypes: ['A', 'AAAA'],
          rrtypes: ['A'],
        },
      },
      event_type: { type: 129 },
      traffic_direction: 'EGRESS',
      is_reply: true,
      Summary: 'DNS Answer RCode: Non-Existent Domain TTL: 4294967295 (Proxy api.shop.svc.cluster.local. A)',
    },
    '2026-03-11T09:08:08.120Z',
  ),
  'HTTP response': enveloped(
    {
      verdict: 'FORWARDED',
      IP: { source: '10.0.2.16', destination: '10.0.2.1', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 8080, destination_port: 42044 } },
      source: WEB,
      destination: WORLD,
      Type: 'L7',
      node_name: NODE,
      l7: {
        type: 'RESPONSE',
        latency_ns: '99',
        http: {
          code: 503,
          method: 'GET',
          url: 'http://web.shop:8080/cart/items?page=2&size=<10>#top',
          protocol: 'HTTP/1.1',
          headers: [{ key: 'User-Agent', value: 'curl "quoted" \\ & more' }],
        },
      },
      event_type: { type: 129 },
      destination_service: { name: 'web', namespace: 'shop' },
      source_service: { name: 'edge' },
      traffic_direction: 'INGRESS',
      is_reply: false,
      egress_allowed_by: [{ name: 'allow-all' }, { name: 'allow-web', namespace: 'shop' }],
      Summary: 'HTTP/1.1 503 1ms (GET http://web.shop:8080/cart/items?page=2&size=<10>#top)',
    },
    '2026-03-11T09:08:08.120500Z',
  ),
  'HTTP request with a path alone': enveloped({
    l7: { type: 'REQUEST', http: { method: 'POST', url: '/redirect?to=http://elsewhere/x' } },
  }),
  'ICMP echo reply': enveloped({
    verdict: 'FORWARDED',
    l4: { ICMPv4: {} },
    source: { identity: 1, labels: ['reserved:host'] },
  }),
  ICMPv6: enveloped({ verdict: 'FORWARDED', l4: { ICMPv6: { type: 133, code: 1 } }, reply: true }),
  SCTP: enveloped({
    verdict: 'AUDIT',
    l4: { SCTP: { source_port: 1, destination_port: 2, chunk_type: 'INIT' } },
  }),
  VRRP: enveloped({ verdict: 'TRACED', l4: { VRRP: { type: 1, vrid: 51, priority: 100 } } }),
  'socket trace': enveloped({
    verdict: 'TRANSLATED',
    Type: 'SOCK',
    sock_xlate_point: 'SOCK_XLATE_POINT_POST_DIRECTION_FWD',
    socket_cookie: '17',
    cgroup_id: '4711',
    l4: { TCP: { destination_port: 443 } },
  }),
  'aggregated record':
    '{"flow":{"time":"2026-03-11T09:00:00.5Z","verdict":"FORWARDED","IP":{"ipVersion":"IPv4"},"l4":{"TCP":{"destination_port":443}},"source":{"identity":5,"namespace":"a","workloads":[{"name":"w","kind":"DaemonSet"}]},"destination":{"identity":6,"cluster_name":"c"},"l7":{},"is_reply":false,"aggregate":{"ingress_flow_count":12,"egress_flow_count":3}},"time":"2026-03-11T09:00:00.5Z"}',
  'aggregated record of old':
    '{"flow":{"time":"2026-03-11T09:00:00Z","verdict":"DROPPED","IP":{},"l4":{},"source":{},"destination":{},"l7":{"dns":{}},"drop_reason_desc":"POLICY_DENIED","extensions":{"@type":"type.googleapis.com/x","unknown_direction_flow_count":"7"}},"time":"2026-03-11T09:00:00Z"}',
  'counts that are zero':
    '{"flow":{"time":"2026-03-11T09:00:00Z","traffic_direction":"INGRESS","aggregate":{"ingress_flow_count":0}}}',
  'record without a time': '{"flow":{"source":{"namespace":"a"}}}',
  'time in the envelope': `{"flow":{"verdict":"FORWARDED"},"node_name":"n","time":"${TIME}"}`,
  'empty record': '{"flow":{}}',
  'bare flow': `{"time":"${TIME}","verdict":"FORWARDED","IP":{"source":"10.0.0.1"},"node_name":"n"}`,
  'lost events': `{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"12","cpu":0},"node_name":"n","time":"${TIME}"}`,
  'agent event': `{"agent_event":{"type":"AGENT_STARTED","agent_start":{"time":"${TIME}"}},"node_name":"n","time":"${TIME}"}`,
}

const SAMPLES = new URL('../../../shared/data/hubble-samples.jsonl', import.meta.url)

/** Real records, where they are at hand. */
export const REAL_LINES: readonly string[] = existsSync(SAMPLES)
  ? readFileSync(SAMPLES, 'utf8').split('\n').filter(Boolean)
  : []
export const NO_REAL_LINES = REAL_LINES.length === 0 && 'the file of real records is not here'
