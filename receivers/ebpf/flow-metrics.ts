import type { Counter, Meter } from '../../src/sdk/index.ts'
import type { HeadCounters } from './heads.ts'

/** What is counted on the way from observations to flows. */
export const FLOW_METRICS = {
  ebpf_messages_total: 'DNS and HTTP messages that were read, by `protocol`.',
  ebpf_unreadable_heads_total:
    'Packets on the ports of DNS and HTTP that begin no message, by `protocol`: the middle of one, or something else.',
  ebpf_unanswered_total:
    'Queries and requests to which no answer was matched, by `protocol`: none came, or it could not be told from another.',
  ebpf_unasked_total: 'Answers to queries and requests that nobody saw, or could tell apart, by `protocol`.',
  ebpf_waiting_questions: 'Queries and requests that wait for their answers.',
  ebpf_ignored_drops_total: 'Packets that the kernel let go of without loss to anybody.',
  ebpf_host_addresses: 'Addresses that were named by looking around this host.',
  ebpf_hidden_processes:
    'Processes of this host that may not be looked into, so that some names are missing.',
} as const

export interface FlowGauges {
  readonly waitingQuestions: () => number
  readonly hostAddresses: () => number
  readonly hiddenProcesses: () => number
}

export interface FlowCounters {
  readonly heads: HeadCounters
  readonly ignoredDrops: Counter
}

export function flowCounters(metrics: Meter): FlowCounters {
  const counter = (name: keyof typeof FLOW_METRICS, labels = {}) =>
    metrics.counter(name, FLOW_METRICS[name], labels)
  const of = (protocol: string) => ({
    messages: counter('ebpf_messages_total', { protocol }),
    unreadable: counter('ebpf_unreadable_heads_total', { protocol }),
    unanswered: counter('ebpf_unanswered_total', { protocol }),
    unasked: counter('ebpf_unasked_total', { protocol }),
  })
  return {
    heads: { dns: of('dns'), http: of('http') },
    ignoredDrops: counter('ebpf_ignored_drops_total'),
  }
}

export function announceGauges(
  metrics: Meter,
  { waitingQuestions, hostAddresses, hiddenProcesses }: FlowGauges,
): void {
  const gauge = (name: keyof typeof FLOW_METRICS, read: () => number) =>
    metrics.gauge(name, FLOW_METRICS[name], read)
  gauge('ebpf_waiting_questions', waitingQuestions)
  gauge('ebpf_host_addresses', hostAddresses)
  gauge('ebpf_hidden_processes', hiddenProcesses)
}
