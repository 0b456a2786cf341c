import {
  COLUMNS,
  type Endpoint,
  FIELDS,
  type Flow,
  type FlowCounts,
  type FlowExtensions,
  type Json,
  type Policy,
  type Row,
  rcodeName,
} from '../../../src/sdk/index.ts'

/** Folding as one would write it first: objects, a `Map`, every flow kept until the end. The twin of the fast one. */
export interface PlainLayout {
  readonly windowS: number
  readonly key: readonly string[]
  readonly carried: readonly string[]
  readonly evidence: number
  readonly node: string
}

/** Rows without their UUID, in no order. No flow is late here: every window is closed once. */
export function plainRows(flows: readonly Flow[], layout: PlainLayout): Omit<Row, 'UUID'>[] {
  const groups = new Map<string, Flow[]>()
  for (const flow of flows) {
    const key = JSON.stringify([windowStart(flow, layout), ...layout.key.map((name) => distinct(flow, name))])
    groups.set(key, [...(groups.get(key) ?? []), flow])
  }
  return [...groups.values()].map((group) => plainRow(group, layout))
}

function plainRow(flows: readonly Flow[], layout: PlainLayout): Omit<Row, 'UUID'> {
  const [first] = flows
  const told = FIELDS.map(({ name }) => name).filter(
    (name) => layout.key.includes(name) || (layout.carried.includes(name) && agree(flows, name)),
  )
  const row: { [name: string]: Json | undefined } = {}
  for (const name of told) tell(row, first, name)
  if (told.includes('node_name')) row.NodeName ??= layout.node
  const times = flows.map(({ time }) => nanosecondsOf(time)).sort((a, b) => (a < b ? -1 : 1))
  const start = windowStart(first, layout)
  row.TimeGenerated = timeText(times[0])
  row.LastFlowTime = timeText(times[times.length - 1])
  row.WindowStart = timeText(BigInt(start) * 10n ** 9n)
  row.WindowEnd = timeText(BigInt(start + layout.windowS) * 10n ** 9n)
  row.Revision = 0
  row.IngressFlowCount = sum(flows, (counts) => counts.ingress_flow_count)
  row.EgressFlowCount = sum(flows, (counts) => counts.egress_flow_count)
  row.UnknownDirectionFlowCount = sum(flows, (counts) => counts.unknown_direction_flow_count)
  row.Packets = sumOf(flows, ({ packets }) => packets) || undefined
  row.Bytes = sumOf(flows, ({ bytes }) => bytes) || undefined
  row.Evidence = evidence(flows, told, layout.evidence)
  const entries = COLUMNS.map(({ name }) => [name, row[name]] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as unknown as Row
}

/** What the flow has in a field; undefined for nothing, which is also what Hubble leaves out: zero, false and empty. */
function valueIn(flow: Flow, name: string): Json | undefined {
  const protocol = flow.l4 && Object.keys(flow.l4)[0]
  const l4 = flow.l4 && (Object.values(flow.l4)[0] as Record<string, number | undefined>)
  const side = name.startsWith('source_') ? flow.source : flow.destination
  const [server, client] = portsByCall(flow)
  const { dns, http } = flow.l7 ?? {}
  const values: { readonly [name: string]: unknown } = {
    verdict: flow.verdict,
    drop_reason: flow.drop_reason_desc,
    is_reply: flow.is_reply ?? null,
    ip_source: flow.IP?.source,
    ip_destination: flow.IP?.destination,
    ip_version: flow.IP?.ipVersion,
    ip_encrypted: flow.IP?.encrypted,
    l4_protocol: protocol,
    source_port: l4?.source_port,
    destination_port: l4?.destination_port,
    tcp_destination_port: flow.l4?.TCP?.destination_port,
    udp_destination_port: flow.l4?.UDP?.destination_port,
    server_port: server,
    client_port: client,
    icmp_type: protocol?.startsWith('ICMP') ? (l4?.type ?? 0) : null,
    icmp_code: l4?.code,
    l7_type: flow.l7?.type,
    http_code: http?.code,
    http_method: http?.method,
    http_path: http?.url?.replace(/^\w+:\/\/[^/]*/, '').replace(/[?#].*/, ''),
    http_protocol: http?.protocol,
    dns_rcode: dns ? rcodeName(dns.rcode ?? 0) : undefined,
    dns_query: dns?.query,
    dns_qtypes: dns?.qtypes,
    flow_type: flow.Type,
    node_name: flow.node_name?.replace(/^[^/]*\//, ''),
    event_type: flow.event_type,
    traffic_direction: flow.traffic_direction,
    trace_observation_point: flow.trace_observation_point,
    source_service: flow.source_service,
    destination_service: flow.destination_service,
    egress_allowed_by: flow.egress_allowed_by,
    ingress_allowed_by: flow.ingress_allowed_by,
    egress_denied_by: flow.egress_denied_by,
    ingress_denied_by: flow.ingress_denied_by,
    interface: flow.interface?.name,
    kernel_drop: flow.extensions?.kernel_drop,
    [`${name.split('_', 1)[0]}_namespace`]: side?.namespace,
    [`${name.split('_', 1)[0]}_pod_name`]: side?.pod_name,
    [`${name.split('_', 1)[0]}_workloads`]: side?.workloads,
    [`${name.split('_', 1)[0]}_identity`]: side?.identity,
    [`${name.split('_', 1)[0]}_cluster_name`]: side?.cluster_name,
    [`${name.split('_', 1)[0]}_labels`]: side?.labels,
  }
  const value = values[name] as Json | undefined
  if (name === 'is_reply' || name === 'icmp_type') return value ?? undefined
  const isEmpty = !value || (typeof value === 'object' && Object.keys(value).length === 0)
  return isEmpty ? undefined : value
}

/** Server and client port: a reply comes from the server; where nobody knows, ports of 32768 and above are clients'. */
function portsByCall({ l4, is_reply }: Flow): [number, number] {
  const { source_port: source = 0, destination_port: destination = 0 } = l4?.TCP ?? l4?.UDP ?? l4?.SCTP ?? {}
  const looksLikeReply = destination >= 32768 && source < 32768 && source !== 0
  return (is_reply ?? looksLikeReply) ? [source, destination] : [destination, source]
}

/** As `valueIn`, but an HTTP request, which has no code, is not the same as no HTTP. */
function distinct(flow: Flow, name: string): Json {
  if (name === 'http_code' && flow.l7?.http) return flow.l7.http.code ?? 'request'
  return valueIn(flow, name) ?? null
}

function agree(flows: readonly Flow[], name: string): boolean {
  return new Set(flows.map((flow) => JSON.stringify(distinct(flow, name)))).size === 1
}

/** Writes a field at its place in the row. */
function tell(row: { [name: string]: Json | undefined }, flow: Flow, name: string): void {
  const value = valueIn(flow, name)
  const write = (column: string, ...path: readonly string[]) => {
    if (value === undefined) return
    const parents = [column, ...path].slice(0, -1)
    const parent = parents.reduce<{ [name: string]: Json | undefined }>((at, step) => {
      at[step] ??= {}
      return at[step] as { [name: string]: Json }
    }, row)
    parent[path.at(-1) ?? column] = value
  }
  const layer4 = (key: string) => {
    const protocol = row.Layer4 && Object.keys(row.Layer4)[0]
    if (protocol) write('Layer4', protocol, key)
  }
  const { place } = FIELDS.find((field) => field.name === name)!
  if (name === 'l4_protocol') row.Layer4 = value === undefined ? undefined : { [value as string]: {} }
  else if (name === 'http_code' && flow.l7?.http && value === undefined)
    row.Layer7 = { ...(row.Layer7 as object), http: {} }
  else if (name.endsWith('_service'))
    service(row, name === 'source_service' ? 'Source' : 'Destination', value)
  else if (place.startsWith('Layer4.*.')) layer4(place.slice('Layer4.*.'.length))
  else write(...(place.split('.') as [string, ...string[]]))
}

function service(row: { [name: string]: Json | undefined }, side: string, value: Json | undefined): void {
  const { name, namespace } = (value ?? {}) as { name?: string; namespace?: string }
  const keys = { [`${side}Service`]: name, [`${side}ServiceNamespace`]: namespace }
  const present = Object.entries(keys).filter(([, text]) => text !== undefined)
  if (present.length > 0) row.Service = { ...(row.Service as object), ...Object.fromEntries(present) } as Json
}

const LISTS: readonly [string, readonly string[], (flow: Flow) => string | undefined][] = [
  ['SourcePods', ['source_namespace', 'source_pod_name'], ({ source }) => podReference(source)],
  [
    'DestinationPods',
    ['destination_namespace', 'destination_pod_name'],
    (flow) => podReference(flow.destination),
  ],
  ['SourceIPs', ['ip_source'], ({ IP }) => IP?.source],
  ['DestinationIPs', ['ip_destination'], ({ IP }) => IP?.destination],
  ['DnsQueries', ['dns_query'], ({ l7 }) => l7?.dns?.query],
  ['HttpRequests', ['http_method', 'http_path'], (flow) => httpRequest(flow)],
  [
    'Policies',
    ['egress_allowed_by', 'ingress_allowed_by', 'egress_denied_by', 'ingress_denied_by'],
    (flow) => policies(flow),
  ],
]

function evidence(flows: readonly Flow[], told: readonly string[], most: number): Json | undefined {
  if (most === 0) return undefined
  const found: { [name: string]: Json } = {}
  const others: { [name: string]: number } = {}
  for (const [name, fields, valueFrom] of LISTS) {
    if (fields.every((field) => told.includes(field))) continue
    const kept = new Set(flows.map(valueFrom).filter((value) => value !== undefined))
    const values = [...kept].slice(0, most)
    if (values.length === 0) continue
    const left = flows.filter((flow) => valueFrom(flow) !== undefined && !values.includes(valueFrom(flow)!))
    found[name] = [...new Set(name === 'Policies' ? values.flatMap((list) => list.split(' ')) : values)].sort(
      byBytes,
    )
    if (left.length > 0) others[name] = left.reduce((total, flow) => total + weight(flow), 0)
  }
  if (Object.keys(others).length > 0) found.Others = others
  const flag = (name: 'SYN' | 'FIN' | 'RST') =>
    flows.filter(({ l4 }) => l4?.TCP?.flags?.[name]).reduce((total, flow) => total + weight(flow), 0)
  const flags = { Syn: flag('SYN'), Fin: flag('FIN'), Rst: flag('RST') }
  if (flags.Syn + flags.Fin + flags.Rst > 0) found.TcpFlags = flags
  return Object.keys(found).length > 0 ? found : undefined
}

function podReference(endpoint: Endpoint | undefined): string | undefined {
  if (!endpoint?.pod_name) return undefined
  return endpoint.namespace ? `${endpoint.namespace}/${endpoint.pod_name}` : endpoint.pod_name
}

function httpRequest(flow: Flow): string | undefined {
  return [valueIn(flow, 'http_method'), valueIn(flow, 'http_path')].filter(Boolean).join(' ') || undefined
}

function policies(flow: Flow): string | undefined {
  const lists = [
    flow.egress_allowed_by,
    flow.ingress_allowed_by,
    flow.egress_denied_by,
    flow.ingress_denied_by,
  ]
  const names = lists
    .flatMap((list) => list ?? [])
    .map(({ name, namespace }: Policy) => `${namespace}/${name}`)
  return [...new Set(names)].sort().join(' ') || undefined
}

function countsOf(flow: Flow): FlowCounts {
  if (flow.aggregate) return flow.aggregate
  if (flow.traffic_direction === 'INGRESS') return { ingress_flow_count: 1 }
  return flow.traffic_direction === 'EGRESS' ? { egress_flow_count: 1 } : { unknown_direction_flow_count: 1 }
}

function weight(flow: Flow): number {
  return Object.values(countsOf(flow)).reduce((total, count) => total + count, 0)
}

function sum(flows: readonly Flow[], pick: (counts: FlowCounts) => number | undefined): number {
  return flows.reduce((total, flow) => total + (pick(countsOf(flow)) ?? 0), 0)
}

function sumOf(flows: readonly Flow[], pick: (measured: FlowExtensions) => number | undefined): number {
  return flows.reduce((total, { extensions }) => total + ((extensions && pick(extensions)) ?? 0), 0)
}

/** As UTF-8 has them. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function windowStart({ time }: Flow, { windowS }: PlainLayout): number {
  return Math.floor(Date.parse(time) / 1000 / windowS) * windowS
}

function nanosecondsOf(time: string): bigint {
  const [seconds, fraction = ''] = time.replace('Z', '').split('.')
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

function timeText(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 10n ** 9n) * 1000).toISOString().slice(0, 19)
  const fraction = String(nanoseconds % 10n ** 9n).padStart(9, '0')
  const short = ['000000000', '000000', '000', ''].find((zeros) => fraction.endsWith(zeros))!
  const digits = fraction.slice(0, 9 - short.length)
  return digits === '' ? `${seconds}Z` : `${seconds}.${digits}Z`
}
