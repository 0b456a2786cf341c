import type { Dictionary } from './dictionary.ts'
import type { Flow } from './flow.ts'
import type { FlowColumns } from './flow-columns.ts'

/**
 * Thousands of flows in columns, handed on as one. Valid until the call it was passed to returns: the columns are the
 * decoder's own memory and the next batch is written over them.
 */
export interface FlowBatch {
  readonly columns: FlowColumns
  /** Which rows of the columns belong to the batch, ascending. */
  readonly rows: Uint32Array
  readonly dictionary: Dictionary
  /** Bytes of input behind the batch. */
  readonly bytes: number
  /** The whole flow, with what no column holds. Parses text: for single-flow pipelines and tests, not for hot loops. */
  detail(row: number): Flow
}

/** The same batch with fewer rows. */
export function selectRows(batch: FlowBatch, rows: Uint32Array): FlowBatch {
  const { columns, dictionary, bytes } = batch
  return { columns, rows, dictionary, bytes, detail: (row) => batch.detail(row) }
}

/** How many flows the batch stands for: rows weighted by the counts they bring along. */
export function countFlows({ columns, rows }: FlowBatch): number {
  const { ingress_flows, egress_flows, unknown_flows } = columns
  let flows = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    flows += ingress_flows[row] + egress_flows[row] + unknown_flows[row]
  }
  return flows
}
