import { LineKernel } from '../kernel/line-kernel.ts'
import type { Dictionary } from '../record/dictionary.ts'
import type { Flow } from '../record/flow.ts'
import type { FlowBatch } from '../record/flow-batch.ts'
import { FLOW_COLUMN_NAMES, type FlowColumn } from '../record/flow-columns.ts'
import { FlowWriter } from '../record/flow-writer.ts'
import type { Loss } from '../record/loss.ts'
import { decodeLine } from './decode-reference.ts'
import { FRAGMENT_KINDS, type FragmentKind, fragmentValue, isText } from './fragments.ts'
import type { Line } from './line.ts'
import { LossCount } from './loss-count.ts'
import { ENVELOPE, isNeeded, type KernelColumn, ROLES, SCRATCH_COLUMNS } from './schema.ts'

/** One stretch of input, decoded. */
export interface DecodedChunk {
  /** The flows, possibly none. Valid until the next `decode`, as long as `input` is left alone. */
  readonly batch: FlowBatch
  /** Bytes that are done with; they end behind a line feed. 0 when `input` holds no whole line. */
  readonly consumedBytes: number
  /** What did not become a flow, by reason. */
  readonly losses: readonly Loss[]
  /** The row of the flow with the latest time, the first if there are several; null when there are no flows. */
  latestRow(): number | null
}

const LINE_FEED = 0x0a

/**
 * Lines of Hubble's JSON to columns. The reader puts bytes into `input` (the kernel's own memory, no copy) and calls
 * `decode` until it consumes nothing more; what is left over is the beginning of an unfinished line.
 *
 * The kernel takes the lines it fully understands. It stops at the others, and `decodeLine` takes those.
 */
export class Decoder {
  /** Where the reader puts its bytes. */
  readonly input: Uint8Array
  /** Lines so far that the kernel left to `decodeLine`. */
  declinedLines = 0
  readonly #kernel: LineKernel<KernelColumn, FragmentKind>
  readonly #dictionary: Dictionary
  readonly #writer: FlowWriter
  /** 0, 1, 2, ...: the rows of a batch are the first of these. */
  readonly #rows: Uint32Array
  #generation: number

  constructor({
    dictionary,
    reads,
    inputBytes,
  }: {
    readonly dictionary: Dictionary
    /** The columns somebody reads; the others may stay empty. */
    readonly reads: ReadonlySet<FlowColumn>
    readonly inputBytes: number
  }) {
    // Aggregated lines, the shortest there are, have some 350 bytes.
    const rows = Math.min(Math.max(Math.ceil(inputBytes / 256), 256), 8192)
    this.#kernel = new LineKernel<KernelColumn, FragmentKind>(dictionary.kernel, {
      shape: ENVELOPE,
      roles: ROLES,
      columns: [...FLOW_COLUMN_NAMES, ...SCRATCH_COLUMNS],
      isRead: (column) => isNeeded(column, reads),
      kinds: FRAGMENT_KINDS,
      ingress: 'INGRESS',
      egress: 'EGRESS',
      rows,
      inputBytes,
    })
    this.input = this.#kernel.input
    this.#dictionary = dictionary
    this.#writer = new FlowWriter(dictionary, this.#kernel.columns)
    this.#rows = Uint32Array.from({ length: rows }, (_, row) => row)
    this.#generation = dictionary.generation
  }

  /**
   * Decodes the whole lines in `input[from, to)`. `readAtMs` stands in for the time of records that bear none.
   * One call may stop early, when its columns are full: call again behind what it consumed.
   */
  decode(from: number, to: number, readAtMs: number): DecodedChunk {
    const kernel = this.#kernel
    const losses = new LossCount()
    if (this.#generation !== this.#dictionary.generation) kernel.renew()
    this.#generation = this.#dictionary.generation
    kernel.begin(from)
    for (;;) {
      const stop = kernel.run(to)
      if (stop === 'end' || stop === 'full') break
      if (stop === 'unknown' && this.#learn()) continue
      if (!this.#decodePlainly(to, readAtMs, losses)) break
    }
    const consumedBytes = kernel.at - from
    const batch: FlowBatch = {
      columns: kernel.columns,
      rows: this.#rows.subarray(0, kernel.row),
      dictionary: this.#dictionary,
      bytes: consumedBytes,
      detail: (row) => this.#detail(row, readAtMs),
    }
    return {
      batch,
      consumedBytes,
      losses: losses.list(),
      latestRow: () => this.#latestRow(batch.rows.length),
    }
  }

  /** Gives the memory back to the dictionary; the decoder and its batches must not be used any more. */
  close(): void {
    this.#kernel.close()
  }

  /** In the kernel: a loop over rows in JavaScript would cost more than the rest of a batch. */
  #latestRow(rows: number): number | null {
    const { time_s, time_ns } = this.#kernel.columns
    return rows === 0
      ? null
      : this.#dictionary.kernel.exports.latest(time_s.byteOffset, time_ns.byteOffset, rows)
  }

  /** Tells the kernel what the fragment stands for on which it stopped; false when only the whole line decides. */
  #learn(): boolean {
    const miss = this.#kernel.miss()
    if (miss === null) return false
    const value = fragmentValue(miss.kind, miss.json, this.#dictionary)
    if (value === null) return false
    this.#kernel.learn(value, isText(miss.kind))
    return true
  }

  /** Takes the line at which the kernel stopped; false when it is not whole, or finds no room in the batch. */
  #decodePlainly(to: number, readAtMs: number, losses: LossCount): boolean {
    const { at, row } = this.#kernel
    const length = this.input.subarray(at, to).indexOf(LINE_FEED)
    if (length < 0) return false
    const line = decodeLine(this.input.subarray(at, at + length), readAtMs)
    if (row + line.records.length > this.#rows.length) return false
    this.declinedLines++
    losses.add(line)
    this.#kernel.goOn(at + length + 1, this.#write(line, at, row))
    return true
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
    if (first?.record.kind !== 'flow') throw new Error(`row ${row}: its line has been overwritten`)
    return first.record.flow
  }
}
