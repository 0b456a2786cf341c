import { z } from 'zod'
import type { Configured } from '../../config/resolved.ts'
import {
  type AnyExporterDefinition,
  defineSink,
  flowsOf,
  type Row,
  type RowBatch,
  rowsOf,
  type Sender,
  type SinkDefinition,
} from '../../sdk/index.ts'
import { rowTitle } from './row-title.ts'

/** Titles kept; rows of more are counted, but stand in no list. */
const MOST_TITLES = 100_000

/** What a trial learned from the rows of a pipeline. */
export class RowTally {
  /** The first few rows. */
  readonly sample: Row[] = []
  readonly #sampleSize: number
  readonly #flowsByTitle = new Map<string, number>()

  constructor(sampleSize: number) {
    this.#sampleSize = sampleSize
  }

  add(row: Row): void {
    if (this.sample.length < this.#sampleSize) this.sample.push(row)
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

/** Stands in for an exporter: counts what it would be given, in bytes as they would leave, and sends nothing. */
export function tallySink(exporter: Configured<AnyExporterDefinition>, tally: RowTally): SinkDefinition {
  const { definition, settings } = exporter
  return defineSink({
    kind: 'sink',
    type: 'tally',
    summary: 'Counts rows.',
    settings: z.unknown(),
    metrics: [],
    create({ host }) {
      const sender = definition.kind === 'sender' ? definition.create({ settings, host }) : null
      const measured = (definition.kind === 'sink' && definition.measure?.(settings)) || jsonBytes
      return {
        write(batch) {
          const rows = rowsOf(batch)
          for (const row of rows) tally.add(row)
          return { kind: 'written', bytes: sender ? payloadBytes(sender, rows) : measured(batch) }
        },
        position: () => null,
        committed() {},
        sync() {},
        close: async () => sender?.close?.(),
      }
    },
  })
}

function payloadBytes(sender: Sender, rows: readonly Row[]): number {
  let bytes = 0
  for (const { body } of sender.encode(rows)) bytes += body.length
  return bytes
}

/** As lines of a file. */
function jsonBytes({ lines }: RowBatch): number {
  return lines.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0)
}
