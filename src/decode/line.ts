import type { Flow } from '../record/flow.ts'

/** What one record turned out to be. Plain values: nothing about a line is ever thrown. */
export type Decoded =
  | {
      readonly kind: 'flow'
      readonly flow: Flow
      /** False when the record bore no time and has the time of reading instead. */
      readonly timed: boolean
    }
  | { readonly kind: 'lost_upstream'; readonly source: string; readonly events: number }
  /** A record that is no flow and is not meant to be: `agent_event`, `debug_event`, `node_status`. */
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'broken'; readonly reason: BrokenReason }

export type BrokenReason =
  /** JSON that does not parse, and holds no later start of a record. */
  | 'not_json'
  /** JSON, but no record that Hubble writes. */
  | 'not_a_record'
  /** Part of a record, with another one glued to it. */
  | 'half_record'

/** Damage that was mended, nothing lost. */
export type MendedReason =
  /** NULs around the record: a hole that a truncated or crashed file left. */
  | 'nul_bytes'
  /** Two or more whole records on one line. */
  | 'glued_records'
  /** Bytes that are no UTF-8; they read U+FFFD. */
  | 'invalid_utf8'

/** One line of input: nothing, a record, or several where a line feed got lost. In the order they stand there. */
export interface Line {
  readonly records: readonly {
    readonly record: Decoded
    /** Where the record's text stands in the line. */
    readonly start: number
    readonly end: number
  }[]
  readonly mended: readonly MendedReason[]
}
