import { Buffer } from 'node:buffer'
import { flowsOf, type Row } from './row.ts'

/** Rows on their way out. Their JSON text comes first, because most of them are only ever written down. */
export interface RowBatch {
  /** One JSON object a row, as `Row` describes it. Their number is that of `flows`. */
  readonly lines: readonly string[]
  /** How many flows each row stands for. */
  readonly flows: readonly number[]
  /** The lines as bytes, each with its line feed, where they were made so. */
  readonly text?: Buffer
  /**
   * The same rows for longer. Those of a fold stand in memory that its next ones are written to: as they come, they can
   * be read until then, and throw behind that.
   */
  keep(): RowBatch
}

export function rowBatch(rows: readonly Row[]): RowBatch {
  const batch: RowBatch = {
    lines: rows.map((row) => JSON.stringify(row)),
    flows: rows.map(flowsOf),
    keep: () => batch,
  }
  return batch
}

/** Rows that are bytes: who wants strings pays for them. */
export class TextRows implements RowBatch {
  readonly flows: readonly number[]
  readonly #text: Buffer
  readonly #isLent: (() => boolean) | null
  #lines: readonly string[] | null = null

  /** `isLent` tells whether a text that belongs to somebody else is still there. */
  constructor(text: Buffer, flows: readonly number[], isLent: (() => boolean) | null = null) {
    this.#text = text
    this.flows = flows
    this.#isLent = isLent
  }

  get text(): Buffer {
    if (this.#isLent?.() === false)
      throw new Error('these rows are gone: who needs them for longer keeps them')
    return this.#text
  }

  get lines(): readonly string[] {
    this.#lines ??= this.text.toString().split('\n').slice(0, -1)
    return this.#lines
  }

  keep(): RowBatch {
    return this.#isLent ? new TextRows(Buffer.from(this.text), this.flows) : this
  }
}

/** How many flows the rows stand for together. */
export function flowsOfBatch({ flows }: RowBatch): number {
  return flows.reduce((sum, ofRow) => sum + ofRow, 0)
}

/** The rows as objects, for those who look into them. */
export function rowsOf({ lines }: RowBatch): Row[] {
  return lines.map((line) => JSON.parse(line) as Row)
}
