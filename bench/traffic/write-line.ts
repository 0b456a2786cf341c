import { isEncrypted, type Layer4, type Sighting, TCP_STATES } from './sighting.ts'

/** The node that writes the lines. */
export interface Writer {
  readonly nodeName: string
  readonly nodeLabelsJson: string
  readonly hostIp: string
}

const EVENT_TYPES = { trace: 4, 'policy verdict': 5, drop: 1, l7: 129 } as const
/** `sub_type` of a trace is its observation point; 0, which is left out, is TO_ENDPOINT (cilium `pkg/monitor/api/types.go`). */
const POINTS = { TO_ENDPOINT: 0, TO_PROXY: 1, TO_STACK: 3, TO_OVERLAY: 4, TO_NETWORK: 11 } as const
const EMITTER = '{"name":"Hubble","version":"1.19.4+g3c1f5d2a"}'
const OVERLAY_DEVICE = '{"index":5,"name":"cilium_vxlan"}'
const NETWORK_DEVICE = '{"index":2,"name":"eth0"}'

/**
 * One line of events.log, line feed included: compact, keys in the order of Cilium's `flow.proto`, what is zero or
 * empty left out, `&` and angle brackets escaped, as Go's JSON encoder and protojson do it.
 */
export function writeLine(sighting: Sighting, writer: Writer, time: string, uuid: string): string {
  const { event, verdict, drop, from, to, l7, isReply, policies } = sighting
  return (
    `{"flow":{"time":"${time}","uuid":"${uuid}","emitter":${EMITTER},"verdict":"${verdict}"` +
    field('drop_reason', drop?.number) +
    field('ethernet', event !== 'l7' && `{"source":"${from.mac}","destination":"${from.peerMac}"}`) +
    `,"IP":${ip(sighting, writer)},"l4":${layer4(sighting.l4)},"source":${from.json},"destination":${to.json}` +
    `,"Type":"${l7 ? 'L7' : 'L3_L4'}","node_name":"${writer.nodeName}","node_labels":${writer.nodeLabelsJson}` +
    field('source_names', from.namesJson) +
    field('destination_names', to.namesJson) +
    field('l7', l7?.json) +
    field('reply', isReply) +
    `,"event_type":${eventType(sighting)}` +
    field('traffic_direction', quoted(sighting.direction)) +
    field('policy_match_type', sighting.policyMatchType) +
    field('trace_observation_point', quoted(sighting.point)) +
    field('trace_reason', quoted(sighting.reason)) +
    field('file', drop && event === 'drop' && `{"name":"${drop.file}","line":${drop.line}}`) +
    field('drop_reason_desc', drop && quoted(drop.name)) +
    field('is_reply', isReply === null ? null : String(isReply)) +
    field('interface', device(sighting)) +
    field('proxy_port', sighting.proxyPort) +
    `,"Summary":"${summary(sighting)}"` +
    (policies ? field(policies.key, policies.json) : '') +
    `},"node_name":"${writer.nodeName}","time":"${time}"}\n`
  )
}

/** What is absent, false, zero or empty is left out. */
function field(key: string, json: string | number | boolean | null | undefined): string {
  return json ? `,"${key}":${json}` : ''
}

function quoted(name: string | null): string | null {
  return name === null ? null : `"${name}"`
}

/** Text as Go's encoder puts it between quotes. */
export function goJson(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** RFC 3339 with 0, 3, 6 or 9 digits: protojson cuts groups of zeros. */
export function goTime(seconds: number, nanoseconds: number): string {
  if (seconds !== lastSecond) {
    lastSecond = seconds
    lastSecondText = new Date(seconds * 1000).toISOString().slice(0, 19)
  }
  if (nanoseconds === 0) return `${lastSecondText}Z`
  const digits = String(nanoseconds).padStart(9, '0')
  const end = nanoseconds % 1e6 === 0 ? 3 : nanoseconds % 1e3 === 0 ? 6 : 9
  return `${lastSecondText}.${digits.slice(0, end)}Z`
}

let lastSecond = Number.NaN
let lastSecondText = ''

function ip(sighting: Sighting, { hostIp }: Writer): string {
  const { from, to, isIpv6, isReply, point } = sighting
  const encrypted = isEncrypted(sighting) ? ',"encrypted":true' : ''
  if (isIpv6) return `{"source":"${from.ip6}","destination":"${to.ip6}","ipVersion":"IPv6"${encrypted}}`
  // A pod's packet that leaves for the world bears the node's address on the wire.
  const isTranslated = point === 'TO_NETWORK' && from.place === 'pod here' && !isReply
  const xlated = isTranslated ? `,"source_xlated":"${hostIp}"` : ''
  return `{"source":"${from.ip4}"${xlated},"destination":"${to.ip4}","ipVersion":"IPv4"${encrypted}}`
}

function layer4(l4: Layer4): string {
  switch (l4.kind) {
    case 'TCP': {
      const flags = l4.flags ? `,"flags":${TCP_STATES[l4.flags].json}` : ''
      return `{"TCP":{"source_port":${l4.from},"destination_port":${l4.to}${flags}}}`
    }
    case 'UDP':
      return `{"UDP":{"source_port":${l4.from},"destination_port":${l4.to}}}`
    default:
      return l4.type === 0 ? `{"${l4.kind}":{}}` : `{"${l4.kind}":{"type":${l4.type}}}`
  }
}

function eventType({ event, point, drop }: Sighting): string {
  const type = EVENT_TYPES[event]
  const subType = event === 'drop' && drop ? drop.number : point ? POINTS[point] : 0
  return subType ? `{"type":${type},"sub_type":${subType}}` : `{"type":${type}}`
}

function device({ event, point, to }: Sighting): string | null {
  if (event !== 'trace') return null
  if (point === 'TO_ENDPOINT') return to.deviceJson
  if (point === 'TO_OVERLAY') return OVERLAY_DEVICE
  return point === 'TO_NETWORK' ? NETWORK_DEVICE : null
}

/** Already escaped. */
function summary({ l4, l7 }: Sighting): string {
  if (l7) return l7.summary
  switch (l4.kind) {
    case 'TCP':
      return l4.flags ? TCP_STATES[l4.flags].summary : 'TCP'
    case 'UDP':
      return 'UDP'
    default:
      return `${l4.kind} ${l4.name}`
  }
}
