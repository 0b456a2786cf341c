import type { Counter, Meter } from '../../src/sdk/index.ts'

/** The receiver's own metrics, and what they say. */
export const METRICS = {
  events_log_files_open: 'Files held open.',
  events_log_files_known:
    'Files whose position is kept: followed ones, and rotated ones that are still there.',
  events_log_bytes_behind: 'Bytes that are there and have not been read.',
  events_log_read_bytes_total: 'Bytes of lines that have been read.',
  events_log_slow_lines_total:
    'Lines written in another way than Hubble writes them, which take ten times as long to decode.',
  events_log_rotations_total: 'Rotations of followed files.',
  events_log_gaps_total:
    'Files that were removed, overwritten or damaged before they were read to their end.',
  events_log_gap_bytes_total: 'Bytes of such files that nobody has read, as far as known.',
} as const

/** What is read when somebody asks. */
export interface Gauges {
  readonly filesOpen: () => number
  readonly filesKnown: () => number
  readonly bytesBehind: () => number
  readonly slowLines: () => number
}

export type Counters = { readonly [name in 'readBytes' | 'rotations' | 'gaps' | 'gapBytes']: Counter }

export function announce(
  metrics: Meter,
  { filesOpen, filesKnown, bytesBehind, slowLines }: Gauges,
): Counters {
  const gauge = (name: keyof typeof METRICS, read: () => number) => metrics.gauge(name, METRICS[name], read)
  const counter = (name: keyof typeof METRICS) => metrics.counter(name, METRICS[name])
  gauge('events_log_files_open', filesOpen)
  gauge('events_log_files_known', filesKnown)
  gauge('events_log_bytes_behind', bytesBehind)
  metrics.total('events_log_slow_lines_total', METRICS.events_log_slow_lines_total, slowLines)
  return {
    readBytes: counter('events_log_read_bytes_total'),
    rotations: counter('events_log_rotations_total'),
    gaps: counter('events_log_gaps_total'),
    gapBytes: counter('events_log_gap_bytes_total'),
  }
}
