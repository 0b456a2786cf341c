import { z } from 'zod'
import { defineSink, flowsOf, type Row, type SinkDefinition } from '../../sdk/index.ts'
import { rowTitle } from './row-title.ts'

/** Titles kept; rows of more are counted, but stand in no list. */
const MOST_TITLES = 100_000

/** What a trial learned from the rows of a pipeline. */
export class RowTally {
  rows = 0
  bytes = 0
  /** The first few rows, as JSON. */
  readonly sample: string[] = []
  readonly #sampleSize: number
  readonly #flowsByTitle = new Map<string, number>()

  constructor(sampleSize: number) {
    this.#sampleSize = sampleSize
  }

  add(row: Row): void {
    const json = JSON.stringify(row)
    this.rows++
    this.bytes += Buffer.byteLength(json) + 1
    if (this.sample.length < this.#sampleSize) this.sample.push(json)
    const title = rowTitle(row)
    const known = this.#flowsByTitle.get(title)
    if (known !== undefined || this.#flowsByTitle.size < MOST_TITLES)
      this.#flowsByTitle.set(title, (known ?? 0) + flowsOf(row))
  }

  /** The groups with the most flows over all windows. */
  largest(count: number): readonly (readonly [title: string, flows: number])[] {
    return [...this.#flowsByTitle].toSorted(([, a], [, b]) => b - a).slice(0, count)
  }
}

/** Stands in for an exporter: counts what it would have been given. */
export function tallySink(tally: RowTally): SinkDefinition {
  return defineSink({
    kind: 'sink',
    type: 'tally',
    summary: 'Counts rows.',
    settings: z.unknown(),
    metrics: [],
    create: () => ({
      write(rows) {
        const before = tally.bytes
        for (const row of rows) tally.add(row)
        return { kind: 'written', bytes: tally.bytes - before }
      },
      position: () => null,
      committed() {},
      sync() {},
      close: async () => {},
    }),
  })
}
