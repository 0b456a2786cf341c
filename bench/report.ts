import type { Outcome } from './bench-case.ts'

export interface BenchResult {
  readonly node: string
  readonly processor: string
  /** Load average of a minute; much above 0 and the figures are worth less. */
  readonly load: { readonly before: number; readonly after: number }
  readonly rounds: number
  readonly input: { readonly lines: number; readonly bytes: number }
  readonly cases: readonly CaseResult[]
}

export interface CaseResult {
  readonly id: string
  readonly title: string
  readonly skipped: string | null
  /** Null when it was skipped. */
  readonly best: Outcome | null
}

/** Share of the plain loop's CPU time, by case. Machines differ, and it hardly does. */
export type Shares = { readonly [id: string]: number }

/** What the whole job is to reach: wanted at most, and aimed at. */
const CPU_GOALS = { wanted: 0.25, aim: 0.125 }
const MEMORY_GOALS_MIB = { wanted: 200, aim: 120 }
const MIB = 2 ** 20

export function tableOf(result: BenchResult, baseline: Shares): string {
  return [
    headline(result),
    '',
    row(['', 'CPU-s per', 'flows per', 'MiB per', 'share of', 'recorded', 'peak', '', '']),
    row(['', 'M flows', 'CPU-s', 'CPU-s', 'the loop', 'share', 'MiB', 'flows', 'rows']),
    ...result.cases.map((one) => caseLine(one, result, baseline)),
    '',
    ...verdict(result),
    '',
  ].join('\n')
}

export function sharesOf({ cases }: BenchResult): Shares {
  const loop = outcomeOf(cases, 'json-parse')
  const ran = cases.flatMap(({ id, best }) =>
    best && loop ? [[id, round(best.cpuS / loop.cpuS)] as const] : [],
  )
  return Object.fromEntries(ran)
}

/** Cases of flowfold's own that did not account for each flow: then the figures mean nothing. */
export function lossesIn({ cases }: BenchResult): readonly string[] {
  const flows = outcomeOf(cases, 'json-parse')?.flows
  return cases.flatMap(({ id, title, best }) =>
    OWN.includes(id) && best && flows !== undefined && best.flows !== flows
      ? [`${title}: ${best.flows} flows out, ${flows} in`]
      : [],
  )
}

const DELIVERIES = ['deliver-splunk', 'deliver-otlp', 'deliver-otlp-json']
const OWN = ['decode', 'decode-fold', ...DELIVERIES, 'whole-job']

function headline({ input, rounds, node, processor, load }: BenchResult): string {
  const each = Math.round(input.bytes / input.lines)
  return `${grouped(input.lines)} lines, ${Math.round(input.bytes / MIB)} MiB, ${each} bytes each; the least CPU time of ${rounds} rounds
Node ${node}, ${processor}, load average ${load.before.toFixed(2)} before and ${load.after.toFixed(2)} after`
}

function caseLine({ id, title, skipped, best }: CaseResult, result: BenchResult, baseline: Shares): string {
  if (!best) return `${title.padEnd(TITLE)}skipped: ${skipped}`
  const { input } = result
  const { cpuS, peakBytes, flows, rows } = best
  return row([
    title,
    ((cpuS / input.lines) * 1e6).toFixed(2),
    grouped(Math.round(input.lines / cpuS / 1000) * 1000),
    String(Math.round(input.bytes / MIB / cpuS)),
    fixed(sharesOf(result)[id]),
    fixed(baseline[id]),
    String(Math.round(peakBytes / MIB)),
    grouped(flows),
    rows ? grouped(rows) : '',
  ])
}

function verdict(result: BenchResult): string[] {
  return [
    ...lossesIn(result).map((loss) => `LOST: ${loss}`),
    ...deliveryVerdict(result),
    ...jobVerdict(result),
  ]
}

/** A row should cost no more to deliver than the flows in it cost to fold. */
function deliveryVerdict({ cases }: BenchResult): string[] {
  const fold = outcomeOf(cases, 'decode-fold')
  return DELIVERIES.flatMap((id) => {
    const delivery = outcomeOf(cases, id)
    if (!fold || !delivery) return []
    const perRowUs = ({ cpuS }: Outcome) => ((cpuS / delivery.rows) * 1e6).toFixed(0)
    const flows = (delivery.flows / delivery.rows).toFixed(0)
    const isLess = delivery.cpuS <= fold.cpuS
    return `${id}: ${perRowUs(delivery)} us of CPU for a row, beside ${perRowUs(fold)} us for folding its ${flows} flows${isLess ? '' : ': MISSED'}.`
  })
}

function jobVerdict(result: BenchResult): string[] {
  const job = outcomeOf(result.cases, 'whole-job')
  const share = sharesOf(result)['whole-job']
  if (!job || share === undefined) return []
  const { wanted, aim } = CPU_GOALS
  const peakMib = Math.round(job.peakBytes / MIB)
  return [
    `The whole job takes ${fixed(share)} of the plain loop's CPU time, 1/${(1 / share).toFixed(1)} (${against(share, wanted, aim)}).`,
    `Its largest process held ${peakMib} MiB (${against(peakMib, MEMORY_GOALS_MIB.wanted, MEMORY_GOALS_MIB.aim)}).`,
    `${grouped(job.flows)} flows became ${grouped(job.rows)} rows, ${(job.flows / job.rows).toFixed(1)} : 1; ${Math.round(result.input.bytes / MIB)} MiB became ${(job.rowBytes / MIB).toFixed(1)} MiB, ${(result.input.bytes / job.rowBytes).toFixed(1)} : 1.`,
  ]
}

function against(is: number, wanted: number, aim: number): string {
  const goals = `at most ${wanted} is wanted, ${aim} aimed at`
  return is <= aim ? `${goals}: reached` : is <= wanted ? goals : `${goals}: MISSED`
}

function outcomeOf(cases: readonly CaseResult[], id: string): Outcome | null {
  return cases.find((one) => one.id === id)?.best ?? null
}

const TITLE = 70
const WIDTHS = [10, 11, 9, 10, 10, 7, 12, 9]

function row([title, ...cells]: readonly string[]): string {
  return title.padEnd(TITLE) + cells.map((cell, index) => cell.padStart(WIDTHS[index])).join('')
}

function fixed(share: number | undefined): string {
  return share === undefined ? '' : share.toFixed(3)
}

function round(number: number): number {
  return Math.round(number * 1000) / 1000
}

function grouped(number: number): string {
  return number.toLocaleString('en')
}
