import { flowsOf, type Json, type JsonObject, type Row, rcodeName } from '../../src/sdk/index.ts'

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

export type Trouble = 'none' | 'answer' | 'verdict'

/** What an operator has to look at: packets that did not get through, and answers that are errors. */
export function troubleOf(row: Row): Trouble {
  if (row.Verdict === 'DROPPED' || row.Verdict === 'ERROR') return 'verdict'
  const { code, rcode } = answerOf(row)
  return (code !== undefined && code >= 400) || (rcode !== undefined && rcode !== 'NOERROR')
    ? 'answer'
    : 'none'
}

const URGENCY = { verdict: 0, answer: 1, none: 2 } as const

/** Trouble first, then what there is most of, then the order of time. */
export function mostUrgentFirst(rows: readonly Row[]): Row[] {
  return rows
    .map((row) => ({ row, urgency: URGENCY[troubleOf(row)], flows: flowsOf(row) }))
    .sort((a, b) => a.urgency - b.urgency || b.flows - a.flows || inTime(a.row, b.row))
    .map(({ row }) => row)
}

/** RFC 3339 in UTC sorts as text. */
export function inTime(a: Row, b: Row): number {
  return a.TimeGenerated < b.TimeGenerated ? -1 : 1
}

/** `namespace/workload`, else the pod, else who it is to Cilium, else its address. */
export function nameOf(row: Row, side: Side): string {
  const namespace = row[`${side}Namespace`]
  const who = workloadOf(row[`${side}Workloads`]) ?? row[`${side}PodName`]
  const path = [namespace, who].filter((part) => part !== undefined).join('/')
  if (path !== '') return path
  if (row.Other) return '(other groups)'
  const address = text(row.IP?.[side === 'Source' ? 'source' : 'destination'])
  const reserved = RESERVED[row[`${side}Identity`] ?? 0]
  return [reserved, address].filter((part) => part !== undefined).join('/') || '?'
}

/** `:8080`, of the side that was called; empty where there are no ports. */
export function serverPortOf(row: Row): string {
  const { source_port: from, destination_port: to } = layer4Of(row).fields
  const port = row.Reply === true && isClientPort(row, from, to) ? from : to
  return port === undefined ? '' : `:${text(port)}`
}

/** Replies of single flows bear the client's port as destination, folded ones the server's: unless the key was the packet's. */
function isClientPort(row: Row, from: Json | undefined, to: Json | undefined): boolean {
  if (row.WindowStart === undefined) return true
  return Number(to) >= FIRST_EPHEMERAL_PORT && Number(from) < FIRST_EPHEMERAL_PORT
}

export function protocolOf(row: Row): string {
  return layer4Of(row).protocol
}

/** Why it was dropped, or what the answer was. */
export function detailOf(row: Row): string {
  const { http, dns, code, rcode } = answerOf(row)
  const parts: (string | undefined)[] = [row.DropReason]
  if (http)
    parts.push('HTTP', code === undefined ? undefined : String(code), text(http.method), text(http.url))
  if (dns) parts.push('DNS', rcode, text(dns.query))
  return parts.filter((part) => part !== undefined).join(' ')
}

interface Answer {
  readonly http: JsonObject | undefined
  readonly dns: JsonObject | undefined
  readonly code: number | undefined
  /** By its name, however it was written. */
  readonly rcode: string | undefined
}

function answerOf({ Layer7 }: Row): Answer {
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
  const [protocol, fields] = Object.entries(Layer4 ?? {})[0] ?? ['', {}]
  return { protocol, fields: object(fields) ?? {} }
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
