import type { DnsMessage } from './dns.ts'
import type {
  CountsObservation,
  DropObservation,
  FiveTuple,
  Instant,
  TcpObservation,
  Vantage,
} from './observation.ts'

/** An observation that becomes one flow: heads have been read, and answers know what was asked. */
export type Sighting =
  | CountsObservation
  | DropObservation
  | TcpObservation
  | DnsSighting
  | HttpRequestSighting
  | HttpAnswerSighting

export interface DnsSighting {
  readonly kind: 'dns_message'
  readonly tuple: FiveTuple
  readonly at: Vantage
  readonly time: Instant
  readonly message: DnsMessage
  /** Since the query was seen at the same interface; null on queries, and where nobody saw it. */
  readonly latencyNs: number | null
}

export interface HttpRequestSighting {
  readonly kind: 'http_request'
  readonly tuple: FiveTuple
  readonly at: Vantage
  readonly time: Instant
  readonly request: HttpRequest
}

export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly protocol: string
}

export interface HttpAnswerSighting {
  readonly kind: 'http_answer'
  readonly tuple: FiveTuple
  readonly at: Vantage
  readonly time: Instant
  readonly code: number
  readonly protocol: string
  /** Null where nobody saw the request, or several waited at once. */
  readonly request: HttpRequest | null
  readonly latencyNs: number | null
}

/** Who sent the packets, or, of a socket whose opener is known, who opened it. */
export function tupleOf(sighting: Sighting): FiveTuple {
  if (sighting.kind !== 'tcp' || openerOf(sighting) !== 'remote') return sighting.tuple
  const { source, destination, sourcePort, destinationPort, protocol } = sighting.tuple
  return {
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    protocol,
  }
}

export function timeOf(sighting: Sighting): Instant {
  return sighting.kind === 'counts' || sighting.kind === 'drop' ? sighting.first : sighting.time
}

/** Null is unknown, which is not false. */
export function isReply(sighting: Sighting): boolean | null {
  switch (sighting.kind) {
    case 'counts':
      return sighting.isReply
    case 'dns_message':
      return sighting.message.isResponse
    case 'http_request':
      return false
    case 'http_answer':
      return true
    case 'drop':
      return null
    case 'tcp':
      return openerOf(sighting) === 'unknown' ? null : false
  }
}

/**
 * Which way the *connection* goes, seen from the pod: out of it, or into it. What comes out of a pod as a reply belongs to
 * a connection into it.
 */
export function directionOf(sighting: Sighting): 'INGRESS' | 'EGRESS' | null {
  switch (sighting.kind) {
    case 'drop':
      return DROP_DIRECTIONS[sighting.place]
    case 'tcp':
      return OPENER_DIRECTIONS[openerOf(sighting)]
    default: {
      const isOutward = sighting.at.passage === 'from_endpoint'
      return isOutward === (isReply(sighting) !== true) ? 'EGRESS' : 'INGRESS'
    }
  }
}

const DROP_DIRECTIONS = { endpoint_interface: 'EGRESS', endpoint_netns: 'INGRESS', host: null } as const
const OPENER_DIRECTIONS = { local: 'EGRESS', remote: 'INGRESS', unknown: null } as const

function openerOf({ event }: TcpObservation): 'local' | 'remote' | 'unknown' {
  switch (event.kind) {
    case 'connected':
    case 'connect_failed':
      return 'local'
    case 'closed':
      return event.opener
    case 'retransmitted':
      return 'unknown'
  }
}
