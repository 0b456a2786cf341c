import {
  addressOf,
  flowsOf,
  type Json,
  nameOf,
  portsOf,
  protocolOf,
  type Row,
  type Side,
  sideOf,
} from '../../src/sdk/index.ts'

const ACTIONS: ReadonlyMap<string, 'allowed' | 'blocked'> = new Map([
  ['FORWARDED', 'allowed'],
  ['REDIRECTED', 'allowed'],
  ['TRANSLATED', 'allowed'],
  ['TRACED', 'allowed'],
  // Policies in audit mode let through what they would drop.
  ['AUDIT', 'allowed'],
  ['DROPPED', 'blocked'],
  // Cilium's proxy does not forward what it could not process.
  ['ERROR', 'blocked'],
])
const DIRECTIONS: ReadonlyMap<string, string> = new Map([
  ['INGRESS', 'inbound'],
  ['EGRESS', 'outbound'],
])
/** Names that IANA gives to protocols, where Hubble has others. */
const TRANSPORTS: ReadonlyMap<string, string> = new Map([
  ['ICMPv4', 'icmp'],
  ['ICMPv6', 'ipv6-icmp'],
])

/**
 * What the Network Traffic model of Splunk's Common Information Model asks for. There `src` is the side that called, so
 * that a reply has the same `src` and `dest` as its request, though its packets went the other way. What a row does not tell
 * is undefined, and so no part of its JSON.
 */
export function cimFields(row: Row): { readonly [name: string]: Json | undefined } {
  const client = sideOf(row, 'client')
  const server = sideOf(row, 'server')
  const ports = portsOf(row)
  const protocol = protocolOf(row)
  return {
    src: named(row, client),
    src_ip: addressOf(row, client),
    src_port: ports.client,
    src_zone: row[`${client}Namespace`],
    dest: named(row, server),
    dest_ip: addressOf(row, server),
    dest_port: ports.server,
    dest_zone: row[`${server}Namespace`],
    transport: protocol === '' ? undefined : (TRANSPORTS.get(protocol) ?? protocol.toLowerCase()),
    protocol_version: lowerCase(row.IP?.ipVersion),
    app: appOf(row),
    action: row.Verdict === undefined ? undefined : ACTIONS.get(row.Verdict),
    direction: row.TrafficDirection === undefined ? undefined : DIRECTIONS.get(row.TrafficDirection),
    dvc: row.NodeName,
    rule: policiesOf(row),
    count: flowsOf(row),
    packets: row.Packets,
    bytes: row.Bytes,
  }
}

function named(row: Row, side: Side): string | undefined {
  const name = nameOf(row, side)
  return name === '?' ? undefined : name
}

function appOf({ Layer7 }: Row): string | undefined {
  for (const app of ['http', 'dns', 'kafka']) if (Layer7?.[app] !== undefined) return app
  return undefined
}

/** Names of the policies that decided, each once; as text, because Splunk would call a list `rule{}`. */
function policiesOf({ Policies }: Row): string | undefined {
  if (Policies === undefined) return undefined
  const names = Object.values(Policies)
    .flatMap((list) => (Array.isArray(list) ? (list as { readonly name?: string }[]) : []))
    .flatMap(({ name }) => (name === undefined ? [] : [name]))
  return names.length > 0 ? [...new Set(names)].join(', ') : undefined
}

function lowerCase(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined
}
