import type { Dictionary, FlowColumn } from '../../src/sdk/index.ts'
import { addressTest } from './cidr.ts'
import { endpointTest } from './endpoint-matcher.ts'
import type { EndpointSpec, FilterSpec } from './spec.ts'
import type { NumberRange } from './values.ts'

/** Whether a cell of a column is one that is asked for. The same cell always has the same answer. */
export type CellTest = (cell: number, dictionary: Dictionary) => boolean

/** Demands on a flow that must all hold, at most one a column. */
export type Clause = ReadonlyMap<FlowColumn, CellTest>

/**
 * A filter as clauses: it matches a flow when one of them does. Most filters are a single clause; where one asks for
 * either of two columns (source or destination port, TCP or a DNS record) there is a clause for each.
 */
export function compile(spec: FilterSpec): readonly Clause[] {
  const conditions: readonly (readonly Clause[])[] = [
    spec.from ? [endpoint('source', spec.from)] : ANYTHING,
    spec.to ? [endpoint('destination', spec.to)] : ANYTHING,
    spec.either ? [endpoint('source', spec.either), endpoint('destination', spec.either)] : ANYTHING,
    asked(spec.protocol, protocols),
    asked(spec.verdict, (names) => [textIn('verdict', names)]),
    asked(spec.port, (ports) => [numberIn('source_port', ports), numberIn('destination_port', ports)]),
    asked(spec.source_port, (ports) => [numberIn('source_port', ports)]),
    asked(spec.destination_port, (ports) => [numberIn('destination_port', ports)]),
    asked(spec.direction, (names) => [directions(names)]),
    asked(spec.drop_reason, (names) => [textIn('drop_reason', names)]),
    asked(spec.http_code, (codes) => [httpCodes(codes)]),
    asked(spec.dns_rcode, (rcodes) => [dnsRcodes(rcodes)]),
    replies(spec.reply ?? null),
  ]
  return conditions.reduce((clauses, alternatives) =>
    clauses.flatMap((clause) => alternatives.map((alternative) => both(clause, alternative))),
  )
}

/** The columns that filters look at. */
export function columnsOf(filters: readonly FilterSpec[]): readonly FlowColumn[] {
  return [...new Set(filters.flatMap(compile).flatMap((clause) => [...clause.keys()]))]
}

/** The columns that a filter can look at. */
export const FILTER_COLUMNS: readonly FlowColumn[] = [
  'verdict',
  'drop_reason',
  'is_reply',
  'source',
  'destination',
  'ip_source',
  'ip_destination',
  'l4_protocol',
  'source_port',
  'destination_port',
  'l7_type',
  'http_code',
  'dns_rcode',
  'traffic_direction',
]

const ANYTHING: readonly Clause[] = [new Map()]

const L4_PROTOCOLS: { readonly [name: string]: readonly string[] } = { icmp: ['icmpv4', 'icmpv6'] }
const L7_RECORDS: { readonly [name: string]: FlowColumn } = { dns: 'dns_rcode', http: 'http_code' }

/** What a list of a filter asks: nothing, when it is absent or empty. */
function asked<T>(
  list: readonly T[] | undefined,
  condition: (list: readonly T[]) => readonly Clause[],
): readonly Clause[] {
  return list?.length ? condition(list) : ANYTHING
}

function endpoint(side: 'source' | 'destination', spec: EndpointSpec): Clause {
  const clause = new Map<FlowColumn, CellTest>()
  const isMeant = endpointTest(spec)
  if (isMeant) clause.set(side, (cell, dictionary) => isMeant(dictionary.endpoint(cell)))
  if (spec.ip?.length) clause.set(`ip_${side}`, onText(addressTest(spec.ip)))
  return clause
}

function protocols(names: readonly string[]): readonly Clause[] {
  const layer4 = names.filter((name) => !(name in L7_RECORDS)).flatMap((name) => L4_PROTOCOLS[name] ?? [name])
  const layer7 = names.filter((name) => name in L7_RECORDS).map((name) => L7_RECORDS[name])
  return [
    ...(layer4.length > 0 ? [textIn('l4_protocol', layer4)] : []),
    ...layer7.map((column) => only(column, (cell) => cell !== 0)),
  ]
}

function directions(names: readonly string[]): Clause {
  const isNamed = textTest(names)
  const orNone = names.includes('unknown')
  return only('traffic_direction', (cell, dictionary) => (cell === 0 ? orNone : isNamed(cell, dictionary)))
}

/** The cell is the status plus one, and 1 on requests, which have none. */
function httpCodes(ranges: readonly NumberRange[]): Clause {
  return only('http_code', (cell) => isWithin(ranges, cell - 1))
}

/**
 * The cell is the rcode plus one, and NOERROR on queries too, because Hubble leaves zeros out. Only answers have an rcode:
 * a query is told by its type, and in folded records, which lost the type, by not being a reply.
 */
function dnsRcodes(rcodes: readonly number[]): Clause {
  return new Map<FlowColumn, CellTest>([
    ['dns_rcode', (cell) => cell !== 0 && rcodes.includes(cell - 1)],
    ['l7_type', (cell, dictionary) => dictionary.text(cell) !== 'REQUEST'],
    ['is_reply', (cell) => cell !== IS_REQUEST],
  ])
}

const IS_REQUEST = 1
const IS_REPLY = 2

/** Hubble cannot know whether a dropped packet was a reply, and its filters take it for none. */
function replies(wanted: boolean | null): readonly Clause[] {
  if (wanted === null) return ANYTHING
  if (wanted) return [only('is_reply', (cell) => cell === IS_REPLY)]
  const droppedUnknown = both(
    only('is_reply', (cell) => cell === 0),
    textIn('verdict', ['DROPPED']),
  )
  return [only('is_reply', (cell) => cell === IS_REQUEST), droppedUnknown]
}

function textIn(column: FlowColumn, texts: readonly string[]): Clause {
  return only(column, textTest(texts))
}

function numberIn(column: FlowColumn, ranges: readonly NumberRange[]): Clause {
  return only(column, (cell) => isWithin(ranges, cell))
}

function isWithin(ranges: readonly NumberRange[], value: number): boolean {
  return ranges.some(({ from, to }) => from <= value && value <= to)
}

/** In whatever letters; a flow without the text has none of them. */
function textTest(texts: readonly string[]): CellTest {
  const wanted = new Set(texts.map((text) => text.toLowerCase()))
  return onText((text) => wanted.has(text.toLowerCase()))
}

function onText(test: (text: string) => boolean): CellTest {
  return (cell, dictionary) => cell !== 0 && test(dictionary.text(cell))
}

function only(column: FlowColumn, test: CellTest): Clause {
  return new Map([[column, test]])
}

function both(one: Clause, other: Clause): Clause {
  const clause = new Map(one)
  for (const [column, test] of other) {
    const before = one.get(column)
    clause.set(
      column,
      before ? (cell, dictionary) => before(cell, dictionary) && test(cell, dictionary) : test,
    )
  }
  return clause
}
