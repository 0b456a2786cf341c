import type { z } from 'zod'
import type { Row } from '../record/row.ts'
import type { RowBatch } from '../record/row-batch.ts'
import type { Json } from '../util/json.ts'
import type { Described } from './described.ts'
import type { Host } from './host.ts'

/**
 * An exporter that writes where we stand, file or terminal, inside the commit: what it wrote and how far it came become
 * durable together, so each row is there exactly once, whatever happens in between.
 */
export interface Sink {
  /** Appends rows. On `retry` nothing of them is there, and the same rows come again. */
  write(rows: RowBatch): WriteResult
  /** How far it came; stored with the commit and given to `create` after a restart, which removes all beyond it. */
  position(): Json
  /** The commit that holds `position()` is durable. The moment to rotate. */
  committed(): void
  /**
   * Makes what was written safe against power loss; called before the commit, with `durability: power` only. Throws
   * `FatalError` when the disk refuses: nobody knows what it kept, so rows are written again from the last commit on.
   */
  sync(): void
  close(): Promise<void>
}

export type WriteResult =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'retry'; readonly reason: string }

export interface SinkDefinition<S extends z.ZodType = z.ZodType> extends Described<S> {
  readonly kind: 'sink'
  /** The file it writes; for those that write one. */
  writes?(settings: z.output<S>): string
  /** Why no rows could be written now, for `validate --connect`; null when they could. Looks, and changes nothing. */
  probe?(settings: z.output<S>): string | null
  /** For `flowfold try`: counts the bytes that rows would take, and writes nothing. Without it, as JSON lines. */
  measure?(settings: z.output<S>): (rows: RowBatch) => number
  create(context: {
    readonly settings: z.output<S>
    readonly host: Host
    /** What `position()` said at the last commit; null at the first start. */
    readonly position: Json | null
  }): Sink
}

/**
 * An exporter that hands rows to somebody else, over the network. It only encodes and tries once: the engine keeps rows
 * in the outbox until they are accepted, cuts, retries, backs off and counts.
 */
export interface Sender {
  /**
   * Cuts rows into payloads that the backend takes: sizes, spans of time, numbers of rows. Pure, and in order: the
   * payloads hold the rows one after the other, each exactly once.
   */
  encode(rows: readonly Row[]): Iterable<Payload>
  /** One attempt. Failures are values; it rejects only when `signal` aborts. */
  send(payload: Payload, signal: AbortSignal): Promise<SendResult>
  /** Whether the backend can be reached and lets us in, without leaving a row there. */
  probe(signal: AbortSignal): Promise<SendResult>
  close?(): void
}

export interface Payload {
  /** The very row objects that `encode` was given. */
  readonly rows: readonly Row[]
  /** As it goes over the wire; empty for a single row that no payload can hold. */
  readonly body: Uint8Array
  /** Set when the row can never be sent, and why: it goes to the dead letter without an attempt. */
  readonly unfit?: string
}

export type SendResult =
  | { readonly kind: 'accepted' }
  /** The backend took the payload and threw some rows away; it does not say which, and sending again would repeat. */
  | { readonly kind: 'partial'; readonly refusedRows: number; readonly reason: string }
  /**
   * The rows before `at` are in, row `at` is refused, and those behind it were not looked at: they are sent again. So are
   * those before it where the backend, asked to confirm what it has on disk, did not.
   */
  | { readonly kind: 'stopped'; readonly at: number; readonly reason: string; readonly unconfirmed?: true }
  /** Too large after all: the payload is halved and sent again. */
  | { readonly kind: 'too_large'; readonly reason: string }
  /** May work later; `afterMs` when the backend says how much later. */
  | { readonly kind: 'retry'; readonly cause: RetryCause; readonly reason: string; readonly afterMs?: number }
  /** Will never work: dead letter. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Few words, because they are a metric's label. `rejected` is a login or a permission that may yet be put right. */
export type RetryCause = 'network' | 'timeout' | 'throttled' | 'unavailable' | 'rejected' | 'unacknowledged'

export interface SenderDefinition<S extends z.ZodType = z.ZodType> extends Described<S> {
  readonly kind: 'sender'
  /** How the engine sends for it; from the settings, which share `deliverySettings`. */
  delivery(settings: z.output<S>): DeliverySettings
  create(context: { readonly settings: z.output<S>; readonly host: Host }): Sender
}

/** What every sender lets its user set, and the engine obeys. */
export interface DeliverySettings {
  /** Payloads in flight at once. */
  readonly concurrency: number
  /** An attempt that takes longer is given up and tried again. */
  readonly timeoutMs: number
  readonly retry: {
    readonly initialMs: number
    readonly maxMs: number
    /** Null: for ever, because the outbox holds the rows. */
    readonly maxElapsedMs: number | null
  }
  readonly outbox: {
    readonly maxBytes: number
    /** Null: rows never grow too old. */
    readonly maxAgeMs: number | null
    readonly onFull: 'block' | 'drop_oldest'
  }
  /** Where rows go that the backend refuses for good; `auto` is a file of the exporter's own in the state's folder. */
  readonly deadLetter: 'auto' | 'none' | { readonly path: string }
}
