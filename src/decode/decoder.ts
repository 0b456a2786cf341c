import { Buffer } from 'node:buffer'
import type { Dictionary } from '../record/dictionary.ts'
import type { Flow } from '../record/flow.ts'
import type { FlowBatch } from '../record/flow-batch.ts'
import type { FlowColumn } from '../record/flow-columns.ts'
import { allocateColumns, FlowWriter } from '../record/flow-writer.ts'
import type { Loss } from '../record/loss.ts'
import { decodeLine } from './decode-reference.ts'
import type { Line } from './line.ts'
import { LossCount } from './loss-count.ts'

/** One stretch of input, decoded. */
export interface DecodedChunk {
  /** The flows, possibly none. Valid until the next `decode`, as long as `input` is left alone. */
  readonly batch: FlowBatch
  /** Bytes that are done with; they end behind a line feed. 0 when `input` holds no whole line. */
  readonly consumedBytes: number
  /** What did not become a flow, by reason. */
  readonly losses: readonly Loss[]
}

const LINE_FEED = 0x0a

/**
 * Lines of Hubble's JSON to columns. The reader puts bytes into `input` (the kernel's own memory, no copy) and calls
 * `decode` until it consumes nothing more; what is left over is the beginning of an unfinished line.
 */
export class Decoder {
  /** Where the reader puts its bytes. */
  readonly input: Uint8Array
  readonly #bytes: Buffer
  readonly #dictionary: Dictionary
  readonly #writer: FlowWriter
  /** 0, 1, 2, ...: the rows of a batch are the first of these. */
  readonly #rows: Uint32Array

  constructor({
    dictionary,
    inputBytes,
  }: {
    readonly dictionary: Dictionary
    /** The columns somebody reads; the others may stay empty. */
    readonly reads: ReadonlySet<FlowColumn>
    readonly inputBytes: number
  }) {
    this.input = new Uint8Array(inputBytes)
    this.#bytes = Buffer.from(this.input.buffer)
    this.#dictionary = dictionary
    const rows = Math.min(Math.max(Math.ceil(inputBytes / 256), 256), 8192)
    this.#writer = new FlowWriter(dictionary, allocateColumns(rows))
    this.#rows = Uint32Array.from({ length: rows }, (_, row) => row)
  }

  /**
   * Decodes the whole lines in `input[from, to)`. `readAtMs` stands in for the time of records that bear none.
   * One call may stop early, when its columns are full: call again behind what it consumed.
   */
  decode(from: number, to: number, readAtMs: number): DecodedChunk {
    const losses = new LossCount()
    let rows = 0
    let at = from
    for (;;) {
      const end = this.#bytes.subarray(0, to).indexOf(LINE_FEED, at)
      if (end < 0) break
      const line = decodeLine(this.input.subarray(at, end), readAtMs)
      if (rows + line.records.length > this.#rows.length) break
      rows = this.#write(line, at, rows)
      losses.add(line)
      at = end + 1
    }
    const batch: FlowBatch = {
      columns: this.#writer.columns,
      rows: this.#rows.subarray(0, rows),
      dictionary: this.#dictionary,
      bytes: at - from,
      detail: (row) => this.#detail(row, readAtMs),
    }
    return { batch, consumedBytes: at - from, losses: losses.list() }
  }

  #write(line: Line, at: number, firstRow: number): number {
    let row = firstRow
    for (const { record, start, end } of line.records) {
      if (record.kind !== 'flow') continue
      this.#writer.write(row, record.flow)
      this.#writer.columns.line_start[row] = at + start
      this.#writer.columns.line_end[row] = at + end
      row++
    }
    return row
  }

  #detail(row: number, readAtMs: number): Flow {
    const { line_start, line_end } = this.#writer.columns
    const [first] = decodeLine(this.input.subarray(line_start[row], line_end[row]), readAtMs).records
    if (first.record.kind !== 'flow') throw new Error(`row ${row}: its line has been overwritten`)
    return first.record.flow
  }
}
