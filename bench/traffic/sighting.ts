import type { Endpoint } from './endpoint.ts'

/** What Hubble knows of one packet or message: everything a line says besides when it was. */
export interface Sighting {
  readonly event: 'trace' | 'policy verdict' | 'drop' | 'l7'
  readonly verdict: 'FORWARDED' | 'DROPPED' | 'REDIRECTED' | 'AUDIT'
  readonly drop: Drop | null
  readonly from: Endpoint
  readonly to: Endpoint
  readonly isIpv6: boolean
  readonly l4: Layer4
  readonly l7: Layer7 | null
  /** Null where unknown. */
  readonly isReply: boolean | null
  readonly direction: Direction | null
  readonly point: 'TO_ENDPOINT' | 'TO_STACK' | 'TO_OVERLAY' | 'TO_NETWORK' | 'TO_PROXY' | null
  readonly reason: 'NEW' | 'ESTABLISHED' | 'REPLY' | null
  /** 0 is none. */
  readonly policyMatchType: number
  readonly proxyPort: number
  readonly policies: Policies | null
}

export type Direction = 'INGRESS' | 'EGRESS'

export interface Drop {
  readonly number: number
  readonly name: string
  /** Where in the datapath's source it happened. */
  readonly file: string
  readonly line: number
}

export type Layer4 =
  | { readonly kind: 'TCP'; readonly from: number; readonly to: number; readonly flags: TcpState | null }
  | { readonly kind: 'UDP'; readonly from: number; readonly to: number }
  | { readonly kind: 'ICMPv4' | 'ICMPv6'; readonly type: number; readonly name: string }

export interface Layer7 {
  /** Name of the record in `l7`. */
  readonly kind: 'dns' | 'http'
  readonly json: string
  readonly summary: string
  /** HTTP status or DNS rcode; 0 where Hubble writes none. */
  readonly code: number
}

export interface Policies {
  readonly key: 'egress_allowed_by' | 'ingress_allowed_by' | 'egress_denied_by'
  readonly json: string
}

/** Flags in the order of the proto, and in the order of the summary, which is another one. */
export const TCP_STATES = {
  SYN: { json: '{"SYN":true}', summary: 'TCP Flags: SYN' },
  SYN_ACK: { json: '{"SYN":true,"ACK":true}', summary: 'TCP Flags: SYN, ACK' },
  ACK: { json: '{"ACK":true}', summary: 'TCP Flags: ACK' },
  PSH: { json: '{"PSH":true,"ACK":true}', summary: 'TCP Flags: ACK, PSH' },
  FIN: { json: '{"FIN":true,"ACK":true}', summary: 'TCP Flags: ACK, FIN' },
  RST: { json: '{"RST":true,"ACK":true}', summary: 'TCP Flags: ACK, RST' },
} as const
export type TcpState = keyof typeof TCP_STATES

/** Only what leaves for another node crosses a wire. */
export function isEncrypted({ point, to }: Sighting): boolean {
  return point === 'TO_OVERLAY' && to.encrypted
}
