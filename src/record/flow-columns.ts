/**
 * The columns of a batch. Every one is a `Uint32Array`, so that filter, fold and decoder are plain loops over numbers.
 *
 * `text`, `json` and `endpoint` columns hold ids of the dictionary, 0 where the flow has none.
 * `number` and `flag` columns hold the value, 0 where the flow has none (Hubble leaves zeros out as well).
 * `present` columns hold the value plus one, 0 where the record itself is missing, because there 0 has a meaning:
 * rcode 0 is NOERROR, code 0 is an HTTP request, ICMP type 0 is an echo reply, `is_reply` false is not unknown.
 */
export const FLOW_COLUMNS = {
  /** Seconds since the epoch, and the nanoseconds within. */
  time_s: 'number',
  time_ns: 'number',
  verdict: 'text',
  drop_reason: 'text',
  is_reply: 'present',
  source: 'endpoint',
  destination: 'endpoint',
  ip_source: 'text',
  ip_destination: 'text',
  ip_version: 'text',
  ip_encrypted: 'flag',
  /** `TCP`, `UDP`, `ICMPv4`, ...: the member of `l4` that is set. */
  l4_protocol: 'text',
  source_port: 'number',
  destination_port: 'number',
  /** Bits in the order of TCP_FLAGS. */
  tcp_flags: 'number',
  icmp_type: 'present',
  icmp_code: 'number',
  /** `REQUEST` or `RESPONSE`. */
  l7_type: 'text',
  http_code: 'present',
  http_method: 'text',
  /** Path of the URL, without scheme, host, query and fragment. */
  http_path: 'text',
  http_protocol: 'text',
  dns_rcode: 'present',
  dns_query: 'text',
  dns_qtypes: 'json',
  flow_type: 'text',
  node_name: 'text',
  event_type: 'json',
  traffic_direction: 'text',
  trace_observation_point: 'text',
  source_service: 'json',
  destination_service: 'json',
  egress_allowed_by: 'json',
  ingress_allowed_by: 'json',
  egress_denied_by: 'json',
  ingress_denied_by: 'json',
  /** How many flows the record stands for, by direction: a record without counts of its own is one. */
  ingress_flows: 'number',
  egress_flows: 'number',
  unknown_flows: 'number',
  /** 1 where the record brought counts along: somebody upstream has folded it already. */
  aggregated: 'flag',
  /** What the source counted behind the record: 0 where it does not count, as Hubble does not. */
  packets: 'number',
  /** The lower 32 bits of the bytes, and the upper ones: `byteCount` puts them together. */
  bytes: 'number',
  bytes_high: 'number',
  /** Name of the network interface, and the kernel's own word on a drop: of records of the kernel's alone. */
  interface: 'text',
  kernel_drop: 'json',
  /** Where the record's text stands in the decoder's `input`, for `FlowBatch.detail`. */
  line_start: 'number',
  line_end: 'number',
} as const satisfies Record<string, 'text' | 'json' | 'endpoint' | 'number' | 'flag' | 'present'>

export type FlowColumn = keyof typeof FLOW_COLUMNS
export type FlowColumns = { readonly [name in FlowColumn]: Uint32Array }

export const FLOW_COLUMN_NAMES = Object.keys(FLOW_COLUMNS) as readonly FlowColumn[]

/** Bytes behind a row, exact up to 2^53. */
export function byteCount({ bytes, bytes_high }: FlowColumns, row: number): number {
  return bytes_high[row] * 2 ** 32 + bytes[row]
}

export const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'] as const
