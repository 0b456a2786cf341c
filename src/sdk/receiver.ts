import type { z } from 'zod'
import type { FlowBatch } from '../record/flow-batch.ts'
import type { FlowColumn } from '../record/flow-columns.ts'
import type { Loss } from '../record/loss.ts'
import type { Json } from '../util/json.ts'
import type { Described } from './described.ts'
import type { Host } from './host.ts'

/** Where flows come from. */
export interface Receiver {
  /**
   * Hands batches to `intake` until `signal` aborts or the input has ended, then resolves. Rejects only for bugs; an
   * input that is missing or broken is waited for and reported.
   */
  run(intake: Intake, signal: AbortSignal): Promise<void>
  /** Where to resume after everything handed over so far; plain JSON, stored by the commit. */
  position(): Json
}

/** What a receiver talks to: the pipelines behind it, and their balance sheets. */
export interface Intake {
  /**
   * Takes a batch; it has been folded when the call returns. A commit may happen inside the call, so `position()` must
   * already stand behind the batch. A promise asks for a pause: hand over nothing before it resolves.
   */
  next(batch: FlowBatch): void | Promise<void>
  /**
   * Tells of what did not become a flow. Same rule for `position()`. It never commits itself: what is lost beside a batch
   * is told before the batch is handed over, and becomes durable with it.
   */
  lost(loss: Loss): void
}

export interface ReceiverDefinition<S extends z.ZodType = z.ZodType> extends Described<S> {
  readonly kind: 'receiver'
  /** Whether it would read the file at this path; for those that read files. */
  readsFile?(settings: z.output<S>, path: string): boolean
  create(context: {
    readonly settings: z.output<S>
    readonly host: Host
    /** What `position()` said at the last commit; null at the first start. */
    readonly position: Json | null
    /** The columns that somebody behind this receiver reads; the others may stay empty. */
    readonly reads: ReadonlySet<FlowColumn>
  }): Receiver
}
