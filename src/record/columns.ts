import { derived, endpointFields, type Field, field } from './field.ts'

export type { EndpointAttribute, EndpointSide, Field, FieldCell, FieldOrigin } from './field.ts'

/** Every value of a flow that a key, a carried column or a row can hold. */
export const FIELDS = [
  field('verdict', 'What became of the packet', 'verdict', 'Verdict', 'cilium.verdict', 'text'),
  field('drop_reason', 'Why it was dropped', 'drop_reason_desc', 'DropReason', 'cilium.drop_reason', 'text'),
  field(
    'is_reply',
    'Whether it answers an earlier packet; absent where unknown',
    'is_reply',
    'Reply',
    'cilium.reply',
    'reply',
  ),
  field('ip_source', 'Address of the sender', 'IP.source', 'IP.source', 'source.address', 'text'),
  field(
    'ip_destination',
    'Address of the receiver',
    'IP.destination',
    'IP.destination',
    'destination.address',
    'text',
  ),
  field('ip_version', '`IPv4` or `IPv6`', 'IP.ipVersion', 'IP.ipVersion', 'network.type', 'text'),
  field(
    'ip_encrypted',
    'Whether it crossed the wire encrypted',
    'IP.encrypted',
    'IP.encrypted',
    'cilium.encrypted',
    'flag',
  ),
  field('l4_protocol', '`TCP`, `UDP`, `SCTP`, `ICMPv4`, ...', 'l4', 'Layer4.*', 'network.transport', 'text'),
  field(
    'source_port',
    'Port of the sender',
    'l4.*.source_port',
    'Layer4.*.source_port',
    'source.port',
    'number',
  ),
  field(
    'destination_port',
    'Port of the receiver',
    'l4.*.destination_port',
    'Layer4.*.destination_port',
    'destination.port',
    'number',
  ),
  derived(
    'tcp_destination_port',
    'Port of the receiver, for TCP',
    'l4.TCP.destination_port',
    'Layer4.TCP.destination_port',
    'destination.port',
    { kind: 'protocol_port', protocol: 'TCP' },
  ),
  derived(
    'udp_destination_port',
    'Port of the receiver, for UDP',
    'l4.UDP.destination_port',
    'Layer4.UDP.destination_port',
    'destination.port',
    { kind: 'protocol_port', protocol: 'UDP' },
  ),
  derived(
    'server_port',
    "Port of the side that was called: on replies the sender's",
    'l4.*',
    'Layer4.*.destination_port',
    'destination.port',
    { kind: 'port', of: 'server' },
  ),
  derived(
    'client_port',
    "Port of the side that called: on replies the receiver's",
    'l4.*',
    'Layer4.*.source_port',
    'source.port',
    { kind: 'port', of: 'client' },
  ),
  field('icmp_type', 'ICMP message type', 'l4.ICMPv4.type', 'Layer4.*.type', 'icmp.type', 'present'),
  field('icmp_code', 'ICMP message code', 'l4.ICMPv4.code', 'Layer4.*.code', 'icmp.code', 'number'),
  field('l7_type', '`REQUEST` or `RESPONSE`', 'l7.type', 'Layer7.type', 'cilium.l7.type', 'text'),
  field(
    'http_code',
    'HTTP status; absent on requests',
    'l7.http.code',
    'Layer7.http.code',
    'http.response.status_code',
    'status',
  ),
  field('http_method', 'HTTP method', 'l7.http.method', 'Layer7.http.method', 'http.request.method', 'text'),
  field(
    'http_path',
    'Path of the URL without its query',
    'l7.http.url',
    'Layer7.http.url',
    'url.path',
    'text',
  ),
  field(
    'http_protocol',
    '`HTTP/1.1`, ...',
    'l7.http.protocol',
    'Layer7.http.protocol',
    'network.protocol.version',
    'text',
  ),
  field(
    'dns_rcode',
    'Answer code, `NOERROR` included',
    'l7.dns.rcode',
    'Layer7.dns.rcode',
    'dns.response_code',
    'rcode',
  ),
  field(
    'dns_query',
    'Name that was asked for',
    'l7.dns.query',
    'Layer7.dns.query',
    'dns.question.name',
    'text',
  ),
  field(
    'dns_qtypes',
    'Record types asked for',
    'l7.dns.qtypes',
    'Layer7.dns.qtypes',
    'dns.question.type',
    'json',
  ),
  ...endpointFields('source', 'Source', 'sender', 'k8s.src'),
  ...endpointFields('destination', 'Destination', 'receiver', 'k8s.dst'),
  field('flow_type', '`L3_L4`, `L7` or `SOCK`', 'Type', 'FlowType', 'cilium.flow_type', 'text'),
  field(
    'node_name',
    'Node that saw it, without the cluster',
    'node_name',
    'NodeName',
    'k8s.node.name',
    'text',
  ),
  field('event_type', "Cilium's event numbers", 'event_type', 'EventType', 'cilium.event_type', 'json'),
  field(
    'source_service',
    'Service behind the source address',
    'source_service',
    'Service.source',
    'cilium.source_service',
    'json',
  ),
  field(
    'destination_service',
    'Service behind the destination address',
    'destination_service',
    'Service.destination',
    'cilium.destination_service',
    'json',
  ),
  field(
    'traffic_direction',
    '`INGRESS` or `EGRESS`, seen from the endpoint',
    'traffic_direction',
    'TrafficDirection',
    'cilium.traffic_direction',
    'text',
  ),
  field(
    'trace_observation_point',
    'Where in the datapath it was seen',
    'trace_observation_point',
    'TraceObservationPoint',
    'cilium.trace_observation_point',
    'text',
  ),
  field(
    'egress_allowed_by',
    'Policies that let it out',
    'egress_allowed_by',
    'Policies.egress_allowed_by',
    'cilium.egress_allowed_by',
    'json',
  ),
  field(
    'ingress_allowed_by',
    'Policies that let it in',
    'ingress_allowed_by',
    'Policies.ingress_allowed_by',
    'cilium.ingress_allowed_by',
    'json',
  ),
  field(
    'egress_denied_by',
    'Policies that kept it in',
    'egress_denied_by',
    'Policies.egress_denied_by',
    'cilium.egress_denied_by',
    'json',
  ),
  field(
    'ingress_denied_by',
    'Policies that kept it out',
    'ingress_denied_by',
    'Policies.ingress_denied_by',
    'cilium.ingress_denied_by',
    'json',
  ),
  field(
    'interface',
    'Network interface at which it was seen',
    'interface.name',
    'Interface',
    'network.interface.name',
    'text',
  ),
  field(
    'kernel_drop',
    "Why and where the kernel dropped it, by the kernel's own names",
    'extensions.kernel_drop',
    'KernelDrop',
    'flowfold.kernel_drop',
    'json',
  ),
] as const satisfies readonly Field[]

export type FieldName = (typeof FIELDS)[number]['name']

export function fieldNamed(name: string): Field | undefined {
  return FIELDS.find((candidate) => candidate.name === name)
}

export type ColumnType = 'datetime' | 'string' | 'int' | 'long' | 'bool' | 'dynamic'

export interface Column {
  readonly name: string
  /** Type in Log Analytics. */
  readonly type: ColumnType
  readonly doc: string
  /** `ContainerNetworkLogs` has it too; the others are flowfold's own. */
  readonly builtIn: boolean
}

/**
 * The columns of a row, in the order in which a row writes them.
 * Source of names and types: azure-monitor-docs `reference/tables/containernetworklogs.md`, 2026-07-27.
 */
export const COLUMNS = [
  column('TimeGenerated', 'datetime', 'Time of the first flow'),
  column('UUID', 'string', 'Same row, same UUID: a repeat can be recognised'),
  column('Verdict', 'string', 'FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED or TRANSLATED'),
  column('DropReason', 'string', "Hubble's name for why it was dropped"),
  column('IP', 'dynamic', 'source, destination, ipVersion, encrypted'),
  column('Layer4', 'dynamic', 'One of TCP, UDP, SCTP, ICMPv4, ICMPv6 with its ports or type'),
  column('Layer7', 'dynamic', 'type and one of dns, http'),
  column('SourceNamespace', 'string', 'Namespace of the sender'),
  column('SourcePodName', 'string', 'Pod of the sender'),
  column('SourceWorkloads', 'dynamic', 'Workloads of the sender, name and kind each'),
  column('SourceIdentity', 'int', "Cilium's identity of the sender"),
  column('SourceClusterName', 'string', 'Cluster of the sender'),
  column('DestinationNamespace', 'string', 'Namespace of the receiver'),
  column('DestinationPodName', 'string', 'Pod of the receiver'),
  column('DestinationWorkloads', 'dynamic', 'Workloads of the receiver, name and kind each'),
  column('DestinationIdentity', 'int', "Cilium's identity of the receiver"),
  column('DestinationClusterName', 'string', 'Cluster of the receiver'),
  column('FlowType', 'string', 'L3_L4, L7 or SOCK'),
  column('NodeName', 'string', 'Node that saw it'),
  column('Reply', 'bool', 'Whether it answers an earlier packet; absent where unknown'),
  column('EventType', 'dynamic', "Cilium's event numbers: type, sub_type"),
  column(
    'Service',
    'dynamic',
    'SourceService, SourceServiceNamespace, DestinationService, DestinationServiceNamespace',
  ),
  column('TrafficDirection', 'string', 'INGRESS or EGRESS, seen from the endpoint'),
  column('TraceObservationPoint', 'string', 'Where in the datapath it was seen'),
  column('IngressFlowCount', 'int', 'Flows seen entering an endpoint'),
  column('EgressFlowCount', 'int', 'Flows seen leaving an endpoint'),
  column('UnknownDirectionFlowCount', 'int', 'Flows without a direction'),
  column('Policies', 'dynamic', 'Policies that allowed or denied it, by direction'),
  column('AdditionalFlowData', 'dynamic', 'Labels, MAC addresses, summary: single flows only'),
  own('Packets', 'long', 'Packets of the flows, where their source counts them'),
  own('Bytes', 'long', 'Bytes of these packets, Ethernet headers included'),
  own('Interface', 'string', 'Network interface at which it was seen'),
  own('KernelDrop', 'dynamic', "Reason and Location of a drop, by the kernel's own names"),
  own('TcpHealth', 'dynamic', 'HandshakeRttUs, ConnectUs, SrttUs, Retransmits: single flows only'),
  own('WindowStart', 'datetime', 'Start of the 30 s of event time the row stands for'),
  own('WindowEnd', 'datetime', 'End of that time'),
  own('LastFlowTime', 'datetime', 'Time of the last flow'),
  own('Revision', 'int', '0 is the row of the window; 1, 2, ... add flows that came after it was closed'),
  own('Evidence', 'dynamic', 'Examples of what differed inside the group, and counts of TCP flags'),
  own('Other', 'bool', 'Flows that found no room under max_groups, by verdict and drop reason'),
] as const satisfies readonly Column[]

export type ColumnName = (typeof COLUMNS)[number]['name']

function column<const N extends string>(name: N, type: ColumnType, doc: string) {
  return { name, type, doc, builtIn: true } as const
}

function own<const N extends string>(name: N, type: ColumnType, doc: string) {
  return { name, type, doc, builtIn: false } as const
}
