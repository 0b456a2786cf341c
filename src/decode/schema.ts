import type { Roles } from '../kernel/line-kernel.ts'
import type { Alongside, Reading, Recurrence, Shape } from '../kernel/shape.ts'
import type { FlowColumn } from '../record/flow-columns.ts'
import type { FragmentKind } from './fragments.ts'

/** Flow columns, and those that only the rules between keys need. */
export type KernelColumn = FlowColumn | ScratchColumn
export const SCRATCH_COLUMNS = ['reply', 'drop_number', 'envelope_node'] as const
type ScratchColumn = (typeof SCRATCH_COLUMNS)[number]

type Read = Reading<KernelColumn, FragmentKind>
type Keys = Shape<KernelColumn, FragmentKind>

const skipped: Read = { as: 'skipped' }
/** Skipped too, but the same on most lines of a node. */
const repeated = (recurs: Recurrence): Read => ({ as: 'repeated', recurs })

const TCP: Keys = { ...ports(), flags: fragment('tcp_flags', 'tcp_flags') }

const ICMP: Keys = { type: number('icmp_type', 1), code: number('icmp_code') }

const LAYER4: Keys = {
  TCP: protocol('TCP', TCP),
  UDP: protocol('UDP', ports()),
  ICMPv4: protocol('ICMPv4', ICMP, { column: 'icmp_type', value: 1 }),
  ICMPv6: protocol('ICMPv6', ICMP, { column: 'icmp_type', value: 1 }),
  SCTP: protocol('SCTP', ports()),
  VRRP: protocol('VRRP', {}),
  IGMP: protocol('IGMP', {}),
}

const IP: Keys = {
  source: text('ip_source'),
  destination: text('ip_destination'),
  ipVersion: fragment('ip_version', 'ip_version', 'steadily'),
  encrypted: flag('ip_encrypted', 1),
  source_xlated: skipped,
}

const DNS: Keys = {
  query: text('dns_query'),
  ips: skipped,
  ttl: skipped,
  cnames: skipped,
  observation_source: skipped,
  rcode: number('dns_rcode', 1),
  qtypes: fragment('texts', 'dns_qtypes'),
  rrtypes: skipped,
}

const HTTP: Keys = {
  code: number('http_code', 1),
  method: text('http_method'),
  url: { as: 'path', column: 'http_path' },
  protocol: text('http_protocol'),
  headers: skipped,
}

const LAYER7: Keys = {
  type: fragment('l7_type', 'l7_type'),
  latency_ns: skipped,
  dns: { as: 'object', shape: DNS, present: [{ column: 'dns_rcode', value: 1 }] },
  http: { as: 'object', shape: HTTP, present: [{ column: 'http_code', value: 1 }] },
}

const COUNTS: Keys = {
  ingress_flow_count: number('ingress_flows'),
  egress_flow_count: number('egress_flows'),
  unknown_direction_flow_count: number('unknown_flows'),
}

const FLOW: Keys = {
  time: { as: 'time', seconds: 'time_s', nanos: 'time_ns' },
  uuid: skipped,
  emitter: { ...repeated('steadily'), run: 'begins steadily' },
  verdict: { ...fragment('verdict', 'verdict', 'steadily'), run: 'ends' },
  drop_reason: number('drop_number'),
  ethernet: skipped,
  IP: { as: 'object', shape: IP },
  l4: { as: 'object', shape: LAYER4 },
  // Who has an address is mostly the same as before.
  source: fragment('endpoint', 'source', { alongside: 'ip_source' }),
  destination: fragment('endpoint', 'destination', { alongside: 'ip_destination' }),
  Type: { ...fragment('flow_type', 'flow_type', 'steadily'), run: 'begins variedly' },
  node_name: fragment('node_name', 'node_name', 'steadily'),
  node_labels: { ...repeated('steadily'), run: 'ends' },
  source_names: skipped,
  destination_names: skipped,
  l7: { as: 'object', shape: LAYER7 },
  reply: { ...flag('reply', 2), run: 'begins variedly' },
  event_type: { ...fragment('event_type', 'event_type'), run: 'begins variedly' },
  source_service: fragment('service', 'source_service'),
  destination_service: fragment('service', 'destination_service'),
  traffic_direction: fragment('traffic_direction', 'traffic_direction'),
  policy_match_type: repeated('variedly'),
  trace_observation_point: fragment('trace_observation_point', 'trace_observation_point'),
  trace_reason: repeated('variedly'),
  file: repeated('variedly'),
  ip_trace_id: skipped,
  drop_reason_desc: fragment('drop_reason', 'drop_reason', 'steadily'),
  is_reply: { as: 'flag', column: 'is_reply', yes: 2, no: 1, run: 'ends' },
  debug_capture_point: skipped,
  interface: repeated('variedly'),
  proxy_port: skipped,
  trace_context: skipped,
  sock_xlate_point: skipped,
  socket_cookie: skipped,
  cgroup_id: skipped,
  tunnel: skipped,
  auth_type: skipped,
  egress_allowed_by: fragment('policies', 'egress_allowed_by'),
  ingress_allowed_by: fragment('policies', 'ingress_allowed_by'),
  egress_denied_by: fragment('policies', 'egress_denied_by'),
  ingress_denied_by: fragment('policies', 'ingress_denied_by'),
  policy_log: skipped,
  // Counts stand in one of two places; which one wins where both are there is for the plain decoder.
  aggregate: { as: 'object', shape: COUNTS, oneOf: 'counts' },
  extensions: { as: 'object', shape: COUNTS, oneOf: 'counts' },
  Summary: skipped,
}

/**
 * Hubble's record for the kernel: which key goes to which column, in the order of Hubble's JSON. The keys that nobody
 * reads are named too, because the kernel is faster with names it expects.
 * Source: cilium `api/v1/flow/flow.proto` and `api/v1/observer/observer.proto`, tree 1.20-dev.
 */
export const ENVELOPE: Keys = {
  flow: { as: 'object', shape: FLOW },
  node_name: fragment('node_name', 'envelope_node', 'steadily'),
  time: skipped,
}

export const ROLES: Roles<KernelColumn> = {
  lineStart: 'line_start',
  lineEnd: 'line_end',
  isReply: 'is_reply',
  reply: 'reply',
  dropReason: 'drop_reason',
  dropNumber: 'drop_number',
  nodeName: 'node_name',
  envelopeNode: 'envelope_node',
  direction: 'traffic_direction',
  ingressFlows: 'ingress_flows',
  egressFlows: 'egress_flows',
  unknownFlows: 'unknown_flows',
  aggregated: 'aggregated',
}

/** Without the direction nobody could count the flow. */
const ALWAYS_READ = ['traffic_direction', 'ingress_flows', 'egress_flows', 'unknown_flows'] as const
const READ_FOR: { readonly [scratch in ScratchColumn]: FlowColumn } = {
  reply: 'is_reply',
  drop_number: 'drop_reason',
  envelope_node: 'node_name',
}

/** Whether the kernel has to fill a column so that the columns in `reads` are right. */
export function isNeeded(column: KernelColumn, reads: ReadonlySet<FlowColumn>): boolean {
  if (column in READ_FOR) return reads.has(READ_FOR[column as ScratchColumn])
  return reads.has(column as FlowColumn) || (ALWAYS_READ as readonly string[]).includes(column)
}

function ports(): Keys {
  return { source_port: number('source_port'), destination_port: number('destination_port') }
}

/** At most one protocol: `l4` is a oneof. */
function protocol(
  value: string,
  shape: Keys,
  ...present: readonly { readonly column: FlowColumn; readonly value: number }[]
): Read {
  return { as: 'object', shape, oneOf: 'protocol', present: [{ column: 'l4_protocol', value }, ...present] }
}

function text(column: FlowColumn): Read {
  return { as: 'text', column }
}

function fragment(
  kind: FragmentKind,
  column: KernelColumn,
  recurs: Recurrence | Alongside<KernelColumn> = 'variedly',
): Read {
  return { as: 'fragment', kind, column, recurs }
}

function number(column: KernelColumn, plus: 0 | 1 = 0): Read {
  return { as: 'number', column, plus }
}

function flag(column: KernelColumn, yes: number): Read {
  return { as: 'flag', column, yes, no: 0 }
}
