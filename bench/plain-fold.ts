import type { Endpoint, Flow, Layer4 } from '../src/record/flow.ts'

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
    const counts = this.#countsOf(groupOf(flow))
    const { aggregate } = flow
    if (aggregate) {
      counts.ingress += aggregate.ingress_flow_count ?? 0
      counts.egress += aggregate.egress_flow_count ?? 0
      counts.unknown += aggregate.unknown_direction_flow_count ?? 0
    } else if (flow.traffic_direction === 'INGRESS') counts.ingress++
    else if (flow.traffic_direction === 'EGRESS') counts.egress++
    else counts.unknown++
  }

  #countsOf(group: string): Counts {
    let counts = this.totals.get(group)
    if (!counts) {
      counts = { ingress: 0, egress: 0, unknown: 0 }
      this.totals.set(group, counts)
    }
    return counts
  }
}

/** What the rows of these lines must add up to, group by group. */
export function expectedTotals(lines: Iterable<string>): Totals {
  const fold = new PlainFold()
  for (const line of lines) fold.add(line)
  return fold.totals
}

/** All flows of some totals. */
export function flowsIn(totals: Totals): number {
  let flows = 0
  for (const { ingress, egress, unknown } of totals.values()) flows += ingress + egress + unknown
  return flows
}

function groupOf(flow: Flow): string {
  const { l7 } = flow
  const http = l7?.http ? (l7.http.code ?? 'request') : ''
  const dns = l7?.dns ? (l7.dns.rcode ?? 0) : ''
  return `${windowOf(flow.time)} ${flow.verdict} ${flow.drop_reason_desc} ${flow.is_reply} ${endOf(flow.source)} ${endOf(
    flow.destination,
  )} ${serverPort(flow)} ${http} ${dns} ${flow.IP?.ipVersion} ${flow.IP?.encrypted}`
}

/** Start of the half minute, without parsing a date: times are UTC and windows begin at :00 and :30. */
function windowOf(time: string): string {
  return time.slice(0, 17) + (time.charCodeAt(17) < THREE ? '00' : '30')
}

const THREE = '3'.charCodeAt(0)

function endOf(end: Endpoint | undefined): string {
  if (!end) return ''
  const workload = end.workloads?.[0]
  return `${end.namespace}/${workload?.kind}/${workload?.name}/${end.identity}/${end.cluster_name}`
}

function serverPort({ l4, is_reply }: Flow): string {
  for (const protocol in l4) {
    const ports = (l4 as Record<string, Layer4['TCP']>)[protocol]
    return `${protocol}/${is_reply ? ports?.source_port : ports?.destination_port}`
  }
  return ''
}
