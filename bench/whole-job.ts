import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flowsOf, type Row } from '../src/record/row.ts'
import { type BenchCase, type Outcome, ROOT } from './bench-case.ts'
import type { Command, Measured } from './measure.ts'

/** What a user runs: npm, Node, the command line, state on disk, rows in a file. Everything counts. */
export const wholeJob: BenchCase = {
  id: 'whole-job',
  title: 'the whole job: npm, Node, tail, decode, fold, state, rows to a file',
  skipped: null,
  prepare: (input, dir) => run(input, dir),
  outcome: (measured, dir) => outcome(measured, rowsIn(dir)),
}

/** The part of it that does not grow with the log. */
export const start: BenchCase = {
  id: 'start',
  title: 'its start alone: the same with an empty log',
  skipped: null,
  prepare(_, dir) {
    const empty = join(dir, 'events.log')
    writeFileSync(empty, '')
    return run(empty, dir)
  },
  outcome: ({ cpuS, peakBytes }) => ({ cpuS, peakBytes, flows: 0, rows: 0, rowBytes: 0 }),
}

function run(input: string, dir: string): Command {
  const config = join(dir, 'job.yaml')
  writeFileSync(config, JSON.stringify(configFor(input, dir), null, 2))
  return {
    argv: ['npm', 'run', '--silent', 'flowfold', '--', 'run', '--config', config],
    cwd: ROOT,
    ends: 'by itself',
  }
}

function outcome({ cpuS, peakBytes }: Measured, path: string): Outcome {
  const text = readFileSync(path, 'utf8')
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)
  const flows = rows.reduce((sum, row) => sum + flowsOf(row), 0)
  return { cpuS, peakBytes, flows, rows: rows.length, rowBytes: Buffer.byteLength(text) }
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
