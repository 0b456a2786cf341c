/**
 * What the kernel's programs saw, decoded from bytes and in no way interpreted: the agent's side makes these, `flow-of.ts`
 * makes flows of them. Times are wall time (monotonic time plus the offset of the moment).
 */
export type Observation = CountsObservation | DropObservation | HeadObservation | TcpObservation

/** Seconds since the epoch and the nanoseconds within. */
export interface Instant {
  readonly seconds: number
  readonly nanos: number
}

/** Who sent to whom: as the packet says it, or, of a socket, from the local end to the other. */
export interface FiveTuple {
  /** `10.0.0.1`, or IPv6 as RFC 5952 writes it; IPv4-mapped addresses as IPv4. */
  readonly source: string
  readonly destination: string
  /** IANA protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, 132 SCTP. */
  readonly protocol: number
  /** 0 where the protocol has none. ICMP has its type here and its code in `destinationPort`. */
  readonly sourcePort: number
  readonly destinationPort: number
}

/** Where a packet was seen. */
export interface Vantage {
  readonly interfaceIndex: number
  /** Empty when the interface was gone before anybody could name it. */
  readonly interfaceName: string
  /** Which way it passed, seen from the pod or namespace behind the interface, whichever end the program sits on. */
  readonly passage: 'from_endpoint' | 'to_endpoint'
}

/** What a hook counted of one five-tuple between two evictions. */
export interface CountsObservation {
  readonly kind: 'counts'
  readonly tuple: FiveTuple
  readonly at: Vantage
  readonly first: Instant
  /** Nanoseconds from the first packet to the last one, to a tick of the kernel. */
  readonly spanNs: number
  /** Segments as they cross the wire: a super-packet of 10 segments is 10. */
  readonly packets: number
  /** With the Ethernet header, as `ip -s link` counts; exact up to 2^53. */
  readonly bytes: number
  /** What the kernel handled as one, as `ip -s link` counts packets on a veth. */
  readonly skbs: number
  /** TCP flags or'ed, bit 0 FIN, 1 SYN, 2 RST, 3 PSH, 4 ACK, 5 URG, 6 ECE, 7 CWR. */
  readonly tcpFlags: number
  /** SYN to SYN/ACK as seen at this interface; 0 is unknown. */
  readonly handshakeRttUs: number
  /** Null when nobody saw who opened the connection. */
  readonly isReply: boolean | null
}

/** Packets that the kernel threw away for one reason at one place, between two evictions. */
export interface DropObservation {
  readonly kind: 'drop'
  readonly tuple: FiveTuple
  readonly first: Instant
  /** Nanoseconds from the first packet to the last one. */
  readonly spanNs: number
  readonly packets: number
  readonly bytes: number
  /** The kernel's name without `SKB_DROP_REASON_`: `NETFILTER_DROP`; `REASON_123` when its BTF does not tell. */
  readonly reason: string
  /** `nft_do_chain+0x3e8`, or `0xffffffff81234567` without CAP_SYSLOG; empty when it was not recorded. */
  readonly location: string
  /** Inode of the network namespace it happened in. */
  readonly netnsInode: number
  /** 0 and empty when the packet had no device. Index and name are those of that namespace. */
  readonly interfaceIndex: number
  readonly interfaceName: string
  /**
   * `endpoint_interface`: at a followed interface, in the host's namespace, so it came from the pod behind it.
   * `endpoint_netns`: within a namespace that is not the host's, so it had reached the pod (or had not left it).
   * `host`: anywhere else.
   */
  readonly place: 'endpoint_interface' | 'endpoint_netns' | 'host'
}

/** The first bytes of a DNS message or of an HTTP message, for `dns.ts` and `http.ts` to read. */
export interface HeadObservation {
  readonly kind: 'dns' | 'http'
  readonly tuple: FiveTuple
  readonly at: Vantage
  readonly time: Instant
  readonly isReply: boolean | null
  /** Bytes after the transport header, cut at the kernel's bound. Valid only until the call that brought it returns. */
  readonly payload: Uint8Array
  /** Length of the payload before it was cut. */
  readonly payloadBytes: number
}

/** What became of a TCP socket of this machine. */
export interface TcpObservation {
  readonly kind: 'tcp'
  /** From the socket's own end to the other. */
  readonly tuple: FiveTuple
  readonly time: Instant
  readonly netnsInode: number
  readonly isHostNetns: boolean
  readonly event: TcpEvent
}

export type TcpEvent =
  /** The other side answered this socket's connect. */
  | { readonly kind: 'connected'; readonly connectUs: number; readonly srttUs: number }
  /** Refused, or never answered. */
  | { readonly kind: 'connect_failed'; readonly connectUs: number; readonly retransmits: number }
  /** `opener` is who called: this socket, the other side, or nobody saw it. */
  | {
      readonly kind: 'closed'
      readonly opener: 'local' | 'remote' | 'unknown'
      readonly srttUs: number
      readonly retransmits: number
      readonly ackedBytes: number
      readonly receivedBytes: number
    }
  /** Segments sent again since the last such observation of this socket. */
  | { readonly kind: 'retransmitted'; readonly retransmits: number }
