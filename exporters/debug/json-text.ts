import type { Row } from '../../src/sdk/index.ts'
import type { Hidden } from './debug-sink.ts'

/** One row a line; when some are missing, a last object tells. */
export function jsonText(rows: readonly Row[], hidden: Hidden): string {
  const lines = rows.map((row) => JSON.stringify(row))
  if (hidden.rows > 0) lines.push(JSON.stringify({ HiddenRows: hidden.rows, HiddenFlows: hidden.flows }))
  return `${lines.join('\n')}\n`
}
