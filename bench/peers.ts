import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { BenchCase, Outcome } from './bench-case.ts'
import type { Measured } from './measure.ts'

/** Both deliver by the clock; the shorter, the sooner the run is over. Half a minute of events is read faster. */
const INTERVAL = '5s'

/** What a row is grouped by, as paths below `flow`: the key of ACNS with the ports of both protocols. */
const KEY = [
  'verdict',
  'is_reply',
  'drop_reason_desc',
  'source.namespace',
  'source.identity',
  'destination.namespace',
  'destination.identity',
  'l4.TCP.destination_port',
  'l4.UDP.destination_port',
  'l7.http.code',
  'l7.dns.rcode',
  'IP.ipVersion',
  'traffic_direction',
]

/**
 * Fluent Bit: tail, JSON parser, SQL. Source: its manual, "stream processing" and "tail". Its GROUP BY leaves out
 * records that lack a key field, so this key is the part of KEY that all records have.
 */
export const fluentBit: BenchCase = {
  id: 'fluent-bit',
  title: 'Fluent Bit: tail, json, SQL group-by, file',
  skipped: missing('fluent-bit'),
  prepare(input, dir) {
    const config = join(dir, 'fluent-bit.conf')
    const parsers = join(dir, 'parsers.conf')
    writeFileSync(parsers, '[PARSER]\n    Name   json\n    Format json\n')
    writeFileSync(
      config,
      `[SERVICE]
    Flush        1
    Grace        2
    Log_Level    error
    Parsers_File ${parsers}
[INPUT]
    Name             tail
    Tag              hubble
    Path             ${input}
    Parser           json
    Read_from_Head   true
    Buffer_Max_Size  1M
[OUTPUT]
    Name   file
    Match  rows
    Path   ${dir}
    File   rows.jsonl
    Format plain
`,
    )
    const key = ['verdict', 'source.identity', 'destination.identity', 'IP.ipVersion'].map(sqlPath)
    const select = `SELECT ${key.join(', ')}, COUNT(*) AS flows FROM TAG:'hubble' WINDOW TUMBLING (${Number.parseInt(INTERVAL, 10)} SECOND) GROUP BY ${key.join(', ')};`
    return {
      argv: ['fluent-bit', '-c', config, '-T', `CREATE STREAM rows WITH (tag='rows') AS ${select}`],
      cwd: dir,
      ends: 'when idle',
    }
  },
  outcome: (measured, dir) => counted(measured, join(dir, 'rows.jsonl'), /"flows":\s*(\d+)/g),
}

/** An OpenTelemetry Collector with file_log and log_dedup. Source: their READMEs in opentelemetry-collector-contrib. */
export const otelCollector: BenchCase = {
  id: 'otel-collector',
  title: 'OpenTelemetry Collector: file_log, json, log_dedup, file',
  skipped: collector() === null ? 'neither otelcol-contrib nor otelcol is on the PATH' : null,
  prepare(input, dir) {
    const config = join(dir, 'otelcol.yaml')
    writeFileSync(config, JSON.stringify(collectorConfig(input, dir), null, 2))
    return { argv: [collector() ?? 'otelcol', '--config', config], cwd: dir, ends: 'when idle' }
  },
  outcome: (measured, dir) =>
    counted(measured, join(dir, 'rows.jsonl'), /"log_count","value":\{"intValue":"(\d+)"/g),
}

function collectorConfig(input: string, dir: string): object {
  return {
    receivers: {
      file_log: {
        include: [input],
        start_at: 'beginning',
        operators: [{ type: 'json_parser', parse_to: 'body' }],
        include_file_name: false,
      },
    },
    processors: {
      log_dedup: { interval: INTERVAL, include_fields: KEY.map((path) => `body.flow.${path}`) },
    },
    exporters: { file: { path: join(dir, 'rows.jsonl') } },
    service: {
      telemetry: { logs: { level: 'error' }, metrics: { level: 'none' } },
      pipelines: { logs: { receivers: ['file_log'], processors: ['log_dedup'], exporters: ['file'] } },
    },
  }
}

function counted({ cpuS, peakBytes }: Measured, path: string, count: RegExp): Outcome {
  const counts = [...readFileSync(path, 'utf8').matchAll(count)].map(([, flows]) => Number(flows))
  const flows = counts.reduce((sum, one) => sum + one, 0)
  return { cpuS, peakBytes, flows, rows: counts.length, rowBytes: statSync(path).size }
}

function sqlPath(path: string): string {
  return `flow${path
    .split('.')
    .map((key) => `['${key}']`)
    .join('')}`
}

function collector(): string | null {
  return ['otelcol-contrib', 'otelcol'].find((name) => missing(name) === null) ?? null
}

/** Why a program cannot be run; null when it can. */
function missing(program: string): string | null {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, program)))
  return found ? null : `${program} is not on the PATH`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
