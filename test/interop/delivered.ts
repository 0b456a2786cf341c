import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generateLines, writeLines } from '../../bench/generator.ts'
import type { Row } from '../../src/sdk/index.ts'
import { LiveProcess } from '../delivery/live-process.ts'
import { tempDir } from '../support/temp-dir.ts'

const SAMPLE = fileURLToPath(new URL('../../config/sample/events.log', import.meta.url))
/** Flows of real clusters, where there are some. */
const RECORDED = fileURLToPath(new URL('../../../shared/data/hubble-samples.jsonl', import.meta.url))
const GENERATED_FLOWS = 8000

/** The node of rows that name none. */
export const NODE = 'node-1'

/**
 * Runs flowfold over recordings until these exporters have every row, folded rows and single flows, and tells which rows
 * they were.
 */
export async function delivered(
  test: TestContext,
  exporters: { readonly [id: string]: object },
): Promise<readonly Row[]> {
  const folder = tempDir(test)
  writeLines(generateLines({ flows: GENERATED_FLOWS }), join(folder, 'generated.log'))
  copyFileSync(SAMPLE, join(folder, 'sample.log'))
  if (existsSync(RECORDED)) copyFileSync(RECORDED, join(folder, 'recorded.log'))
  const rows = join(folder, 'rows.jsonl')
  const all = { ...exporters, file: { path: rows, rotation: { max_size: 0 } } }
  const pipeline = { receivers: ['events_log'], exporters: Object.keys(all) }
  const config = {
    receivers: { events_log: { include: [join(folder, '*.log')], stop_at_end: true } },
    processors: { aggregate: {} },
    exporters: all,
    service: {
      state_dir: join(folder, 'state'),
      node_name: NODE,
      telemetry: { metrics: { endpoint: 'none' } },
      health: { endpoint: 'none' },
      pipelines: { 'logs/folded': { ...pipeline, processors: ['aggregate'] }, 'logs/single': pipeline },
    },
  }
  const path = join(folder, 'flowfold.yaml')
  writeFileSync(path, JSON.stringify(config))
  await new LiveProcess(test, path, 0).end()
  const lines = readFileSync(rows, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line))
}
