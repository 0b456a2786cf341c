import type { Meter, MetricDoc } from '../../src/sdk/index.ts'

const METRICS = {
  groups: 'Groups in open windows; `max_groups` is their bound',
  windows_open: 'Windows that still take flows',
  other_flows_total: 'Flows folded into `Other` rows because `max_groups` was reached',
  late_flows_total: 'Flows that came after their window was closed; they are in rows with a Revision above 0',
  supplements_total: 'Closed windows opened once more for late flows',
} as const

/** For the README. */
export const METRIC_DOCS: readonly MetricDoc[] = Object.entries(METRICS).map(([name, doc]) => ({
  name: `flowfold_aggregate_${name}`,
  doc,
}))

export interface AggregateMetrics {
  other(flows: number): void
  late(flows: number): void
  supplement(): void
}

export function aggregateMetrics(
  meter: Meter,
  read: { readonly groups: () => number; readonly windows: () => number },
): AggregateMetrics {
  const counter = (name: keyof typeof METRICS) => meter.counter(`aggregate_${name}`, METRICS[name])
  meter.gauge('aggregate_groups', METRICS.groups, read.groups)
  meter.gauge('aggregate_windows_open', METRICS.windows_open, read.windows)
  const others = counter('other_flows_total')
  const late = counter('late_flows_total')
  const supplements = counter('supplements_total')
  return {
    other: (flows) => others.add(flows),
    late: (flows) => late.add(flows),
    supplement: () => supplements.add(1),
  }
}
