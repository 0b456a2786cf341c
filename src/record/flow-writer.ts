import type { Dictionary } from './dictionary.ts'
import type { Dns, Flow, FlowExtensions, Http, Layer4, TcpFlags } from './flow.ts'
import type { FlowBatch } from './flow-batch.ts'
import { FLOW_COLUMN_NAMES, type FlowColumn, type FlowColumns, TCP_FLAGS } from './flow-columns.ts'
import { withoutCluster } from './row-of-flow.ts'

/** Writes plain flows into columns: the slow way in, for what the kernel declines, for other receivers and for tests. */
export class FlowWriter {
  readonly columns: FlowColumns
  readonly #dictionary: Dictionary

  constructor(dictionary: Dictionary, columns: FlowColumns) {
    this.#dictionary = dictionary
    this.columns = columns
  }

  /** Fills row `row` with the flow; every column is set. */
  write(row: number, flow: Flow): void {
    for (const name of FLOW_COLUMN_NAMES) this.columns[name][row] = 0
    const set = (name: FlowColumn, value: number) => {
      this.columns[name][row] = value
    }
    const text = (name: FlowColumn, value: string | undefined) =>
      set(name, this.#dictionary.intern(value ?? ''))
    const json = (name: FlowColumn, value: object | undefined) =>
      set(name, internJson(this.#dictionary, value))

    const time = parseTime(flow.time)
    set('time_s', time?.seconds ?? 0)
    set('time_ns', time?.nanos ?? 0)
    text('verdict', flow.verdict)
    text('drop_reason', flow.drop_reason_desc)
    set('is_reply', flow.is_reply === undefined ? 0 : flow.is_reply ? 2 : 1)
    json('source', flow.source)
    json('destination', flow.destination)
    text('ip_source', flow.IP?.source)
    text('ip_destination', flow.IP?.destination)
    text('ip_version', flow.IP?.ipVersion)
    set('ip_encrypted', flow.IP?.encrypted ? 1 : 0)
    if (flow.l4) writeLayer4(flow.l4, set, text)
    text('l7_type', flow.l7?.type)
    if (flow.l7?.dns) writeDns(flow.l7.dns, set, text, json)
    if (flow.l7?.http) writeHttp(flow.l7.http, set, text)
    text('flow_type', flow.Type)
    text('node_name', withoutCluster(flow.node_name))
    json('event_type', flow.event_type)
    text('traffic_direction', flow.traffic_direction)
    text('trace_observation_point', flow.trace_observation_point)
    json('source_service', flow.source_service)
    json('destination_service', flow.destination_service)
    json('egress_allowed_by', flow.egress_allowed_by)
    json('ingress_allowed_by', flow.ingress_allowed_by)
    json('egress_denied_by', flow.egress_denied_by)
    json('ingress_denied_by', flow.ingress_denied_by)
    text('interface', flow.interface?.name)
    if (flow.extensions) writeExtensions(flow.extensions, set, json)
    writeCounts(flow, set)
  }
}

type SetNumber = (name: FlowColumn, value: number) => void
type SetText = (name: FlowColumn, value: string | undefined) => void
type SetJson = (name: FlowColumn, value: object | undefined) => void

/** Columns of their own for `rows` flows. */
export function allocateColumns(rows: number): FlowColumns {
  return Object.fromEntries(
    FLOW_COLUMN_NAMES.map((name) => [name, new Uint32Array(rows)]),
  ) as unknown as FlowColumns
}

/** A batch of plain flows, for tests and for receivers that have flows rather than lines. */
export function batchOf(dictionary: Dictionary, flows: readonly Flow[]): FlowBatch {
  const writer = new FlowWriter(dictionary, allocateColumns(flows.length))
  flows.forEach((flow, row) => {
    writer.write(row, flow)
  })
  const rows = Uint32Array.from(flows, (_, row) => row)
  return { columns: writer.columns, rows, dictionary, bytes: 0, detail: (row) => flows[row] }
}

/** Seconds since the epoch and nanoseconds of an RFC 3339 time between 1970 and 2106; null when it is none. */
export function parseTime(text: string): { readonly seconds: number; readonly nanos: number } | null {
  const match = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(text)
  if (!match) return null
  const [, date, clock, fraction = '', zone] = match
  // February 30 is no date, though JavaScript reads it as one in March.
  const midnight = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return null
  const seconds = Date.parse(`${date}T${clock}${zone.toUpperCase()}`) / 1000
  if (!(seconds >= 0 && seconds < 2 ** 32)) return null
  return { seconds, nanos: Number(fraction.padEnd(9, '0')) }
}

/** RFC 3339 in UTC with 0, 3, 6 or 9 fraction digits, as Hubble writes it. */
export function formatTime(seconds: number, nanos: number): string {
  const whole = formatSecond(seconds)
  if (nanos === 0) return `${whole}Z`
  if (nanos % 1_000_000 === 0) return `${whole}.${digits(nanos / 1_000_000, 3)}Z`
  if (nanos % 1000 === 0) return `${whole}.${digits(nanos / 1000, 6)}Z`
  return `${whole}.${digits(nanos, 9)}Z`
}

/** Rows of a window share its few seconds, and making a date's text is dear. */
const secondTexts = new Map<number, string>()
const MOST_SECOND_TEXTS = 1024

function formatSecond(seconds: number): string {
  const known = secondTexts.get(seconds)
  if (known !== undefined) return known
  if (secondTexts.size >= MOST_SECOND_TEXTS) secondTexts.clear()
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  secondTexts.set(seconds, text)
  return text
}

function digits(number: number, width: number): string {
  return String(number).padStart(width, '0')
}

/** The path of a URL, without scheme, host, query and fragment. */
export function pathOf(url: string): string {
  const [before] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(url) ?? ['']
  const end = url.slice(before.length).search(/[?#]/)
  return url.slice(before.length, end < 0 ? undefined : before.length + end)
}

/** The id of the value's JSON; what is empty has none. */
export function internJson(dictionary: Dictionary, value: object | undefined): number {
  if (value === undefined || Object.keys(value).length === 0) return 0
  return dictionary.intern(JSON.stringify(value))
}

/** Bits in the order of `TCP_FLAGS`. */
export function tcpFlagBits(flags: TcpFlags | undefined): number {
  return TCP_FLAGS.reduce((bits, flag, bit) => bits | (flags?.[flag] ? 1 << bit : 0), 0)
}

function writeLayer4(l4: Layer4, set: SetNumber, text: SetText): void {
  const protocol = Object.keys(l4).find((name) => l4[name as keyof Layer4] !== undefined)
  text('l4_protocol', protocol)
  const ports = l4.TCP ?? l4.UDP ?? l4.SCTP
  set('source_port', ports?.source_port ?? 0)
  set('destination_port', ports?.destination_port ?? 0)
  set('tcp_flags', tcpFlagBits(l4.TCP?.flags))
  const icmp = l4.ICMPv4 ?? l4.ICMPv6
  if (!icmp) return
  set('icmp_type', (icmp.type ?? 0) + 1)
  set('icmp_code', icmp.code ?? 0)
}

function writeDns(dns: Dns, set: SetNumber, text: SetText, json: SetJson): void {
  set('dns_rcode', (dns.rcode ?? 0) + 1)
  text('dns_query', dns.query)
  json('dns_qtypes', dns.qtypes)
}

function writeHttp(http: Http, set: SetNumber, text: SetText): void {
  set('http_code', (http.code ?? 0) + 1)
  text('http_method', http.method)
  text('http_path', http.url === undefined ? undefined : pathOf(http.url))
  text('http_protocol', http.protocol)
}

function writeExtensions(
  { packets = 0, bytes = 0, kernel_drop }: FlowExtensions,
  set: SetNumber,
  json: SetJson,
): void {
  set('packets', packets)
  set('bytes', bytes % 2 ** 32)
  set('bytes_high', Math.floor(bytes / 2 ** 32))
  json('kernel_drop', kernel_drop)
}

function writeCounts(flow: Flow, set: SetNumber): void {
  const {
    ingress_flow_count = 0,
    egress_flow_count = 0,
    unknown_direction_flow_count = 0,
  } = flow.aggregate ?? {}
  // Counts that are all zero would make the record vanish from the balance sheet: it counts as one flow.
  if (ingress_flow_count + egress_flow_count + unknown_direction_flow_count === 0) {
    const direction = flow.traffic_direction
    set(
      direction === 'INGRESS' ? 'ingress_flows' : direction === 'EGRESS' ? 'egress_flows' : 'unknown_flows',
      1,
    )
    return
  }
  set('ingress_flows', ingress_flow_count)
  set('egress_flows', egress_flow_count)
  set('unknown_flows', unknown_direction_flow_count)
  set('aggregated', 1)
}
