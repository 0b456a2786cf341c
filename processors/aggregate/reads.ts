import { type FieldName, type FlowColumn, fieldNamed } from '../../src/sdk/index.ts'
import type { Layout } from './layout.ts'

/** Counts and times make the row, verdict and drop reason its `Other` rows. */
const ALWAYS: readonly FlowColumn[] = [
  'time_s',
  'time_ns',
  'ingress_flows',
  'egress_flows',
  'unknown_flows',
  'packets',
  'bytes',
  'bytes_high',
  'aggregated',
  'verdict',
  'drop_reason',
]

/** The columns that groups of this layout are made from. */
export function columnsOf({ key, carried, evidence, examples }: Layout): readonly FlowColumn[] {
  const fields = [...key, ...carried].map(({ name }) => name as FieldName)
  const shown = evidence.flatMap((list) => list.fields)
  const flags: readonly FlowColumn[] = examples > 0 ? ['tcp_flags'] : []
  return [...new Set([...ALWAYS, ...flags, ...[...fields, ...shown].flatMap(columnsBehind)])]
}

function columnsBehind(name: FieldName): readonly FlowColumn[] {
  const { origin } = fieldNamed(name)!
  switch (origin.kind) {
    case 'column':
      return [origin.column]
    case 'endpoint':
      return [origin.side]
    case 'port':
      return ['is_reply', 'source_port', 'destination_port']
    case 'protocol_port':
      return ['l4_protocol', 'destination_port']
  }
}
