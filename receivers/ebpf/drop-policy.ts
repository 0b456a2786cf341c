/**
 * The kernel frees packets with a reason for many causes that are no loss to anybody. What is left is reported under the
 * nearest of Hubble's names, beside the kernel's own. Names, never numbers: those move from kernel to kernel.
 * Sources: Linux `include/net/dropreason-core.h`, 6.18, and cilium `api/v1/flow/flow.proto`, 1.20-dev.
 */

/** No loss, wherever it happens: what was there twice, was taken, or went away together with its socket. */
export const NOISE: ReadonlySet<string> = new Set([
  'NOT_DROPPED_YET',
  'CONSUMED',
  'QUEUE_PURGE',
  'TCP_OLD_DATA',
  'TCP_OFOMERGE',
  'TCP_OLD_ACK',
])

/** Nobody has said why: among these are packets that came to their end as they should. */
const UNSPECIFIED = 'NOT_SPECIFIED'

const ICMP = 1
const ICMPV6 = 58

/** What a drop is judged by. */
export interface DropFacts {
  readonly reason: string
  readonly location: string
  /** IANA number. */
  readonly protocol: number
  readonly bytes: number
}

/** Whether anybody lost something. `withUnspecified` takes drops without a reason for losses, if their place is known. */
export function isLoss({ reason, location, protocol, bytes }: DropFacts, withUnspecified: boolean): boolean {
  if (bytes === 0 || NOISE.has(reason)) return false
  // A ping reads its echo from a raw socket, which gets a copy; the original then finds no socket, and never could.
  if (reason === 'NO_SOCKET' && (protocol === ICMP || protocol === ICMPV6)) return false
  return reason !== UNSPECIFIED || (withUnspecified && location !== '')
}

/** Hubble's nearest name; `DROP_REASON_UNKNOWN` where it has none that is near. */
export function hubbleReason(reason: string, location: string): string {
  // The kernel calls it a bad header, when all that was wrong is that it ran out of hops.
  if (reason === 'IP_INHDR' && /^ip6?_forward\b/.test(location)) return 'TTL_EXCEEDED'
  return NEAREST.get(reason) ?? 'DROP_REASON_UNKNOWN'
}

/** Hubble's names, and which of the kernel's come nearest to each. */
const NEAREST: ReadonlyMap<string, string> = new Map(
  Object.entries({
    POLICY_DENIED: 'NETFILTER_DROP XFRM_POLICY BPF_CGROUP_EGRESS SECURITY_HOOK TC_INGRESS TC_EGRESS XDP',
    INVALID_SOURCE_MAC: 'MAC_INVALID_SOURCE LOCAL_MAC',
    INVALID_DESTINATION_MAC: 'OTHERHOST UNICAST_IN_L2_MULTICAST',
    INVALID_SOURCE_IP: 'IP_RPFILTER IP_LOCAL_SOURCE IP_INVALID_SOURCE',
    STALE_OR_UNROUTABLE_IP: 'IP_INADDRERRORS IP_LOCALNET IP_INVALID_DEST',
    FIB_LOOKUP_FAILED: 'IP_OUTNOROUTES IP_INNOROUTES',
    UNKNOWN_L3_TARGET_ADDRESS: 'NEIGH_CREATEFAIL NEIGH_FAILED NEIGH_QUEUEFULL NEIGH_DEAD NEIGH_HH_FILLFAIL',
    SOCKET_LOOKUP_FAILED: 'NO_SOCKET',
    INVALID_PACKET_DROPPED:
      'PKT_TOO_SMALL IP_INHDR HDR_TRUNC DEV_HDR TCP_FLAGS TCP_INVALID_SEQUENCE TCP_INVALID_END_SEQUENCE TCP_INVALID_ACK_SEQUENCE TCP_INVALID_SYN TCP_OLD_SEQUENCE TCP_ACK_UNSENT_DATA',
    ERROR_WHILE_CORRECTING_L3_CHECKSUM: 'IP_CSUM',
    ERROR_WHILE_CORRECTING_L4_CHECKSUM: 'TCP_CSUM UDP_CSUM ICMP_CSUM SKB_CSUM',
    UNSUPPORTED_L3_PROTOCOL: 'UNHANDLED_PROTO IPV6DISABLED',
    UNKNOWN_L4_PROTOCOL: 'IP_NOPROTO INVALID_PROTO',
    INVALID_IPV6_EXTENSION_HEADER: 'IPV6_BAD_EXTHDR',
    FORBIDDEN_ICMPV6_MESSAGE:
      'IPV6_NDISC_FRAG IPV6_NDISC_HOP_LIMIT IPV6_NDISC_BAD_CODE IPV6_NDISC_BAD_OPTIONS IPV6_NDISC_NS_OTHERHOST',
    IP_FRAGMENTATION_NOT_SUPPORTED: 'PKT_TOO_BIG',
    FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND: 'DUP_FRAG FRAG_REASM_TIMEOUT FRAG_TOO_FAR',
    TTL_EXCEEDED: 'TCP_MINTTL',
    REACHED_EDT_RATE_LIMITING_DROP_HORIZON: 'FQ_HORIZON_LIMIT',
    DROP_RATE_LIMITED:
      'QDISC_DROP QDISC_OVERLIMIT QDISC_CONGESTED CAKE_FLOOD FQ_BAND_LIMIT FQ_FLOW_LIMIT DUALPI2_STEP_DROP CPU_BACKLOG',
    MISSED_TAIL_CALL: 'TC_CHAIN_NOTFOUND TC_RECLASSIFY_LOOP',
    INVALID_VNI: 'VXLAN_VNI_NOT_FOUND',
    ERROR_RETRIEVING_TUNNEL_KEY: 'VXLAN_INVALID_HDR',
    ERROR_RETRIEVING_TUNNEL_OPTIONS: 'TUNNEL_TXINFO',
    NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT: 'NO_TX_TARGET',
    DROP_NO_DEVICE: 'DEV_READY',
  }).flatMap(([hubble, kernel]) => kernel.split(' ').map((name) => [name, hubble] as const)),
)
