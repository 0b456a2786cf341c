import { flowsOf, type Row } from './row.ts'

/** Rows on their way out. Their JSON text comes first, because most of them are only ever written down. */
export interface RowBatch {
  /** One JSON object a row, as `Row` describes it. */
  readonly lines: readonly string[]
  /** How many flows each row stands for. */
  readonly flows: readonly number[]
}

export function rowBatch(rows: readonly Row[]): RowBatch {
  return {
    lines: rows.map((row) => JSON.stringify(row)),
    flows: rows.map(flowsOf),
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
