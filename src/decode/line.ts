import type { Flow } from '../record/flow.ts'

/** What one line of input turned out to be. Plain values: nothing about a line is ever thrown. */
export type Decoded =
  | { readonly kind: 'flow'; readonly flow: Flow }
  | { readonly kind: 'lost_upstream'; readonly source: string; readonly events: number }
  /** A record that is no flow and is not meant to be: `agent_event`, `debug_event`, `node_status`. */
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'broken'; readonly reason: BrokenReason }

export type BrokenReason =
  /** JSON that does not parse, and holds no later start of a record. */
  | 'not_json'
  /** JSON, but no record that Hubble writes. */
  | 'not_a_record'
  /** The front half of a record, with the next one glued to it. */
  | 'half_record'
  /** A flow without any time, and the reader gave none. */
  | 'no_time'
