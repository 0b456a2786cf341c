import { decodeLine } from '../../src/decode/decode-reference.ts'
import { Decoder } from '../../src/decode/decoder.ts'
import { LossCount } from '../../src/decode/loss-count.ts'
import { Dictionary } from '../../src/record/dictionary.ts'
import {
  FLOW_COLUMN_NAMES,
  FLOW_COLUMNS,
  type FlowColumn,
  type FlowColumns,
} from '../../src/record/flow-columns.ts'
import { allocateColumns, FlowWriter } from '../../src/record/flow-writer.ts'
import type { Loss } from '../../src/record/loss.ts'

export const READ_AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
export const ALL_COLUMNS: ReadonlySet<FlowColumn> = new Set(FLOW_COLUMN_NAMES)

/** What a stretch of input means, in plain values: ids are looked up, so dictionaries need not agree. */
export interface Meaning {
  readonly flows: readonly { readonly [column: string]: unknown }[]
  readonly losses: readonly Loss[]
  readonly consumedBytes: number
}

/** Decodes with the plain decoder alone, which is the standard. */
export function plainly(input: Uint8Array, reads = ALL_COLUMNS): Meaning {
  const dictionary = new Dictionary()
  const writer = new FlowWriter(dictionary, allocateColumns(1))
  const losses = new LossCount()
  const flows: Meaning['flows'][number][] = []
  let at = 0
  for (;;) {
    const end = input.indexOf(0x0a, at)
    if (end < 0) break
    const line = decodeLine(input.subarray(at, end), READ_AT_MS)
    losses.add(line)
    for (const { record, start, end } of line.records) {
      if (record.kind !== 'flow') continue
      writer.write(0, record.flow)
      writer.columns.line_start[0] = at + start
      writer.columns.line_end[0] = at + end
      flows.push(plain(writer.columns, 0, dictionary, reads))
    }
    at = end + 1
  }
  return { flows, losses: sorted(losses.list()), consumedBytes: at }
}

/** Decodes with kernel and plain decoder together, as they run, calling again until nothing more is consumed. */
export function together(decoder: Decoder, input: Uint8Array, reads = ALL_COLUMNS): Meaning {
  decoder.input.set(input)
  const flows: Meaning['flows'][number][] = []
  const losses: Loss[] = []
  let at = 0
  for (;;) {
    const chunk = decoder.decode(at, input.length, READ_AT_MS)
    const { columns, rows, dictionary } = chunk.batch
    for (const row of rows) flows.push(plain(columns, row, dictionary, reads))
    losses.push(...chunk.losses)
    at += chunk.consumedBytes
    if (chunk.consumedBytes === 0) break
  }
  return { flows, losses: sorted(losses), consumedBytes: at }
}

export function newDecoder(inputBytes: number, reads = ALL_COLUMNS): Decoder {
  return new Decoder({ dictionary: new Dictionary(), reads, inputBytes })
}

function plain(columns: FlowColumns, row: number, dictionary: Dictionary, reads: ReadonlySet<FlowColumn>) {
  const values: { [column: string]: unknown } = {}
  for (const name of reads) {
    const cell = columns[name][row]
    const kind = FLOW_COLUMNS[name]
    if (kind === 'text') values[name] = dictionary.text(cell)
    else if (kind === 'json' || kind === 'endpoint') values[name] = dictionary.json(cell)
    else values[name] = cell
  }
  return values
}

/** Losses of one reason added up, in a fixed order. */
export function sorted(losses: readonly Loss[]): Loss[] {
  const sums = new Map<string, Loss>()
  for (const loss of losses) {
    const key = `${loss.kind} ${'reason' in loss ? loss.reason : 'source' in loss ? loss.source : ''}`
    const known = sums.get(key)
    sums.set(key, known === undefined ? loss : added(known, loss))
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, loss]) => loss)
}

function added(a: Loss, b: Loss): Loss {
  if (a.kind === 'dropped' && b.kind === 'dropped') return { ...a, flows: a.flows + b.flows }
  if (a.kind === 'noted' && b.kind === 'noted') return { ...a, count: a.count + b.count }
  if (a.kind === 'lost_upstream' && b.kind === 'lost_upstream') return { ...a, events: a.events + b.events }
  return a
}
