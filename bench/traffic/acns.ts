import type { Random } from './random.ts'
import { isEncrypted, type Layer4, type Layer7, type Sighting } from './sighting.ts'
import type { Observed } from './traffic.ts'
import { goTime } from './write-line.ts'

const WINDOW_NS = 30e9

interface Group {
  /** The flow without everything that is no key field: as in Cilium, this is the key. */
  readonly flow: string
  readonly firstNs: number
  ingress: number
  egress: number
  unknown: number
}

/**
 * The lines Hubble writes when it aggregates by ACNS's 17 fields: every 30 s since its start all groups, in no order,
 * each with the time of its first flow and nothing that tells of a window (cilium `pkg/hubble/exporter`).
 */
export function* aggregatedLines(
  observed: Iterable<Observed>,
  startSeconds: number,
  random: Random,
): Generator<string> {
  let groups = new Map<string, Group>()
  let tickNs = WINDOW_NS
  for (const { sighting, elapsedNs } of observed) {
    while (elapsedNs >= tickNs) {
      yield* flush(groups, startSeconds, random)
      groups = new Map()
      tickNs += WINDOW_NS
    }
    count(groups, sighting, elapsedNs)
  }
  yield* flush(groups, startSeconds, random)
}

function count(groups: Map<string, Group>, sighting: Sighting, elapsedNs: number): void {
  const flow = keyFields(sighting)
  let group = groups.get(flow)
  if (!group) {
    group = { flow, firstNs: elapsedNs, ingress: 0, egress: 0, unknown: 0 }
    groups.set(flow, group)
  }
  if (sighting.direction === 'INGRESS') group.ingress++
  else if (sighting.direction === 'EGRESS') group.egress++
  else group.unknown++
}

function* flush(groups: Map<string, Group>, startSeconds: number, random: Random): Generator<string> {
  for (const { flow, firstNs, ingress, egress, unknown } of random.shuffle([...groups.values()])) {
    const time = goTime(startSeconds + Math.floor(firstNs / 1e9), firstNs % 1e9)
    const counts = [
      ingress && `"ingress_flow_count":${ingress}`,
      egress && `"egress_flow_count":${egress}`,
      unknown && `"unknown_direction_flow_count":${unknown}`,
    ]
    yield `{"flow":{"time":"${time}",${flow},"aggregate":{${counts.filter(Boolean).join()}}},"time":"${time}"}\n`
  }
}

/** Parents of key fields are always there, if need be empty; the members of a `oneof` only where they are set. */
function keyFields(sighting: Sighting): string {
  const { verdict, from, to, isIpv6, l4, l7, drop, isReply } = sighting
  const encrypted = isEncrypted(sighting) ? ',"encrypted":true' : ''
  const dropReason = drop ? `,"drop_reason_desc":"${drop.name}"` : ''
  const reply = isReply === null ? '' : `,"is_reply":${isReply}`
  return `"verdict":"${verdict}","IP":{"ipVersion":"${isIpv6 ? 'IPv6' : 'IPv4'}"${encrypted}},"l4":${portOf(l4)},"source":${from.keyJson},"destination":${to.keyJson},"l7":${codeOf(l7)}${dropReason}${reply}`
}

function portOf(l4: Layer4): string {
  return l4.kind === 'TCP' || l4.kind === 'UDP' ? `{"${l4.kind}":{"destination_port":${l4.to}}}` : '{}'
}

function codeOf(l7: Layer7 | null): string {
  if (!l7) return '{}'
  const code = l7.kind === 'http' ? 'code' : 'rcode'
  return `{"${l7.kind}":${l7.code ? `{"${code}":${l7.code}}` : '{}'}}`
}
