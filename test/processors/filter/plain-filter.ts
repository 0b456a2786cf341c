import { isIPv4 } from 'node:net'
import type { Endpoint, Flow } from '../../../src/sdk/index.ts'

/** A filter as a person writes it, as far as the plain twin understands it. */
export interface PlainFilter {
  readonly protocol?: readonly string[]
  readonly verdict?: readonly string[]
  readonly from?: PlainEndpoint
  readonly to?: PlainEndpoint
  readonly either?: PlainEndpoint
  readonly port?: readonly number[]
  readonly sourcePort?: readonly number[]
  readonly destinationPort?: readonly number[]
  readonly direction?: readonly string[]
  readonly dropReason?: readonly string[]
  readonly httpCode?: readonly number[]
  readonly dnsRcode?: readonly number[]
  readonly reply?: boolean
}

export interface PlainEndpoint {
  readonly namespacedPod?: readonly string[]
  readonly labelSelector?: {
    readonly matchLabels?: { readonly [key: string]: string }
    readonly matchExpressions?: readonly {
      readonly key: string
      readonly operator: string
      readonly values?: readonly string[]
    }[]
  } | null
  readonly ip?: readonly string[]
  readonly namespace?: readonly string[]
  readonly workload?: readonly string[]
}

/** The filter language once more, flow by flow and with no thought of speed: what the columns must agree with. */
export function plainPasses(
  flow: Flow,
  include: readonly PlainFilter[],
  exclude: readonly PlainFilter[],
): boolean {
  if (exclude.some((filter) => plainMatches(flow, filter))) return false
  return include.length === 0 || include.some((filter) => plainMatches(flow, filter))
}

export function plainMatches(flow: Flow, filter: PlainFilter): boolean {
  const { l4 = {}, l7 } = flow
  const ports = l4.TCP ?? l4.UDP ?? l4.SCTP
  const sender = (spec: PlainEndpoint) => isEndpoint(flow.source, flow.IP?.source, spec)
  const receiver = (spec: PlainEndpoint) => isEndpoint(flow.destination, flow.IP?.destination, spec)
  const isAnswer = l7?.dns !== undefined && l7.type !== 'REQUEST' && flow.is_reply !== false
  const isReply = flow.is_reply ?? (flow.verdict === 'DROPPED' ? false : undefined)
  const asked = <T>(list: readonly T[] | undefined, test: (entry: T) => boolean) =>
    list === undefined || list.length === 0 || list.some(test)
  return (
    (filter.from === undefined || sender(filter.from)) &&
    (filter.to === undefined || receiver(filter.to)) &&
    (filter.either === undefined || sender(filter.either) || receiver(filter.either)) &&
    asked(filter.protocol, (name) => hasProtocol(flow, name)) &&
    asked(filter.verdict, (name) => flow.verdict?.toLowerCase() === name.toLowerCase()) &&
    asked(filter.port, (port) => ports?.source_port === port || ports?.destination_port === port) &&
    asked(filter.sourcePort, (port) => ports?.source_port === port) &&
    asked(filter.destinationPort, (port) => ports?.destination_port === port) &&
    asked(filter.direction, (name) => (flow.traffic_direction ?? 'unknown').toLowerCase() === name) &&
    asked(filter.dropReason, (name) => flow.drop_reason_desc === name) &&
    asked(filter.httpCode, (code) => l7?.http?.code === code) &&
    asked(filter.dnsRcode, (rcode) => isAnswer && (l7.dns?.rcode ?? 0) === rcode) &&
    (filter.reply === undefined || isReply === filter.reply)
  )
}

function hasProtocol({ l4 = {}, l7 }: Flow, name: string): boolean {
  if (name === 'dns') return l7?.dns !== undefined
  if (name === 'http') return l7?.http !== undefined
  const present = Object.keys(l4).map((key) => key.toLowerCase())
  return name === 'icmp' ? present.includes('icmpv4') || present.includes('icmpv6') : present.includes(name)
}

function isEndpoint(endpoint: Endpoint = {}, address: string | undefined, spec: PlainEndpoint): boolean {
  const { namespacedPod = [], labelSelector, ip = [], namespace = [], workload = [] } = spec
  return (
    (namespacedPod.length === 0 || namespacedPod.some((pattern) => isPod(endpoint, pattern))) &&
    (namespace.length === 0 || namespace.includes(endpoint.namespace ?? '')) &&
    (workload.length === 0 || workload.some((name) => endpoint.workloads?.[0]?.name === name)) &&
    (ip.length === 0 || (address !== undefined && ip.some((range) => isInRange(address, range)))) &&
    (labelSelector === undefined || (labelSelector !== null && isSelected(endpoint, labelSelector)))
  )
}

function isPod({ namespace, pod_name }: Endpoint, pattern: string): boolean {
  if (!namespace && !pod_name) return false
  const [wantedNamespace, prefix] = pattern.includes('/') ? pattern.split('/') : ['default', pattern]
  if (wantedNamespace !== '' && wantedNamespace !== namespace) return false
  return (pod_name ?? '').startsWith(prefix.replace('*', ''))
}

function isSelected(
  endpoint: Endpoint,
  { matchLabels = {}, matchExpressions = [] }: NonNullable<PlainEndpoint['labelSelector']>,
): boolean {
  const value = (key: string) => {
    if (key === 'k8s.io/namespace' && endpoint.namespace) return endpoint.namespace
    const label = endpoint.labels?.find((text) => text.replace(/^[a-z0-9]+:/, '').split('=')[0] === key)
    return label === undefined ? undefined : (label.split('=')[1] ?? '')
  }
  return (
    Object.entries(matchLabels).every(([key, wanted]) => value(key) === wanted) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const found = value(key)
      if (operator === 'Exists') return found !== undefined
      if (operator === 'DoesNotExist') return found === undefined
      const isOneOf = found !== undefined && values.includes(found)
      return operator === 'In' ? isOneOf : !isOneOf
    })
  )
}

/** By the bits written out as text: equal beginnings are the same network. */
function isInRange(address: string, range: string): boolean {
  const [network, length] = range.split('/')
  if (isIPv4(network) !== isIPv4(address)) return false
  const bits = bitsOf(address)
  return (
    bits.slice(0, Number(length ?? bits.length)) === bitsOf(network).slice(0, Number(length ?? bits.length))
  )
}

function bitsOf(address: string): string {
  if (isIPv4(address))
    return address
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('')
  const [head, tail] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('')
}
