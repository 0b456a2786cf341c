import type { Json, Loss } from '../sdk/index.ts'
import { type BalanceSheet, type Tally, total } from './balance-sheet.ts'

/** What is written down of one pipeline, from its first start on: it survives restarts with the commit. */
interface Entries {
  received: number
  receivedBytes: number
  filtered: number
  dropped: Record<string, number>
  gapBytes: number
  lostUpstream: Record<string, number>
  noted: Record<string, number>
  /** Flows that left the pipeline in rows, whoever has them by now. */
  inRows: number
  rows: number
  exporters: Record<string, ExporterEntries>
}

interface ExporterEntries {
  /** Flows in rows that were made for it. */
  owed: number
  flows: number
  rows: number
  bytes: number
  /** Flows this exporter will never get, by reason. */
  dropped: Record<string, number>
}

/** The counters behind the balance sheet of one pipeline. Each is moved where the thing itself happens, by nobody else. */
export class Ledger {
  readonly pipeline: string
  readonly #entries: Entries
  /** The exporters that rows are made for now. */
  #exporters: readonly string[] = []

  constructor(pipeline: string, stored: Json | null = null) {
    this.pipeline = pipeline
    this.#entries = { ...emptyEntries(), ...(structuredClone(stored) as Partial<Entries> | null) }
  }

  received(flows: number, bytes: number): void {
    this.#entries.received += flows
    this.#entries.receivedBytes += bytes
  }

  filtered(flows: number): void {
    this.#entries.filtered += flows
  }

  lost(loss: Loss): void {
    const entries = this.#entries
    switch (loss.kind) {
      case 'dropped':
        // They did arrive, so they stand on both sides.
        entries.received += loss.flows
        return add(entries.dropped, loss.reason, loss.flows)
      case 'gap':
        entries.gapBytes += loss.bytes
        return
      case 'lost_upstream':
        return add(entries.lostUpstream, loss.source, loss.events)
      case 'noted':
        return add(entries.noted, loss.reason, loss.count)
    }
  }

  /** Flows that were received earlier, and are gone since. */
  dropped(reason: string, flows: number): void {
    add(this.#entries.dropped, reason, flows)
  }

  inRows(flows: number, rows: number): void {
    this.#entries.inRows += flows
    this.#entries.rows += rows
    for (const exporter of this.#exporters) this.#entries.exporters[exporter].owed += flows
  }

  /**
   * Rows are made for these exporters from now on. Another one stays on the sheet while rows wait for it that were made
   * when it was among them, and for good when it never got some: those would count as delivered otherwise.
   */
  leadTo(exporters: readonly string[], isOwed: (exporter: string) => boolean): void {
    const entries = this.#entries.exporters
    for (const [id, entry] of Object.entries(entries)) {
      if (exporters.includes(id) || isOwed(id)) continue
      this.droppedAt(id, 'exporter_removed', unsettled(entry))
      if (total(entry.dropped) === 0) delete entries[id]
    }
    for (const id of exporters) entries[id] ??= { owed: 0, flows: 0, rows: 0, bytes: 0, dropped: {} }
    this.#exporters = exporters
  }

  delivered(exporter: string, flows: number, rows: number, bytes: number): void {
    const entries = this.#entries.exporters[exporter]
    entries.flows += flows
    entries.rows += rows
    entries.bytes += bytes
  }

  /** Rows that an exporter's backend took and threw away, nobody knows which: beside the sheet. */
  discardedAt(exporter: string, rows: number): void {
    add(this.#entries.noted, `rows_discarded_by_${exporter}`, rows)
  }

  /** Flows in rows that an exporter will never get. */
  droppedAt(exporter: string, reason: string, flows: number): void {
    if (flows > 0) add(this.#entries.exporters[exporter].dropped, reason, flows)
  }

  /** Flows that neither a row nor the balance sheet accounts for yet: what a fold must hold. */
  expectedInFold(): number {
    const { received, filtered, dropped, inRows } = this.#entries
    return received - filtered - total(dropped) - inRows
  }

  /** What is pending is counted where it waits: in the fold, and with `waitingFor` in rows that an exporter does not have yet. */
  sheet(pendingInFold: number, waitingFor: (exporter: string) => number): BalanceSheet {
    const { received, filtered, dropped, inRows, receivedBytes, gapBytes, lostUpstream, noted } =
      this.#entries
    const exporters = Object.entries(this.#entries.exporters).map(([exporter, entries]) => ({
      exporter,
      deliveredFlows: entries.flows,
      deliveredRows: entries.rows,
      deliveredBytes: entries.bytes,
      dropped: { ...entries.dropped },
      pending: waitingFor(exporter),
      unsettled: unsettled(entries),
    }))
    const droppedAtWorst = exporters.map((exporter) => exporter.dropped).reduce(larger, {})
    // A flow that one exporter waits for and another has lost counts as lost.
    const others = inRows - total(droppedAtWorst)
    return {
      pipeline: this.pipeline,
      received,
      delivered: Math.max(0, others - Math.max(0, ...exporters.map(({ unsettled }) => unsettled))),
      filtered,
      dropped: together(dropped, droppedAtWorst),
      pending: pendingInFold + Math.min(others, Math.max(0, ...exporters.map(({ pending }) => pending))),
      exporters: exporters.map(({ unsettled: _, ...sheet }) => sheet),
      beside: { receivedBytes, gapBytes, lostUpstream: { ...lostUpstream }, noted: { ...noted } },
    }
  }

  toJson(): Json {
    return structuredClone(this.#entries) as unknown as Json
  }
}

/** Flows that it has neither got nor lost yet. */
function unsettled({ owed, flows, dropped }: ExporterEntries): number {
  return owed - flows - total(dropped)
}

function emptyEntries(): Entries {
  return {
    received: 0,
    receivedBytes: 0,
    filtered: 0,
    dropped: {},
    gapBytes: 0,
    lostUpstream: {},
    noted: {},
    inRows: 0,
    rows: 0,
    exporters: {},
  }
}

function add(tally: Record<string, number>, name: string, amount: number): void {
  tally[name] = (tally[name] ?? 0) + amount
}

function larger(a: Tally, b: Tally): Tally {
  return total(b) > total(a) ? b : a
}

function together(a: Tally, b: Tally): Tally {
  const both: Record<string, number> = { ...a }
  for (const [name, amount] of Object.entries(b)) add(both, name, amount)
  return both
}
