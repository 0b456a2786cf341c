import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodeLine } from '../../src/decode/decode-reference.ts'
import type { Row } from '../../src/record/row.ts'
import { rowOfFlow } from '../../src/record/row-of-flow.ts'

const SAMPLE = fileURLToPath(new URL('../../config/sample/events.log', import.meta.url))
const RECORDED = fileURLToPath(new URL('../../../shared/data/hubble-samples.jsonl', import.meta.url))

/** Why there are no recorded flows on this machine, or false. */
export const noRecording = !existsSync(RECORDED) && 'there is no recording of real flows on this machine'

/** Single flows of the sample that comes with the project, as rows: they have everything that a flow can have. */
export function sampleRows(): Row[] {
  return rowsOf(SAMPLE)
}

/** Flows of real clusters, as rows. */
export function recordedRows(): Row[] {
  return rowsOf(RECORDED)
}

function rowsOf(path: string): Row[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  const flows = lines.flatMap((line) =>
    decodeLine(Buffer.from(line), 0).records.flatMap(({ record }) =>
      record.kind === 'flow' ? [record.flow] : [],
    ),
  )
  return flows.map((flow, i) => rowOfFlow(flow, `row-${i}`, { ingress: 1, egress: 0, unknown: 0 }, 'node-1'))
}
