import type { Json } from '../../src/sdk/index.ts'
import type { LogRecord } from './log-record.ts'
import type { Attribute } from './row-attributes.ts'

export type ResourceAttributes = { readonly [name: string]: string | number | boolean }

/** A request in strings: head, records, tail. */
export interface Notation {
  /** What makes bytes of the strings. */
  readonly charset: 'utf8' | 'latin1'
  /** What writes attributes of that name. */
  attribute(name: string): (value: Json) => string
  record(record: LogRecord, attributes: readonly Attribute[]): string
  /** What a record of a folded row takes, and a little more. */
  readonly recordBytes: number
  /** Stands between two records. */
  readonly between: string
  /** What comes before so many bytes of records. */
  head(resource: ResourceAttributes, bytes: number): string
  readonly tail: string
}
