import { aggregate } from '../../../processors/aggregate/index.ts'
import {
  batchOf,
  type ClosedWindow,
  type Dictionary,
  type Flow,
  type FlowBatch,
  type Fold,
  flowsOf,
  type Row,
  rowsOf as rowsOfBatch,
} from '../../../src/sdk/index.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { flow } from '../../support/flows.ts'
import { type TestHost, testHost } from '../../support/host.ts'

/** All times of these tests are seconds after this one. */
export const START_S = Date.UTC(2026, 0, 1) / 1000

/** A fold under test, and what it is given and gives back. */
export interface Folding {
  readonly fold: Fold
  readonly host: TestHost
  /** Folds one batch, as the engine does it: then closes what is over. */
  give(...flows: readonly Flow[]): readonly Row[]
  batch(flows: readonly Flow[]): FlowBatch
  /** Closes what is over by now. */
  close(): readonly ClosedWindow[]
  /** Lets silence pass and closes what is over then. */
  wait(seconds: number): Promise<readonly Row[]>
  /** Closes all. */
  flush(): readonly Row[]
}

/** With the clock an hour ahead of the flows: they come from a recording, and no silence closes anything. */
export function folding(
  settings: object = {},
  { dictionary, nowS = 3600 }: { readonly dictionary?: Dictionary; readonly nowS?: number } = {},
): Folding {
  const clock = new FakeClock((START_S + nowS) * 1000)
  const host = { ...testHost(dictionary ? { dictionary } : {}), clock }
  const parsed = aggregate.settings.parse(settings)
  aggregate.check?.(parsed)
  const fold = aggregate.create({ settings: parsed, host, pipeline: 'logs/test' })
  const close = () => kept(fold.close(clock.now()))
  const batch = (flows: readonly Flow[]) => batchOf(host.dictionary, flows)
  return {
    fold,
    host,
    close,
    batch,
    give(...flows) {
      fold.fold(batch(flows))
      return rowsOf(close())
    },
    async wait(seconds) {
      await clock.advance(seconds * 1000)
      return rowsOf(close())
    },
    flush: () => rowsOf(fold.flush()),
  }
}

/** A flow so many seconds after the start. */
export function at(seconds: number, differs: Partial<Flow> = {}): Flow {
  return flow({ time: timeAt(seconds), ...differs })
}

export function timeAt(seconds: number): string {
  return new Date(Math.round((START_S + seconds) * 1000)).toISOString()
}

/** All at once, for which their rows have to be kept. */
export function kept(windows: Iterable<ClosedWindow>): readonly ClosedWindow[] {
  return Array.from(windows, ({ window, rows }) => ({ window, rows: rows.keep() }))
}

export function rowsOf(windows: Iterable<ClosedWindow>): readonly Row[] {
  return Array.from(windows, ({ rows }) => rowsOfBatch(rows)).flat()
}

/** What a test about windows wants to see of rows: start in seconds, revision, flows. */
export function summary(rows: readonly Row[]): readonly (readonly [number, number, number])[] {
  return rows.map((row) => [Date.parse(row.WindowStart!) / 1000 - START_S, row.Revision!, flowsOf(row)])
}

export function totalFlows(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + flowsOf(row), 0)
}

/** Rows in an order of their own, so that sets of them compare. */
export function sorted(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => (a.UUID < b.UUID ? -1 : 1))
}
