import type { Endpoint, Flow, Layer4, Layer7, Ports } from '../src/record/flow.ts'
import type { Row } from '../src/record/row.ts'

export interface Counts {
  ingress: number
  egress: number
  unknown: number
}

/** Counts by group; a group's name is the text of its window and key. */
export type Totals = Map<string, Counts>

/**
 * Folds by the key `workload` in the way one would write it on a free afternoon: `JSON.parse` and a `Map`. The bench
 * measures flowfold against it, and tests take it as the oracle, because it shares no code with flowfold.
 */
export class PlainFold {
  readonly totals: Totals = new Map()

  add(line: string): void {
    const { flow } = JSON.parse(line) as { readonly flow?: Flow }
    if (!flow) return
    const counts = countsIn(this.totals, groupOf(flow))
    const { aggregate } = flow
    if (aggregate) {
      counts.ingress += aggregate.ingress_flow_count ?? 0
      counts.egress += aggregate.egress_flow_count ?? 0
      counts.unknown += aggregate.unknown_direction_flow_count ?? 0
    } else if (flow.traffic_direction === 'INGRESS') counts.ingress++
    else if (flow.traffic_direction === 'EGRESS') counts.egress++
    else counts.unknown++
  }
}

/** What the rows of these lines must add up to, group by group. */
export function expectedTotals(lines: Iterable<string>): Totals {
  const fold = new PlainFold()
  for (const line of lines) fold.add(line)
  return fold.totals
}

/** What rows of the key `workload` add up to, supplements included, in the same words. */
export function totalsOf(rows: Iterable<Row>): Totals {
  const totals: Totals = new Map()
  for (const row of rows) {
    const counts = countsIn(totals, groupOfRow(row))
    counts.ingress += row.IngressFlowCount
    counts.egress += row.EgressFlowCount
    counts.unknown += row.UnknownDirectionFlowCount
  }
  return totals
}

/** All flows of some totals. */
export function flowsIn(totals: Totals): number {
  let flows = 0
  for (const { ingress, egress, unknown } of totals.values()) flows += ingress + egress + unknown
  return flows
}

/** Groups whose counts differ, and how; empty when the totals are equal. */
export function differences(actual: Totals, expected: Totals): string[] {
  return [...new Set([...actual.keys(), ...expected.keys()])].flatMap((group) => {
    const [is, wanted] = [actual, expected].map((totals) => JSON.stringify(totals.get(group) ?? 'missing'))
    return is === wanted ? [] : [`${group}: ${is}, expected ${wanted}`]
  })
}

function countsIn(totals: Totals, group: string): Counts {
  let counts = totals.get(group)
  if (!counts) {
    counts = { ingress: 0, egress: 0, unknown: 0 }
    totals.set(group, counts)
  }
  return counts
}

function groupOf(flow: Flow): string {
  const { verdict, drop_reason_desc, is_reply, l7, IP } = flow
  const http = l7?.http ? (l7.http.code ?? 'request') : ''
  const dns = l7?.dns ? (l7.dns.rcode ?? 0) : ''
  const ends = `${endOf(flow.source)} ${endOf(flow.destination)}`
  const port = portOf(flow.l4, is_reply ? 'source_port' : 'destination_port')
  return `${windowOf(flow.time)} ${verdict} ${drop_reason_desc} ${is_reply} ${ends} ${port} ${http} ${dns} ${IP?.ipVersion} ${IP?.encrypted}`
}

function groupOfRow(row: Row): string {
  const { Verdict, DropReason, Reply, IP } = row
  const l7 = row.Layer7 as { http?: Layer7['http']; dns?: { rcode: string } } | undefined
  const http = l7?.http ? (l7.http.code ?? 'request') : ''
  const dns = l7?.dns ? RCODES.indexOf(l7.dns.rcode) : ''
  const ends = `${endOf(sideOf(row, 'Source'))} ${endOf(sideOf(row, 'Destination'))}`
  const port = portOf(row.Layer4 as Layer4 | undefined, 'destination_port')
  return `${row.WindowStart?.slice(0, 19)} ${Verdict} ${DropReason} ${Reply} ${ends} ${port} ${http} ${dns} ${IP?.ipVersion} ${IP?.encrypted}`
}

function sideOf(row: Row, side: 'Source' | 'Destination'): Endpoint {
  return {
    namespace: row[`${side}Namespace`],
    workloads: row[`${side}Workloads`],
    identity: row[`${side}Identity`],
    cluster_name: row[`${side}ClusterName`],
  } as Endpoint
}

/** As far as the generator makes them. Source: IANA, "DNS RCODEs". */
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN']

/** Start of the half minute, without parsing a date: times are UTC and windows begin at :00 and :30. */
function windowOf(time: string): string {
  return time.slice(0, 17) + (time.charCodeAt(17) < THREE ? '00' : '30')
}

const THREE = '3'.charCodeAt(0)

function endOf(end: Endpoint | undefined): string {
  const workload = end?.workloads?.[0]
  return `${end?.namespace}/${workload?.kind}/${workload?.name}/${end?.identity}/${end?.cluster_name}`
}

/** The protocol, and its port if it has any. */
function portOf(l4: Layer4 | undefined, side: 'source_port' | 'destination_port'): string {
  for (const protocol in l4) return `${protocol}/${(l4[protocol as keyof Layer4] as Ports)[side]}`
  return ''
}
