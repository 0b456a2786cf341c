import type { z } from 'zod'
import type { FlowBatch } from '../record/flow-batch.ts'
import type { FlowColumn } from '../record/flow-columns.ts'
import type { RowBatch } from '../record/row-batch.ts'
import type { Json } from '../util/json.ts'
import type { Described } from './described.ts'
import type { Host } from './host.ts'

/** What happens to flows on their way: keep, change, enrich. Called once a batch, never waits. */
export interface Processor {
  /** The batch to hand on, possibly the same; null when nothing of it is left. */
  process(batch: FlowBatch): FlowBatch | null
  /** Ends watches and timers. */
  close?(): void
}

export interface ProcessorDefinition<S extends z.ZodType = z.ZodType> extends Described<S> {
  readonly kind: 'processor'
  /** The columns it looks at. */
  reads(settings: z.output<S>): readonly FlowColumn[]
  create(context: { readonly settings: z.output<S>; readonly host: Host }): Processor
}

/**
 * The last processor of a pipeline, when there is one that folds: flows go in, rows come out when their window closes.
 * Its memory is rebuilt after a crash from what the commits stored.
 */
export interface Fold {
  fold(batch: FlowBatch): void
  /**
   * Rows of the windows that are over at `nowMs`, in pieces that are made as they are taken: a large window is never text
   * all at once. Take them all, and do nothing else with the fold meanwhile; then the windows are forgotten.
   */
  close(nowMs: number): Iterable<ClosedWindow>
  /** Closes every window, over or not: what comes later for one opens a supplement. */
  flush(): Iterable<ClosedWindow>
  /** The groups touched since the last seal, ready to store. */
  seal(): Pane[]
  /** What `restore` needs beside the panes: watermark, closed windows. */
  state(): Json
  /** Takes back what commits stored, panes in the order they were sealed. Called once, before the first `fold`. */
  restore(state: Json, panes: Iterable<Pane>): void
  /** Flows in windows that are still open. */
  pendingFlows(): number
}

/** A part of an open window as it goes to disk. */
export interface Pane {
  /** Names the window (start and revision); all panes of a window share it, and go when it closes. */
  readonly window: string
  readonly body: Uint8Array
  /** True when this pane alone holds the whole window, so that earlier ones can go. */
  readonly complete: boolean
}

/** A window that is over, or a piece of it: several may bear the same name, one after the other. */
export interface ClosedWindow {
  /** As in `Pane.window`. */
  readonly window: string
  /** To be read before the next is taken, or to be kept. */
  readonly rows: RowBatch
}

export interface FoldDefinition<S extends z.ZodType = z.ZodType> extends Described<S> {
  readonly kind: 'fold'
  reads(settings: z.output<S>): readonly FlowColumn[]
  create(context: {
    readonly settings: z.output<S>
    readonly host: Host
    /** Id of the pipeline, part of the rows' UUIDs. */
    readonly pipeline: string
  }): Fold
}
