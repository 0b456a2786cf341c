import type {
  Dns,
  Endpoint,
  Flow,
  FlowCounts,
  FlowIp,
  Http,
  Layer4,
  Layer7,
  Policy,
  Service,
} from '../record/flow.ts'
import { TCP_FLAGS } from '../record/flow-columns.ts'
import {
  DIRECTIONS,
  DROP_REASONS,
  FLOW_TYPES,
  IP_VERSIONS,
  L7_TYPES,
  OBSERVATION_POINTS,
  VERDICTS,
} from '../record/names.ts'
import {
  compact,
  digits,
  enumName,
  int,
  isObject,
  type JsonRecord,
  object,
  read,
  text,
  texts,
  uint,
} from './json-reference.ts'

/**
 * Hubble's `flow.Flow` as our plain flow: proto names, enums by name, nothing that is empty or zero.
 * A value of the wrong type counts as absent; one odd field must not cost the flow.
 */
export function flowOf(flow: JsonRecord, time: string, node: string | undefined): Flow {
  const drop = enumName(read(flow, 'drop_reason_desc'), DROP_REASONS)
  const { ingress_denied_by, ingress_allowed_by, egress_denied_by, egress_allowed_by } = policiesOf(flow)
  return {
    ...compact({
      time,
      uuid: text(read(flow, 'uuid')),
      verdict: enumName(read(flow, 'verdict'), VERDICTS),
      // The number is deprecated, and all that records from before September 2020 have.
      drop_reason_desc: drop ?? enumName(int(read(flow, 'drop_reason')), DROP_REASONS),
      ethernet: addresses(read(flow, 'ethernet')),
      IP: ipOf(read(flow, 'IP')),
      l4: layer4Of(read(flow, 'l4')),
      source: endpointOf(read(flow, 'source')),
      destination: endpointOf(read(flow, 'destination')),
      Type: enumName(read(flow, 'Type'), FLOW_TYPES),
      node_name: node,
      l7: layer7Of(read(flow, 'l7')),
      event_type: eventTypeOf(read(flow, 'event_type')),
      source_service: serviceOf(read(flow, 'source_service')),
      destination_service: serviceOf(read(flow, 'destination_service')),
      traffic_direction: enumName(read(flow, 'traffic_direction'), DIRECTIONS),
      trace_observation_point: enumName(read(flow, 'trace_observation_point'), OBSERVATION_POINTS),
      is_reply: isReply(flow),
      egress_allowed_by,
      ingress_allowed_by,
      egress_denied_by,
      ingress_denied_by,
      aggregate: countsOf(read(flow, 'aggregate')) ?? countsOf(read(flow, 'extensions')),
      Summary: text(read(flow, 'Summary')),
    }),
    time,
  }
}

/** Whether an object without an envelope is a flow: it has a part that only flows have. */
export function looksLikeFlow(value: JsonRecord): boolean {
  return (
    isObject(read(value, 'IP')) ||
    isObject(read(value, 'l4')) ||
    isObject(read(value, 'source')) ||
    isObject(read(value, 'destination')) ||
    enumName(read(value, 'verdict'), VERDICTS) !== undefined
  )
}

/** Absent is unknown, which is not false. `reply` is older and only ever true: false and unknown look the same. */
function isReply(flow: JsonRecord): boolean | undefined {
  const isReply = read(flow, 'is_reply')
  if (typeof isReply === 'boolean') return isReply
  return read(flow, 'reply') === true ? true : undefined
}

export function endpointOf(value: unknown): Endpoint | undefined {
  if (!isObject(value)) return undefined
  return compact({
    ID: nonZero(uint(read(value, 'ID'))),
    identity: nonZero(uint(read(value, 'identity'))),
    namespace: text(read(value, 'namespace')),
    labels: texts(read(value, 'labels')),
    pod_name: text(read(value, 'pod_name')),
    workloads: objects(read(value, 'workloads'), (workload) => ({
      ...compact({ name: text(read(workload, 'name')), kind: text(read(workload, 'kind')) }),
    })),
    cluster_name: text(read(value, 'cluster_name')),
  })
}

export function eventTypeOf(value: unknown): Flow['event_type'] {
  if (!isObject(value)) return undefined
  return compact({ type: nonZero(int(read(value, 'type'))), sub_type: nonZero(int(read(value, 'sub_type'))) })
}

export function serviceOf(value: unknown): Service | undefined {
  if (!isObject(value)) return undefined
  return compact({ name: text(read(value, 'name')), namespace: text(read(value, 'namespace')) })
}

export function policyListOf(value: unknown): readonly Policy[] | undefined {
  return objects(value, (policy) => ({
    ...compact({
      name: text(read(policy, 'name')),
      namespace: text(read(policy, 'namespace')),
      labels: texts(read(policy, 'labels')),
      revision: digits(read(policy, 'revision')),
      kind: text(read(policy, 'kind')),
    }),
  }))
}

function policiesOf(flow: JsonRecord) {
  return {
    egress_allowed_by: policyListOf(read(flow, 'egress_allowed_by')),
    ingress_allowed_by: policyListOf(read(flow, 'ingress_allowed_by')),
    egress_denied_by: policyListOf(read(flow, 'egress_denied_by')),
    ingress_denied_by: policyListOf(read(flow, 'ingress_denied_by')),
  }
}

function addresses(value: unknown): Flow['ethernet'] {
  if (!isObject(value)) return undefined
  return compact({ source: text(read(value, 'source')), destination: text(read(value, 'destination')) })
}

function ipOf(value: unknown): FlowIp | undefined {
  if (!isObject(value)) return undefined
  return compact({
    source: text(read(value, 'source')),
    destination: text(read(value, 'destination')),
    ipVersion: enumName(read(value, 'ipVersion'), IP_VERSIONS),
    encrypted: read(value, 'encrypted') === true ? true : undefined,
    source_xlated: text(read(value, 'source_xlated')),
  })
}

/** One protocol at most: Hubble's `l4` is a oneof. `{"ICMPv4":{}}` is an echo reply, so an empty one counts. */
function layer4Of(value: unknown): Layer4 | undefined {
  if (!isObject(value)) return undefined
  const tcp = object(read(value, 'TCP'))
  if (tcp) return { TCP: { ...ports(tcp), ...compact({ flags: tcpFlagsOf(read(tcp, 'flags')) }) } }
  const udp = object(read(value, 'UDP'))
  if (udp) return { UDP: ports(udp) }
  const icmpv4 = object(read(value, 'ICMPv4'))
  if (icmpv4) return { ICMPv4: icmp(icmpv4) }
  const icmpv6 = object(read(value, 'ICMPv6'))
  if (icmpv6) return { ICMPv6: icmp(icmpv6) }
  const sctp = object(read(value, 'SCTP'))
  if (sctp) return { SCTP: ports(sctp) }
  const vrrp = object(read(value, 'VRRP'))
  if (vrrp) {
    const of = (name: string) => nonZero(uint(read(vrrp, name)))
    return { VRRP: { ...compact({ type: of('type'), vrid: of('vrid'), priority: of('priority') }) } }
  }
  const igmp = object(read(value, 'IGMP'))
  if (!igmp) return undefined
  const group_address = text(read(igmp, 'group_address'))
  return { IGMP: { ...compact({ type: nonZero(uint(read(igmp, 'type'))), group_address }) } }
}

function ports(l4: JsonRecord) {
  const of = (name: string) => nonZero(uint(read(l4, name)))
  return { ...compact({ source_port: of('source_port'), destination_port: of('destination_port') }) }
}

function icmp(l4: JsonRecord) {
  const of = (name: string) => nonZero(uint(read(l4, name)))
  return { ...compact({ type: of('type'), code: of('code') }) }
}

export function tcpFlagsOf(value: unknown) {
  if (!isObject(value)) return undefined
  const set = TCP_FLAGS.filter((flag) => read(value, flag) === true)
  return set.length === 0 ? undefined : Object.fromEntries(set.map((flag) => [flag, true]))
}

function layer7Of(value: unknown): Layer7 | undefined {
  if (!isObject(value)) return undefined
  return compact({
    type: enumName(read(value, 'type'), L7_TYPES),
    latency_ns: digits(read(value, 'latency_ns')),
    dns: dnsOf(read(value, 'dns')),
    http: httpOf(read(value, 'http')),
  })
}

/** `{}` is a query or an answer without error, so an empty one counts. */
function dnsOf(value: unknown): Dns | undefined {
  if (!isObject(value)) return undefined
  return {
    ...compact({
      query: text(read(value, 'query')),
      ips: texts(read(value, 'ips')),
      // Hubble writes -1 as 4294967295, which is past the largest number `uint` takes.
      ttl: nonZero(uint(read(value, 'ttl'))),
      cnames: texts(read(value, 'cnames')),
      observation_source: text(read(value, 'observation_source')),
      rcode: nonZero(uint(read(value, 'rcode'))),
      qtypes: texts(read(value, 'qtypes')),
      rrtypes: texts(read(value, 'rrtypes')),
    }),
  }
}

/** `{}` is a request whose fields are masked, so an empty one counts. */
function httpOf(value: unknown): Http | undefined {
  if (!isObject(value)) return undefined
  return {
    ...compact({
      code: nonZero(uint(read(value, 'code'))),
      method: text(read(value, 'method')),
      url: text(read(value, 'url')),
      protocol: text(read(value, 'protocol')),
      headers: objects(read(value, 'headers'), (header) => ({
        ...compact({ key: text(read(header, 'key')), value: text(read(header, 'value')) }),
      })),
    }),
  }
}

/** Counts that are all zero are none: the record is there, so it is one flow. */
function countsOf(value: unknown): FlowCounts | undefined {
  if (!isObject(value)) return undefined
  const of = (name: string) => nonZero(uint(read(value, name)))
  return compact({
    ingress_flow_count: of('ingress_flow_count'),
    egress_flow_count: of('egress_flow_count'),
    unknown_direction_flow_count: of('unknown_direction_flow_count'),
  })
}

function nonZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value
}

function objects<T>(value: unknown, of: (item: JsonRecord) => T): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined
  const found = value.filter(isObject).map(of)
  return found.length === 0 ? undefined : found
}
