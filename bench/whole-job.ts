import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flowsOf, type Row } from '../src/record/row.ts'
import { type BenchCase, ROOT } from './bench-case.ts'

/** What a user runs: npm, Node, the command line, state on disk, rows in a file. Everything counts. */
export const wholeJob: BenchCase = {
  id: 'whole-job',
  title: 'the whole job: npm, Node, tail, decode, fold, state, rows to a file',
  skipped: null,
  prepare(input, dir) {
    const config = join(dir, 'job.yaml')
    writeFileSync(config, JSON.stringify(configFor(input, dir), null, 2))
    return {
      argv: ['npm', 'run', '--silent', 'flowfold', '--', 'run', '--config', config],
      cwd: ROOT,
      ends: 'by itself',
    }
  },
  outcome({ cpuS, peakBytes }, dir) {
    const text = readFileSync(rowsIn(dir), 'utf8')
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Row)
    const flows = rows.reduce((sum, row) => sum + flowsOf(row), 0)
    return { cpuS, peakBytes, flows, rows: rows.length, rowBytes: Buffer.byteLength(text) }
  },
}

function configFor(input: string, dir: string): object {
  return {
    receivers: { events_log: { include: [input], stop_at_end: true } },
    processors: { aggregate: { window: '30s', key: 'workload' } },
    exporters: { file: { path: rowsIn(dir) } },
    service: {
      state_dir: join(dir, 'state'),
      telemetry: { metrics: { endpoint: 'none' }, logs: { level: 'warn' } },
      health: { endpoint: 'none' },
      pipelines: { logs: { receivers: ['events_log'], processors: ['aggregate'], exporters: ['file'] } },
    },
  }
}

function rowsIn(dir: string): string {
  return join(dir, 'rows.jsonl')
}
