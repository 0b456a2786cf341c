import { hash } from 'node:crypto'
import { rowOfFlow } from '../record/row-of-flow.ts'
import {
  type Clock,
  type ClosedWindow,
  countFlows,
  type FlowBatch,
  type Fold,
  flowsOfBatch,
  type Loss,
  type Pane,
  type Processor,
  type Row,
  type RowBatch,
  rowBatch,
} from '../sdk/index.ts'
import type { Outbox } from '../state/outbox.ts'
import type { FoldChange } from '../state/store.ts'
import type { BalanceSheet } from '../telemetry/balance-sheet.ts'
import type { Ledger } from '../telemetry/ledger.ts'
import type { Outlet } from './outlet.ts'

/** Rows are written before they pile up, not only with the commit: those that wait have to be copied. */
const MOST_WAITING_ROWS = 128

export interface PipelineParts {
  readonly id: string
  /** In the order of the config. */
  readonly processors: readonly Processor[]
  /** Null where every flow becomes a row of its own. */
  readonly fold: Fold | null
  readonly outlets: readonly Outlet[]
  readonly outbox: Outbox
  readonly clock: Clock
  readonly ledger: Ledger
  /** Flows in windows that wait in the state until the pipeline folds again. */
  readonly shelvedFlows: number
  /** For rows whose flow names no node. */
  readonly node: string
}

/** One way from receivers to exporters. All of it happens inside `absorb`: when that returns, the batch is folded. */
export class Pipeline {
  readonly id: string
  readonly #parts: PipelineParts
  /** Sealed by a commit that did not succeed: they go with the next one. */
  #sealed: Pane[] = []
  #closed: string[] = []

  constructor(parts: PipelineParts) {
    this.id = parts.id
    this.#parts = parts
  }

  /** Rows or windows left the fold since the last commit. */
  get hasNews(): boolean {
    return this.#closed.length > 0
  }

  absorb(batch: FlowBatch): void {
    const { processors, fold, ledger } = this.#parts
    let flows = countFlows(batch)
    ledger.received(flows, batch.bytes)
    let kept = batch
    for (const processor of processors) {
      const next = processor.process(kept)
      if (next === kept) continue
      const keptFlows = next === null ? 0 : countFlows(next)
      ledger.filtered(flows - keptFlows)
      if (next === null) return
      flows = keptFlows
      kept = next
    }
    if (fold) fold.fold(kept)
    else this.#emit(rowBatch(this.#rowsOf(kept)))
  }

  lost(loss: Loss): void {
    this.#parts.ledger.lost(loss)
  }

  /** Hands rows of windows that are over to the exporters. */
  closeWindows(nowMs: number): void {
    const { fold } = this.#parts
    if (fold) this.#takeOut(fold.close(nowMs))
  }

  /** Hands on everything, windows that are still running included. */
  flush(): void {
    const { fold } = this.#parts
    if (fold) this.#takeOut(fold.flush())
  }

  /** What the next commit has to store; the same again until `stored` is called. */
  change(): FoldChange | null {
    const { fold } = this.#parts
    if (!fold) return null
    this.#sealed.push(...fold.seal())
    return { state: fold.state(), sealed: this.#sealed, closed: this.#closed }
  }

  /** The change is durable. */
  stored(): void {
    this.#sealed = []
    this.#closed = []
  }

  sheet(): BalanceSheet {
    const { fold, ledger, outlets, outbox, shelvedFlows } = this.#parts
    const outlet = (exporter: string) => outlets.find(({ id }) => id === exporter)
    return ledger.sheet(
      fold?.pendingFlows() ?? shelvedFlows,
      (exporter) => outlet(exporter)?.waitingFlows(ledger) ?? outbox.waitingFlows(exporter, this.id),
    )
  }

  get ledger(): Ledger {
    return this.#parts.ledger
  }

  close(): void {
    for (const processor of this.#parts.processors) processor.close?.()
  }

  #takeOut(windows: Iterable<ClosedWindow>): void {
    for (const { window, rows } of windows) {
      if (this.#closed.at(-1) !== window) this.#closed.push(window)
      // A pane of a closed window must not be stored after the window was dropped: it would come back to life.
      this.#sealed = this.#sealed.filter((pane) => pane.window !== window)
      this.#emit(rows)
    }
  }

  #emit(rows: RowBatch): void {
    const { ledger, outlets, outbox, clock } = this.#parts
    outbox.add(this.id, rows, clock.now())
    ledger.inRows(flowsOfBatch(rows), rows.flows.length)
    for (const outlet of outlets) {
      outlet.add(ledger, rows)
      if (outlet.waitingRows > MOST_WAITING_ROWS && outlet.trouble === null) outlet.write()
      outlet.keep()
    }
  }

  #rowsOf(batch: FlowBatch): Row[] {
    const { ingress_flows, egress_flows, unknown_flows } = batch.columns
    return Array.from(batch.rows, (row) => {
      const flow = batch.detail(row)
      const counts = { ingress: ingress_flows[row], egress: egress_flows[row], unknown: unknown_flows[row] }
      return rowOfFlow(flow, this.#uuidOf(flow), counts, this.#parts.node)
    })
  }

  /** The same flow gets the same UUID when it is read again after a crash. */
  #uuidOf(flow: object): string {
    const digest = hash('sha1', `${this.#parts.node}\0${this.id}\0${JSON.stringify(flow)}`)
    return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`
  }
}
