import type { Flow } from '../record/flow.ts'
import { formatTime, parseTime } from '../record/flow-writer.ts'
import { LOST_SOURCES } from '../record/names.ts'
import { flowOf, looksLikeFlow } from './flow-reference.ts'
import { enumName, isObject, type JsonRecord, read, text, uint } from './json-reference.ts'
import type { Decoded } from './line.ts'

/** Payloads of Hubble's envelope that are no flows. `node_status` is never in a file, but relay streams have it. */
const OTHER_PAYLOADS = ['agent_event', 'debug_event', 'node_status']

/** What a parsed record is: a flow in its envelope, a bare flow, or one of the events beside them. */
export function decodeRecord(value: unknown, readAtMs: number): Decoded {
  if (!isObject(value)) return { kind: 'broken', reason: 'not_a_record' }
  const flow = read(value, 'flow')
  if (isObject(flow)) return decodeFlow(flow, value, readAtMs)
  const lost = read(value, 'lost_events')
  if (isObject(lost)) return decodeLost(lost)
  const what = OTHER_PAYLOADS.find((name) => isObject(read(value, name)))
  if (what !== undefined) return { kind: 'other', what }
  // Old versions of Hubble's CLI, and shippers that unwrap, write the flow without its envelope.
  if (looksLikeFlow(value)) return decodeFlow(value, {}, readAtMs)
  return { kind: 'broken', reason: 'not_a_record' }
}

/** Time and node stand in the envelope too: field masks may leave them only there, or nowhere. */
function decodeFlow(flow: JsonRecord, envelope: JsonRecord, readAtMs: number): Decoded {
  const time = timeOf(read(flow, 'time')) ?? timeOf(read(envelope, 'time'))
  const node = text(read(flow, 'node_name')) ?? text(read(envelope, 'node_name'))
  const decoded: Flow = flowOf(flow, time ?? timeAt(readAtMs), node)
  return { kind: 'flow', flow: decoded, timed: time !== undefined }
}

function decodeLost(lost: JsonRecord): Decoded {
  return {
    kind: 'lost_upstream',
    source: enumName(read(lost, 'source'), LOST_SOURCES) ?? 'UNKNOWN_LOST_EVENT_SOURCE',
    events: uint(read(lost, 'num_events_lost'), Number.MAX_SAFE_INTEGER) ?? 0,
  }
}

function timeOf(value: unknown): string | undefined {
  const time = typeof value === 'string' ? parseTime(value) : null
  return time === null ? undefined : formatTime(time.seconds, time.nanos)
}

function timeAt(ms: number): string {
  return formatTime(Math.floor(ms / 1000), Math.floor(ms % 1000) * 1_000_000)
}
