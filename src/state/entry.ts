/** Rows that wait for exporters, as they are stored together. */
export interface OutboxEntry extends OutboxHead, EntryBody {}

/** What is known of an entry without reading its rows. */
export interface OutboxHead {
  /** Grows with every entry, and is never used again. */
  readonly seq: number
  readonly pipeline: string
  /** Those it was made for. */
  readonly exporters: readonly string[]
  readonly madeAtMs: number
  readonly rows: number
  readonly flows: number
  readonly bytes: number
}

/** The rows of an entry, and the version of what encoded them. */
export interface EntryBody {
  readonly version: number
  readonly body: Uint8Array
}

/** Some rows of an entry, one after the other, that an exporter is done with. */
export interface RowRange {
  /** Of the entry, as its pipeline. */
  readonly seq: number
  readonly pipeline: string
  readonly from: number
  /** The first row that is not among them. */
  readonly to: number
  readonly flows: number
}

/** How far an exporter came. */
export interface Cursor {
  /** It is done with this entry and all before it. */
  readonly through: number
  /** What it is done with beyond. */
  readonly beyond: readonly RowRange[]
}
