import type { Receiver } from '../sdk/index.ts'
import type { FoldChange, Store } from '../state/store.ts'
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
  readonly store: Store
  readonly durability: 'process' | 'power'
}

/**
 * The commit: positions, panes, rows and counters become durable together.
 *
 * Sinks write first and the transaction comes after: a crash in between leaves rows beyond the stored position, which
 * the sink removes at the next start. The other way round rows would be missing. It runs between two batches, when
 * everything that was handed over has been folded, so what it stores is one consistent moment.
 */
export function commit({ receivers, pipelines, outlets, store, durability }: CommitParts): CommitResult {
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
    ledgers: new Map(pipelines.map(({ id, ledger }) => [id, ledger.toJson()])),
  })
  if (result.kind === 'retry') return { kind: 'blocked', where: 'state', reason: result.reason }
  for (const pipeline of pipelines) pipeline.stored()
  for (const { sink } of outlets.values()) sink.committed()
  return { kind: 'stored' }
}
