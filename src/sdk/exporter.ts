import type { z } from 'zod'
import type { Row } from '../record/row.ts'
import type { Json } from '../util/json.ts'
import type { Described } from './described.ts'
import type { Host } from './host.ts'

/**
 * An exporter that writes where we stand, file or terminal, inside the commit: what it wrote and how far it came become
 * durable together, so each row is there exactly once, whatever happens in between.
 */
export interface Sink {
  /** Appends rows. On `retry` nothing of them is there, and the same rows come again. */
  write(rows: readonly Row[]): WriteResult
  /** How far it came; stored with the commit and given to `create` after a restart, which removes all beyond it. */
  position(): Json
  /** The commit that holds `position()` is durable. The moment to rotate. */
  committed(): void
  /**
   * Makes what was written safe against power loss; called before the commit, with `durability: power` only. Throws when
   * the disk refuses: nobody knows what it kept, so the process must end and write again from the last commit.
   */
  sync(): void
  close(): Promise<void>
}

export type WriteResult =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'retry'; readonly reason: string }

export interface SinkDefinition<S extends z.ZodType = z.ZodType> extends Described<S> {
  readonly kind: 'sink'
  create(context: {
    readonly settings: z.output<S>
    readonly host: Host
    /** What `position()` said at the last commit; null at the first start. */
    readonly position: Json | null
  }): Sink
}
