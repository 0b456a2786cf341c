import type { Json } from '../util/json.ts'
import { rcodeName } from './names.ts'
import { flowsOf, type JsonObject, type Row } from './row.ts'

export type Side = 'Source' | 'Destination'

/** Identities that Cilium reserves. Source: cilium `pkg/identity/numericidentity.go`, tree 1.20-dev. */
const RESERVED: { readonly [identity: number]: string } = {
  1: 'host',
  2: 'world',
  3: 'unmanaged',
  4: 'health',
  5: 'init',
  6: 'remote-node',
  7: 'kube-apiserver',
  8: 'ingress',
  9: 'world-ipv4',
  10: 'world-ipv6',
}

/** The lowest port that Linux gives to clients. */
const FIRST_EPHEMERAL_PORT = 32_768

/** A row in one line, the side that called first: `shop/web -> shop/api:8080 TCP FORWARDED 12 flows`. */
export function rowText(row: Row): string {
  const client = nameOf(row, sideOf(row, 'client'))
  const server = nameOf(row, sideOf(row, 'server'))
  const flows = flowsOf(row)
  let text = `${client} ${row.Reply === true ? '<-' : '->'} ${server}${serverPortOf(row)}`
  for (const part of [protocolOf(row), row.Verdict, detailOf(row)]) if (part) text += ` ${part}`
  return `${text} ${flows} ${flows === 1 ? 'flow' : 'flows'}`
}

/** Where the one that called stands in the row, or the one that was called: a reply comes from the latter. */
export function sideOf(row: Row, who: 'client' | 'server'): Side {
  return (row.Reply === true) === (who === 'client') ? 'Destination' : 'Source'
}

/** `namespace/workload`, else the pod, else who it is to Cilium, else its address. */
export function nameOf(row: Row, side: Side): string {
  const namespace = row[`${side}Namespace`]
  const who = workloadOf(row[`${side}Workloads`]) ?? row[`${side}PodName`]
  if (namespace !== undefined) return who === undefined ? namespace : `${namespace}/${who}`
  if (who !== undefined) return who
  if (row.Other) return '(other groups)'
  const reserved = RESERVED[row[`${side}Identity`] ?? 0]
  return [reserved, addressOf(row, side)].filter((part) => part !== undefined).join('/') || '?'
}

export function addressOf(row: Row, side: Side): string | undefined {
  return text(row.IP?.[side === 'Source' ? 'source' : 'destination'])
}

/** `:8080`, of the side that was called; empty where there are no ports. */
export function serverPortOf(row: Row): string {
  const port = portsOf(row).server
  return port === undefined ? '' : `:${text(port)}`
}

/** The ports by who called whom, where the row has them. */
export function portsOf(row: Row): { readonly client: Json | undefined; readonly server: Json | undefined } {
  const { source_port: from, destination_port: to } = layer4Of(row).fields
  return row.Reply === true && isClientPort(row, from, to)
    ? { client: to, server: from }
    : { client: from, server: to }
}

/** Replies of single flows bear the client's port as destination, folded ones the server's: unless the key was the packet's. */
function isClientPort(row: Row, from: Json | undefined, to: Json | undefined): boolean {
  if (row.WindowStart === undefined) return true
  return Number(to) >= FIRST_EPHEMERAL_PORT && Number(from) < FIRST_EPHEMERAL_PORT
}

/** `TCP`, `UDP`, ...; empty where the row does not tell. */
export function protocolOf(row: Row): string {
  return layer4Of(row).protocol
}

/** Why it was dropped, or what the answer was. */
export function detailOf(row: Row): string {
  if (row.Layer7 === undefined) return row.DropReason ?? ''
  const { http, dns, code, rcode } = answerOf(row)
  const parts: (string | undefined)[] = [row.DropReason]
  if (http)
    parts.push('HTTP', code === undefined ? undefined : String(code), text(http.method), text(http.url))
  if (dns) parts.push('DNS', rcode, text(dns.query))
  return parts.filter((part) => part !== undefined).join(' ')
}

export interface Answer {
  readonly http: JsonObject | undefined
  readonly dns: JsonObject | undefined
  readonly code: number | undefined
  /** By its name, however it was written. */
  readonly rcode: string | undefined
}

export function answerOf({ Layer7 }: Row): Answer {
  const http = object(Layer7?.http)
  const dns = object(Layer7?.dns)
  const rcode = dns?.rcode
  return {
    http,
    dns,
    code: typeof http?.code === 'number' ? http.code : undefined,
    rcode: typeof rcode === 'number' ? rcodeName(rcode) : text(rcode),
  }
}

function layer4Of({ Layer4 }: Row): { readonly protocol: string; readonly fields: JsonObject } {
  for (const protocol in Layer4) return { protocol, fields: object(Layer4[protocol]) ?? {} }
  return { protocol: '', fields: {} }
}

function workloadOf(workloads: Json | undefined): string | undefined {
  return Array.isArray(workloads) ? text(object(workloads[0])?.name) : undefined
}

function object(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
