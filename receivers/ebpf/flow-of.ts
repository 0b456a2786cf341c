import {
  type Dns,
  type Flow,
  type FlowExtensions,
  formatTime,
  type Http,
  type Layer4,
  type Layer7,
  TCP_FLAGS,
  type TcpFlags,
} from '../../src/sdk/index.ts'
import type { DnsMessage } from './dns.ts'
import { hubbleReason } from './drop-policy.ts'
import type { Names } from './names.ts'
import type { DropObservation, TcpEvent } from './observation.ts'
import { directionOf, isReply, type Sighting, timeOf, tupleOf } from './sighting.ts'

/**
 * Cilium's event numbers; 5 is the point FROM_ENDPOINT, and 0, which is left out, TO_ENDPOINT.
 * Source: cilium `pkg/monitor/api/types.go`, 1.20-dev.
 */
const EVENT_TYPES = {
  drop: { type: 1 },
  from_endpoint: { type: 4, sub_type: 5 },
  to_endpoint: { type: 4 },
  socket: { type: 7 },
  message: { type: 129 },
} as const

/**
 * A sighting as Hubble would tell of it. This is what a flow of ours means; `FlowSheet` writes the same into columns.
 * Source of the mapping: cilium `pkg/hubble/parser`, and of what is different the README.
 */
export function flowOf(sighting: Sighting, names: Names, node: string): Flow {
  const tuple = tupleOf(sighting)
  const { seconds, nanos } = timeOf(sighting)
  const direction = directionOf(sighting)
  const reply = isReply(sighting)
  return {
    time: formatTime(seconds, nanos),
    verdict: verdictOf(sighting),
    ...(sighting.kind === 'drop' && { drop_reason_desc: hubbleReason(sighting.reason, sighting.location) }),
    IP: {
      source: tuple.source,
      destination: tuple.destination,
      ipVersion: tuple.source.includes(':') ? 'IPv6' : 'IPv4',
    },
    ...named('l4', layer4Of(sighting)),
    ...named('source', names.endpoint(tuple.source, tuple.protocol, tuple.sourcePort)),
    ...named('destination', names.endpoint(tuple.destination, tuple.protocol, tuple.destinationPort)),
    Type: flowTypeOf(sighting),
    node_name: node,
    ...named('l7', layer7Of(sighting)),
    event_type: eventTypeOf(sighting),
    ...(direction !== null && { traffic_direction: direction }),
    ...named('trace_observation_point', observationPointOf(sighting)),
    ...(reply !== null && { is_reply: reply }),
    ...named('interface', interfaceOf(sighting)),
    ...named('extensions', extensionsOf(sighting)),
  }
}

export function verdictOf(sighting: Sighting): string {
  if (sighting.kind === 'drop') return 'DROPPED'
  if (sighting.kind !== 'tcp') return 'FORWARDED'
  return sighting.event.kind === 'connect_failed' ? 'ERROR' : 'TRACED'
}

export function flowTypeOf({ kind }: Sighting): string {
  switch (kind) {
    case 'counts':
    case 'drop':
      return 'L3_L4'
    case 'tcp':
      return 'SOCK'
    default:
      return 'L7'
  }
}

/** Always one of the same few objects. */
export function eventTypeOf(sighting: Sighting): NonNullable<Flow['event_type']> {
  switch (sighting.kind) {
    case 'drop':
      return EVENT_TYPES.drop
    case 'tcp':
      return EVENT_TYPES.socket
    case 'counts':
      return EVENT_TYPES[sighting.at.passage]
    default:
      return EVENT_TYPES.message
  }
}

/** As in Hubble, requests and answers were seen by a reader of messages, not at a point of the datapath. */
export function observationPointOf(sighting: Sighting): string | undefined {
  if (sighting.kind !== 'counts') return undefined
  return sighting.at.passage === 'from_endpoint' ? 'FROM_ENDPOINT' : 'TO_ENDPOINT'
}

export function interfaceOf(sighting: Sighting): { index?: number; name: string } | undefined {
  if (sighting.kind === 'tcp') return undefined
  const { interfaceIndex: index, interfaceName: name } = sighting.kind === 'drop' ? sighting : sighting.at
  return name === '' ? undefined : { ...(index !== 0 && { index }), name }
}

/** The members of `l4` by IANA number. */
export const PROTOCOLS: ReadonlyMap<number, keyof Layer4> = new Map([
  [1, 'ICMPv4'],
  [2, 'IGMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
  [112, 'VRRP'],
  [132, 'SCTP'],
])

function layer4Of(sighting: Sighting): Layer4 | undefined {
  const { protocol, sourcePort, destinationPort } = tupleOf(sighting)
  const name = PROTOCOLS.get(protocol)
  if (name === undefined) return undefined
  if (name === 'ICMPv4' || name === 'ICMPv6')
    return { [name]: { ...nonZero('type', sourcePort), ...nonZero('code', destinationPort) } }
  if (name === 'IGMP' || name === 'VRRP') return { [name]: {} }
  const flags = name === 'TCP' && sighting.kind === 'counts' ? flagsOf(sighting.tcpFlags) : undefined
  return {
    [name]: {
      ...nonZero('source_port', sourcePort),
      ...nonZero('destination_port', destinationPort),
      ...named('flags', flags),
    },
  }
}

function flagsOf(bits: number): TcpFlags | undefined {
  const set = TCP_FLAGS.filter((_, bit) => bits & (1 << bit))
  return set.length === 0 ? undefined : Object.fromEntries(set.map((flag) => [flag, true]))
}

function layer7Of(sighting: Sighting): Layer7 | undefined {
  switch (sighting.kind) {
    case 'dns_message':
      return {
        type: sighting.message.isResponse ? 'RESPONSE' : 'REQUEST',
        ...latency(sighting.latencyNs),
        dns: dnsOf(sighting.message),
      }
    case 'http_request':
      return { type: 'REQUEST', http: httpOf(sighting.request, sighting.request.protocol) }
    case 'http_answer':
      return {
        type: 'RESPONSE',
        ...latency(sighting.latencyNs),
        http: { code: sighting.code, ...httpOf(sighting.request, sighting.protocol) },
      }
    default:
      return undefined
  }
}

function dnsOf({ query, queryType, rcode, addresses, cnames, ttlS, answerTypes }: DnsMessage): Dns {
  return {
    ...(query !== '' && { query }),
    ...(addresses.length > 0 && { ips: addresses }),
    ...nonZero('ttl', ttlS ?? 0),
    ...(cnames.length > 0 && { cnames }),
    ...nonZero('rcode', rcode),
    ...(queryType !== '' && { qtypes: [queryType] }),
    ...(answerTypes.length > 0 && { rrtypes: answerTypes }),
  }
}

function httpOf(request: { readonly method: string; readonly url: string } | null, protocol: string): Http {
  return {
    ...(request && { method: request.method, url: request.url }),
    ...(protocol !== '' && { protocol }),
  }
}

function extensionsOf(sighting: Sighting): FlowExtensions | undefined {
  switch (sighting.kind) {
    case 'counts': {
      const { packets, bytes, handshakeRttUs } = sighting
      return { packets, bytes, ...nonZero('handshake_rtt_us', handshakeRttUs) }
    }
    case 'drop':
      return { packets: sighting.packets, bytes: sighting.bytes, kernel_drop: kernelDropOf(sighting) }
    case 'tcp':
      return healthOf(sighting.event)
    default:
      return undefined
  }
}

export function kernelDropOf({ reason, location }: DropObservation) {
  return { Reason: reason, ...(location !== '' && { Location: location }) }
}

/** A retransmit of none is worth telling where sockets end, for whoever wants an average. */
function healthOf(event: TcpEvent): FlowExtensions {
  switch (event.kind) {
    case 'connected':
      return { connect_us: event.connectUs, ...nonZero('srtt_us', event.srttUs) }
    case 'connect_failed':
      return { connect_us: event.connectUs, retransmits: event.retransmits }
    case 'closed':
      return { ...nonZero('srtt_us', event.srttUs), retransmits: event.retransmits }
    case 'retransmitted':
      return { retransmits: event.retransmits }
  }
}

function latency(ns: number | null) {
  return ns === null ? {} : { latency_ns: String(ns) }
}

/** Hubble's records leave out what is zero. */
function nonZero<const N extends string>(name: N, value: number): { readonly [name in N]?: number } {
  return (value === 0 ? {} : { [name]: value }) as { readonly [name in N]?: number }
}

function named<const N extends string, T>(name: N, value: T | undefined): { readonly [name in N]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in N]?: T }
}
