import type { Dictionary } from '../record/dictionary.ts'
import { internJson, tcpFlagBits } from '../record/flow-writer.ts'
import {
  DIRECTIONS,
  DROP_REASONS,
  FLOW_TYPES,
  IP_VERSIONS,
  L7_TYPES,
  OBSERVATION_POINTS,
  VERDICTS,
} from '../record/names.ts'
import { withoutCluster } from '../record/row-of-flow.ts'
import { endpointOf, eventTypeOf, policyListOf, serviceOf, tcpFlagsOf } from './flow-reference.ts'
import { enumName, text, texts } from './json-reference.ts'

/**
 * What a JSON value of each kind puts into its column; null where only the whole line decides. The kernel asks once per
 * distinct spelling and knows the answer by its bytes from then on, so this is the plain decoder's code, at full length.
 */
const VALUES = {
  endpoint: (value, dictionary) => dictionary.internEndpoint(endpointOf(value)),
  event_type: (value, dictionary) => internJson(dictionary, eventTypeOf(value)),
  service: (value, dictionary) => internJson(dictionary, serviceOf(value)),
  policies: (value, dictionary) => internJson(dictionary, policyListOf(value)),
  texts: (value, dictionary) => internJson(dictionary, texts(value)),
  tcp_flags: (value) => tcpFlagBits(tcpFlagsOf(value)),
  node_name: nodeName,
  verdict: named(VERDICTS),
  drop_reason: named(DROP_REASONS),
  ip_version: named(IP_VERSIONS),
  flow_type: named(FLOW_TYPES),
  l7_type: named(L7_TYPES),
  traffic_direction: named(DIRECTIONS),
  trace_observation_point: named(OBSERVATION_POINTS),
} as const satisfies Record<string, (value: unknown, dictionary: Dictionary) => number | null>

export type FragmentKind = keyof typeof VALUES
export const FRAGMENT_KINDS = ['repeated', ...Object.keys(VALUES)] as readonly ('repeated' | FragmentKind)[]

export function fragmentValue(kind: FragmentKind, json: string, dictionary: Dictionary): number | null {
  return VALUES[kind](JSON.parse(json), dictionary)
}

/** Whether the value is the id of a text. */
export function isText(kind: FragmentKind): boolean {
  return kind !== 'tcp_flags'
}

function named(names: ReadonlyMap<number, string>) {
  return (value: unknown, dictionary: Dictionary) => dictionary.intern(enumName(value, names) ?? '')
}

/** A name that is nothing but a cluster is a name all the same: the envelope's must not take its place. */
function nodeName(value: unknown, dictionary: Dictionary): number | null {
  const name = text(value)
  const node = withoutCluster(name)
  return node === '' ? null : dictionary.intern(node ?? '')
}
