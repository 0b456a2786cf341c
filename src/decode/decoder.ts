import type { Dictionary } from '../record/dictionary.ts'
import type { FlowBatch } from '../record/flow-batch.ts'
import type { FlowColumn } from '../record/flow-columns.ts'
import type { Loss } from '../record/loss.ts'

/** One stretch of input, decoded. */
export interface DecodedChunk {
  /** The flows, possibly none. Valid until the next `decode`. */
  readonly batch: FlowBatch
  /** Bytes that are done with; they end behind a line feed. 0 when `input` holds no whole line. */
  readonly consumedBytes: number
  /** What did not become a flow, by reason. */
  readonly losses: readonly Loss[]
}

/**
 * Lines of Hubble's JSON to columns. The reader puts bytes into `input` (the kernel's own memory, no copy) and calls
 * `decode` until it consumes nothing more; what is left over is the beginning of an unfinished line.
 */
export class Decoder {
  /** Where the reader puts its bytes. */
  readonly input: Uint8Array

  constructor(_options: {
    readonly dictionary: Dictionary
    /** The columns somebody reads; the others may stay empty. */
    readonly reads: ReadonlySet<FlowColumn>
    readonly inputBytes: number
  }) {
    this.input = new Uint8Array(_options.inputBytes)
  }

  /**
   * Decodes the whole lines in `input[from, to)`. `readAtMs` stands in for the time of records that bear none.
   * One call may stop early, when its columns are full: call again behind what it consumed.
   */
  decode(_from: number, _to: number, _readAtMs: number): DecodedChunk {
    throw new Error('not there yet')
  }
}
