/**
 * Where the flows of a pipeline went. It closes at every instant:
 * `received = delivered + filtered + dropped (all reasons) + pending`, and each side is counted on its own.
 */
export interface BalanceSheet {
  readonly pipeline: string
  /** Flows that reached the pipeline, those that could not be read included. */
  readonly received: number
  /** Flows in rows that every exporter of the pipeline has. */
  readonly delivered: number
  /** Flows that processors took away on purpose. */
  readonly filtered: number
  /** Flows that are lost, by reason; of those lost on the way to exporters, the ones of the exporter that lost most. */
  readonly dropped: Tally
  /** Flows in open windows, and in rows that an exporter still waits for. */
  readonly pending: number
  readonly exporters: readonly ExporterSheet[]
  readonly beside: BesideTheSheet
}

export interface ExporterSheet {
  readonly exporter: string
  readonly deliveredFlows: number
  readonly deliveredRows: number
  readonly deliveredBytes: number
  /** Flows this exporter will never get, by reason. */
  readonly dropped: Tally
  /** Flows in rows that wait for it. */
  readonly pending: number
}

/** What nobody can count in flows, or what is none. */
export interface BesideTheSheet {
  readonly receivedBytes: number
  /** Input that was gone before anybody read it. */
  readonly gapBytes: number
  /** Events lost before they reached us, by where. */
  readonly lostUpstream: Tally
  /** Records that are no flows, and defects mended without loss. */
  readonly noted: Tally
}

/** A few counts by name. */
export type Tally = { readonly [name: string]: number }

/** Received less everything that is accounted for: 0, or there is a bug. */
export function difference(sheet: BalanceSheet): number {
  return sheet.received - sheet.delivered - sheet.filtered - total(sheet.dropped) - sheet.pending
}

export function total(tally: Tally): number {
  return Object.values(tally).reduce((sum, count) => sum + count, 0)
}
