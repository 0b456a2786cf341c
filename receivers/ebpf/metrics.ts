import type { Counter, Meter } from '../../src/sdk/index.ts'
import { FLOW_METRICS } from './flow-metrics.ts'
import type { Feature, FeatureName } from './world.ts'

/** The receiver's own metrics, and what they say. */
export const METRICS = {
  ebpf_records_total:
    'Records of the kernel that were read: counts of a flow, drops, sockets, DNS and HTTP heads.',
  ebpf_lost_records_total:
    'Records that were lost because a map or ring of the kernel, or the buffer of the agent, was full.',
  ebpf_gap_bytes_total: 'Bytes that passed the followed interfaces while nobody watched.',
  ebpf_interfaces: 'Interfaces that are followed.',
  ebpf_feature: '1 for each `feature` that works, 0 for one that does not; the log says why.',
  ...FLOW_METRICS,
} as const

const FEATURES: readonly FeatureName[] = ['flows', 'drops', 'tcp', 'drop_locations']

export interface Counters {
  readonly records: Counter
  readonly lost: Counter
  readonly gapBytes: Counter
}

/** What is read when somebody asks. */
export interface Gauges {
  readonly features: () => readonly Feature[]
  readonly interfaces: () => number
}

export function announce(metrics: Meter, { features, interfaces }: Gauges): Counters {
  metrics.gauge('ebpf_interfaces', METRICS.ebpf_interfaces, interfaces)
  for (const feature of FEATURES) {
    const isOn = () => features().some(({ name, state }) => name === feature && state === 'on')
    metrics.gauge('ebpf_feature', METRICS.ebpf_feature, () => (isOn() ? 1 : 0), { feature })
  }
  const counter = (name: keyof typeof METRICS) => metrics.counter(name, METRICS[name])
  return {
    records: counter('ebpf_records_total'),
    lost: counter('ebpf_lost_records_total'),
    gapBytes: counter('ebpf_gap_bytes_total'),
  }
}
