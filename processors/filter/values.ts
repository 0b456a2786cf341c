import { z } from 'zod'
import { DROP_REASONS, nearest, rcodeNumber, VERDICTS } from '../../src/sdk/index.ts'
import { type Cidr, parseCidr } from './cidr.ts'

/** A pod as `namespacedPod` names it. */
export interface PodPattern {
  /** Null for any. */
  readonly namespace: string | null
  /** Start of the pod's name; empty for all pods. */
  readonly prefix: string
}

export interface WorkloadPattern {
  /** Null for any. */
  readonly kind: string | null
  readonly name: string
}

/** Both ends belong to it. */
export interface NumberRange {
  readonly from: number
  readonly to: number
}

const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/
const NAME_START = /^([a-z0-9][-.a-z0-9]*)?$/

/** `ns/prefix`, `ns/`, `/prefix`; a bare name is in the namespace `default`; `*` at the end says what is so anyway. */
export const podPattern = text((entry, refuse): PodPattern => {
  const parts = entry.replace(/\*$/, '').split('/')
  const [namespace, prefix] = parts.length === 1 ? ['default', parts[0]] : parts
  if (parts.length > 2) return refuse(`"${entry}" has two slashes; write "namespace/pod-name-prefix"`)
  if (prefix === '' && (namespace === '' || parts.length === 1))
    return refuse(
      `"${entry}" names neither namespace nor pod; write "shop/" for all pods of shop, "shop/web-" for some`,
    )
  if (entry.slice(0, -1).includes('*'))
    return refuse(`"${entry}": "*" may only come last; for any namespace write "/web-"`)
  if ((namespace !== '' && !NAME.test(namespace)) || !NAME_START.test(prefix))
    return refuse(
      `"${entry}" can be no pod: names are lower-case letters, digits, "-" and "."; write "namespace/pod-name-prefix"`,
    )
  return { namespace: namespace === '' ? null : namespace, prefix }
})

export const namespaceName = text((entry, refuse) =>
  NAME.test(entry)
    ? entry
    : refuse(`"${entry}" can be no namespace; write its whole name, for example "shop"`),
)

export const workloadPattern = text((entry, refuse): WorkloadPattern => {
  const match = /^(?:([^/*]+)\/)?([^/*]+)$/.exec(entry)
  return match
    ? { kind: match[1] ?? null, name: match[2] }
    : refuse(`"${entry}" can be no workload; write its whole name, "web" or "Deployment/web"`)
})

export const addressRange = text(
  (entry, refuse): Cidr =>
    parseCidr(entry) ??
    refuse(`"${entry}" is neither an address nor a CIDR; write "10.1.2.3" or "10.0.0.0/8"`),
)

export const protocol = oneOf('protocol', 'tcp udp sctp icmp icmpv4 icmpv6 vrrp igmp dns http'.split(' '))

export const verdict = oneOf(
  'verdict',
  [...VERDICTS.values()].filter((name) => name !== 'VERDICT_UNKNOWN'),
)

export const direction = oneOf('direction', ['ingress', 'egress', 'unknown'])

export const operator = text((entry, refuse) => {
  const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const
  return operators.find((name) => name === entry) ?? refuse(notAmong('operator', entry, operators))
})

/** Where the words of `hubble observe` and of `cilium monitor` are not the name in other letters (cilium `pkg/monitor/api/drop.go`). */
const DROP_REASON_WORDS: { readonly [words: string]: string } = {
  POLICY_DENIED_BY_DENYLIST: 'POLICY_DENY',
  FRAGMENTATION_NEEDED: 'CT_MISSING_TCP_ACK_FLAG',
  NAT_46_64_NOT_ENABLED: 'FAILED_TO_INSERT_INTO_PROXYMAP',
}

/** `POLICY_DENIED`, `Policy denied` or 133. For a reason without a name Hubble writes its number. */
export const dropReason = numberOrText((entry, refuse) => {
  if (/^\d+$/.test(entry)) return DROP_REASONS.get(Number(entry)) ?? entry
  const name = entry
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
  const known = [...DROP_REASONS.values()].filter((reason) => reason !== 'DROP_REASON_UNKNOWN')
  return (
    known.find((reason) => reason === (DROP_REASON_WORDS[name] ?? name)) ??
    refuse(notAmong('drop reason', entry, known))
  )
})

export const port = numberOrText((entry, refuse): NumberRange => {
  return (
    parseRange(entry, 1, 65535) ??
    refuse(`"${entry}" is no port; write a number from 1 to 65535 or a range, "8000-8100"`)
  )
})

export const httpCode = numberOrText((entry, refuse): NumberRange => {
  const hundred = /^([1-5])xx$/i.exec(entry)
  if (hundred) return { from: Number(hundred[1]) * 100, to: Number(hundred[1]) * 100 + 99 }
  return parseRange(entry, 100, 599) ?? refuse(`"${entry}" is no HTTP status; write 404, "4xx" or "500-599"`)
})

export const dnsRcode = numberOrText((entry, refuse) => {
  const rcode = /^\d+$/.test(entry) ? Number(entry) : rcodeNumber(entry)
  // 12 bits: RFC 6891, 6.1.3.
  return rcode !== null && rcode <= 4095
    ? rcode
    : refuse(`"${entry}" is no DNS rcode; write its name or number, "NXDOMAIN" or 3`)
})

type Refuse = (message: string) => never

function text<T>(parse: (entry: string, refuse: Refuse) => T) {
  return z
    .string({ error: 'must be a text; put it in quotes' })
    .transform((entry, context) => parse(entry, refuseIn(context)))
}

function numberOrText<T>(parse: (entry: string, refuse: Refuse) => T) {
  return z
    .union([z.number(), z.string()], { error: 'must be a number or a text' })
    .transform((entry, context) => parse(String(entry), refuseIn(context)))
}

function refuseIn(context: z.RefinementCtx): Refuse {
  return (message) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
}

/** A name out of a list, in whatever letters. */
function oneOf(what: string, names: readonly string[]) {
  return text(
    (entry, refuse) =>
      names.find((name) => name.toLowerCase() === entry.toLowerCase()) ??
      refuse(notAmong(what, entry, names)),
  )
}

function notAmong(what: string, entry: string, names: readonly string[]): string {
  const near = nearest(entry, names)
  const wayOut = near ? `did you mean "${near}"?` : `write one of ${names.join(', ')}`
  return `"${entry}" is no ${what}; ${wayOut}`
}

function parseRange(entry: string, least: number, most: number): NumberRange | null {
  const match = /^(\d+)(?:-(\d+))?$/.exec(entry)
  if (!match) return null
  const from = Number(match[1])
  const to = Number(match[2] ?? match[1])
  return least <= from && from <= to && to <= most ? { from, to } : null
}
