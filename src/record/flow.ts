/**
 * One flow as a plain object: Hubble's `flow.Flow` with its proto names, enums by name, what is zero left out.
 * For tests, `debug`, single-flow pipelines and the plain decoder; the hot path works on `FlowBatch` columns.
 * Source: cilium `api/v1/flow/flow.proto`, tree 1.20-dev.
 */
export interface Flow {
  /** RFC 3339 in UTC, up to nine fraction digits. */
  readonly time: string
  readonly uuid?: string
  readonly verdict?: string
  readonly drop_reason_desc?: string
  readonly ethernet?: { readonly source?: string; readonly destination?: string }
  readonly IP?: FlowIp
  readonly l4?: Layer4
  readonly source?: Endpoint
  readonly destination?: Endpoint
  readonly Type?: string
  readonly node_name?: string
  readonly l7?: Layer7
  readonly event_type?: { readonly type?: number; readonly sub_type?: number }
  readonly source_service?: Service
  readonly destination_service?: Service
  readonly traffic_direction?: string
  readonly trace_observation_point?: string
  /** Absent means unknown, which is not the same as false. */
  readonly is_reply?: boolean
  readonly egress_allowed_by?: readonly Policy[]
  readonly ingress_allowed_by?: readonly Policy[]
  readonly egress_denied_by?: readonly Policy[]
  readonly ingress_denied_by?: readonly Policy[]
  /** Counts that the record brought along: it stands for that many flows. Absent: it is one flow. */
  readonly aggregate?: FlowCounts
  readonly Summary?: string
  readonly interface?: { readonly index?: number; readonly name?: string }
  readonly extensions?: FlowExtensions
}

/** What Hubble has no field for: the programs of `receivers/ebpf` measure it. */
export interface FlowExtensions {
  readonly packets?: number
  /** With Ethernet headers. */
  readonly bytes?: number
  /** SYN to SYN/ACK, as seen at the interface. */
  readonly handshake_rtt_us?: number
  /** How long connect took, until it was answered or given up. */
  readonly connect_us?: number
  /** TCP's smoothed round trip. */
  readonly srtt_us?: number
  readonly retransmits?: number
  readonly kernel_drop?: KernelDrop
}

/** As rows have it. */
export interface KernelDrop {
  /** Name of `enum skb_drop_reason` without its prefix: `NETFILTER_DROP`. */
  readonly Reason: string
  /** `nft_do_chain+0x3e8`, or an address where symbols may not be read. */
  readonly Location?: string
}

export interface FlowCounts {
  readonly ingress_flow_count?: number
  readonly egress_flow_count?: number
  readonly unknown_direction_flow_count?: number
}

export interface Endpoint {
  readonly ID?: number
  readonly identity?: number
  readonly namespace?: string
  readonly labels?: readonly string[]
  readonly pod_name?: string
  readonly workloads?: readonly Workload[]
  readonly cluster_name?: string
}

export interface Workload {
  readonly name?: string
  readonly kind?: string
}

export interface FlowIp {
  readonly source?: string
  readonly destination?: string
  readonly ipVersion?: string
  readonly encrypted?: boolean
  readonly source_xlated?: string
}

export interface Ports {
  readonly source_port?: number
  readonly destination_port?: number
}

export type TcpFlag = 'FIN' | 'SYN' | 'RST' | 'PSH' | 'ACK' | 'URG' | 'ECE' | 'CWR' | 'NS'
export type TcpFlags = { readonly [flag in TcpFlag]?: boolean }

/** At most one of these is set: the proto declares them as a `oneof`. */
export interface Layer4 {
  readonly TCP?: Ports & { readonly flags?: TcpFlags }
  readonly UDP?: Ports
  readonly SCTP?: Ports
  readonly ICMPv4?: { readonly type?: number; readonly code?: number }
  readonly ICMPv6?: { readonly type?: number; readonly code?: number }
  readonly VRRP?: { readonly type?: number; readonly vrid?: number; readonly priority?: number }
  readonly IGMP?: { readonly type?: number; readonly group_address?: string }
}

export interface Layer7 {
  readonly type?: string
  /** 64-bit, so text in Hubble's JSON. */
  readonly latency_ns?: string
  readonly dns?: Dns
  readonly http?: Http
}

export interface Dns {
  readonly query?: string
  readonly ips?: readonly string[]
  readonly ttl?: number
  readonly cnames?: readonly string[]
  readonly observation_source?: string
  readonly rcode?: number
  readonly qtypes?: readonly string[]
  readonly rrtypes?: readonly string[]
}

export interface Http {
  /** Absent on requests. */
  readonly code?: number
  readonly method?: string
  readonly url?: string
  readonly protocol?: string
  readonly headers?: readonly { readonly key?: string; readonly value?: string }[]
}

export interface Service {
  readonly name?: string
  readonly namespace?: string
}

export interface Policy {
  readonly name?: string
  readonly namespace?: string
  readonly labels?: readonly string[]
  /** 64-bit, so text in Hubble's JSON. */
  readonly revision?: string
  readonly kind?: string
}
