import type { Buffer } from 'node:buffer'
import { flowsOf, type Row } from './row.ts'

/** Rows on their way out. Their JSON text comes first, because most of them are only ever written down. */
export interface RowBatch {
  /** One JSON object a row, as `Row` describes it. Their number is that of `flows`. */
  readonly lines: readonly string[]
  /** How many flows each row stands for. */
  readonly flows: readonly number[]
  /** The lines as bytes, each with its line feed, where they were made so. */
  readonly text?: Buffer
}

export function rowBatch(rows: readonly Row[]): RowBatch {
  return {
    lines: rows.map((row) => JSON.stringify(row)),
    flows: rows.map(flowsOf),
  }
}

/** Rows that are bytes: who wants strings pays for them. */
export class TextRows implements RowBatch {
  readonly text: Buffer
  readonly flows: readonly number[]
  #lines: readonly string[] | null = null

  constructor(text: Buffer, flows: readonly number[]) {
    this.text = text
    this.flows = flows
  }

  get lines(): readonly string[] {
    this.#lines ??= this.text.toString().split('\n').slice(0, -1)
    return this.#lines
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
