import type { Receiver } from '../sdk/index.ts'
import type { Outbox } from '../state/outbox.ts'
import type { FoldChange, Store } from '../state/store.ts'
import type { Ledger } from '../telemetry/ledger.ts'
import type { Outlet } from './outlet.ts'
import type { Pipeline } from './pipeline.ts'

export type CommitResult =
  | { readonly kind: 'stored' }
  /** Something durable cannot be written now. Everything is still in memory; try again, and take no more input. */
  | { readonly kind: 'blocked'; readonly where: string; readonly reason: string }

export interface CommitParts {
  readonly receivers: ReadonlyMap<string, Receiver>
  readonly pipelines: readonly Pipeline[]
  readonly outlets: ReadonlyMap<string, Outlet>
  readonly ledgers: ReadonlyMap<string, Ledger>
  readonly outbox: Outbox
  readonly store: Store
  readonly nowMs: number
  readonly durability: 'process' | 'power'
}

/**
 * The commit: positions, panes, rows and counters become durable together.
 *
 * Sinks write first and the transaction comes after: a crash in between leaves rows beyond the stored position, which
 * the sink removes at the next start. The other way round rows would be missing. It runs between two batches, when
 * everything that was handed over has been folded, so what it stores is one consistent moment.
 */
export function commit(parts: CommitParts): CommitResult {
  const { receivers, pipelines, outlets, ledgers, outbox, store, durability } = parts
  outbox.seal(parts.nowMs)
  trimOutbox(parts)
  const full = outbox.blockedBy()
  if (full !== null)
    return { kind: 'blocked', where: `exporter ${full}`, reason: 'its outbox is full (outbox.max_bytes)' }
  for (const outlet of outlets.values()) {
    const result = outlet.write()
    if (result.kind === 'retry')
      return { kind: 'blocked', where: `exporter ${outlet.id}`, reason: result.reason }
    if (durability === 'power') outlet.sink.sync()
  }
  const folds = new Map<string, FoldChange>()
  for (const pipeline of pipelines) {
    const change = pipeline.change()
    if (change !== null) folds.set(pipeline.id, change)
  }
  const result = store.commit({
    positions: new Map([...receivers].map(([id, receiver]) => [id, receiver.position()])),
    folds,
    sinks: new Map([...outlets].map(([id, { sink }]) => [id, sink.position()])),
    ledgers: new Map([...ledgers].map(([id, ledger]) => [id, ledger.toJson()])),
    outbox: outbox.change(),
  })
  if (result.kind === 'retry') return { kind: 'blocked', where: 'state', reason: result.reason }
  outbox.stored()
  for (const pipeline of pipelines) pipeline.stored()
  for (const { sink } of outlets.values()) sink.committed()
  return { kind: 'stored' }
}

/** What an exporter's settings drop from its outbox is written down before the commit that drops it. */
function trimOutbox({ outbox, ledgers, nowMs }: CommitParts): void {
  for (const { exporter, pipeline, reason, flows } of outbox.trim(nowMs))
    ledgers.get(pipeline)!.droppedAt(exporter, reason, flows)
}
