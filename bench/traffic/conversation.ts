import type { Endpoint } from './endpoint.ts'
import type { Direction, Layer4, Sighting, TcpState } from './sighting.ts'

/** What a node sees of two ends talking, in its order. */
export type Conversation = readonly Step[]

export interface Step {
  /** Time since the step before. */
  readonly afterUs: number
  readonly sighting: Sighting
}

export interface Link {
  readonly client: Endpoint
  readonly server: Endpoint
  readonly clientPort: number
  readonly serverPort: number
  readonly isIpv6: boolean
}

/** TCP of a packet from client to server, or back; layer 7 records know no flags. */
export function tcp(link: Link, isReply: boolean, flags: TcpState | null): Layer4 {
  const { clientPort, serverPort } = link
  return isReply
    ? { kind: 'TCP', from: serverPort, to: clientPort, flags }
    : { kind: 'TCP', from: clientPort, to: serverPort, flags }
}

export function udp(link: Link, isReply: boolean): Layer4 {
  const { clientPort, serverPort } = link
  return isReply
    ? { kind: 'UDP', from: serverPort, to: clientPort }
    : { kind: 'UDP', from: clientPort, to: serverPort }
}

/** A packet passes one of the datapath's observation points. */
export function trace(link: Link, isReply: boolean, l4: Layer4, isFirst = false): Sighting {
  const { from, to } = ends(link, isReply)
  const point = POINT_TOWARDS[to.place]
  const recordedByReceiver = point === 'TO_ENDPOINT'
  return sighting(link, isReply, l4, {
    event: 'trace',
    from,
    to,
    point,
    direction: directionOf(recordedByReceiver, isReply),
    reason: isReply ? 'REPLY' : isFirst ? 'NEW' : 'ESTABLISHED',
  })
}

/** The policy's answer to the first packet of a connection. */
export function policyVerdict(link: Link, l4: Layer4, differs: Partial<Sighting>): Sighting {
  return sighting(link, false, l4, { event: 'policy verdict', policyMatchType: L3_L4_MATCH, ...differs })
}

/** Anything else that is seen of a link; name what differs from a plain forwarded packet. */
export function sighting(link: Link, isReply: boolean, l4: Layer4, differs: Partial<Sighting>): Sighting {
  return {
    event: 'trace',
    verdict: 'FORWARDED',
    drop: null,
    ...ends(link, isReply),
    isIpv6: link.isIpv6,
    l4,
    l7: null,
    isReply,
    direction: null,
    point: null,
    reason: null,
    policyMatchType: 0,
    proxyPort: 0,
    policies: null,
    ...differs,
  }
}

/** Which side's policy sees the first packet of a link on this node; the server's when both are here. */
export function policySide({ server }: Link): Direction {
  return server.place === 'pod here' ? 'INGRESS' : 'EGRESS'
}

const POINT_TOWARDS = {
  'pod here': 'TO_ENDPOINT',
  'pod elsewhere': 'TO_OVERLAY',
  host: 'TO_STACK',
  world: 'TO_NETWORK',
} as const

/** `policy_match_type` of a rule that names peer and port (cilium `pkg/monitor/api`). */
const L3_L4_MATCH = 2

function ends({ client, server }: Link, isReply: boolean): { from: Endpoint; to: Endpoint } {
  return isReply ? { from: server, to: client } : { from: client, to: server }
}

/**
 * EGRESS when exactly one of "recorded by the sender" and "is a reply" holds: so a reply that is delivered to a pod is
 * EGRESS (cilium `pkg/hubble/parser/threefour`).
 */
function directionOf(recordedByReceiver: boolean, isReply: boolean): Direction {
  return recordedByReceiver === isReply ? 'EGRESS' : 'INGRESS'
}
