/** What `bpf/flow.h` lays out, said again in TypeScript. Sizes are compared with those of the maps when an object is loaded. */

export const FLOW = { keyBytes: 48, valueBytes: 48 } as const
export const DROP = { keyBytes: 64, valueBytes: 48 } as const
export const RETRANSMIT = { keyBytes: 48, valueBytes: 16 } as const

/** Offsets in `struct flow_key`. */
export const KEY = {
  source: 0,
  destination: 16,
  sourcePort: 32,
  destinationPort: 34,
  protocol: 36,
  hook: 37,
  interfaceIndex: 40,
  netns: 44,
} as const

/** Offsets in `struct flow_val`. */
export const COUNTS = {
  packets: 0,
  bytes: 8,
  skbs: 16,
  first: 24,
  last: 32,
  rttUs: 40,
  flags: 44,
  direction: 46,
} as const

/** Offsets in `struct drop_key`, behind its flow key, and in `struct drop_val`. */
export const DROP_KEY = { reason: 48, location: 56 } as const
export const DROP_COUNTS = { packets: 0, bytes: 8, first: 16, last: 24, interfaceName: 32 } as const
export const INTERFACE_NAME_BYTES = 16

/** Offsets in `struct retransmit_val`. */
export const RETRANSMITS = { count: 0, last: 8 } as const

/** Offsets in the records of the rings: `struct record_header`, then the flow key, then what differs. */
export const RECORD = { type: 0, payloadBytes: 2, packetBytes: 4, time: 8, flow: 16 } as const
export const HEAD = { direction: 64, payload: 72 } as const
export const TCP = {
  duration: 64,
  acked: 72,
  received: 80,
  srttUs: 88,
  retransmits: 92,
  oldState: 96,
  newState: 97,
  opener: 98,
  bytes: 104,
} as const

export const RECORD_TYPE = { dns: 1, http: 2, tcp: 3 } as const
export const TCP_STATE = { established: 1, synSent: 2 } as const

/** Indices of the counters. */
export const COUNTER = {
  full: 0,
  fullBytes: 1,
  inserted: 2,
  ringFull: 3,
  notIp: 4,
  notIpBytes: 5,
  limited: 6,
} as const

/** Offsets in the `config` of `flow.bpf.c`. */
export const FLOW_CONFIG = { dnsPorts: 0, httpPorts: 32, httpCostNs: 64, http: 72, maxPorts: 16 } as const
export const HTTP_CAPTURE = { off: 0, server: 1, all: 2 } as const

/** A number of 64 bits, exact up to 2^53. */
export function uint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000
}
