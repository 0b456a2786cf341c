import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchCase, type Outcome, stage } from './bench-case.ts'
import { readChunks } from './cases/read-chunks.ts'
import { generateLines, writeLines } from './generator.ts'
import { measure } from './measure.ts'
import { fluentBit, otelCollector } from './peers.ts'
import { type BenchResult, lossesIn, type Shares, sharesOf, tableOf } from './report.ts'
import { start, wholeJob } from './whole-job.ts'

const CASES: readonly BenchCase[] = [
  stage('line-ends', 'find line ends, nothing else'),
  stage('json-parse', 'the plain loop: JSON.parse and a Map'),
  stage('decode', 'decode to columns'),
  stage('decode-fold', 'decode and fold to rows'),
  stage('deliver-splunk', 'deliver these rows: outbox, splunk_hec, a backend on loopback'),
  stage('deliver-otlp', 'deliver these rows: outbox, otlp_http in Protobuf, a backend on loopback'),
  stage('deliver-otlp-json', 'deliver these rows: outbox, otlp_http in JSON, a backend on loopback'),
  wholeJob,
  start,
  fluentBit,
  otelCollector,
]
const BASELINE_PATH = join(import.meta.dirname, 'baseline.json')
const HELP = `npm run bench -- [options]

  --flows N      so many lines of 2 kB are generated and read (300000)
  --input FILE   a recorded events.log instead
  --rounds K     how often each case is run, in turns (3)
  --quick        30000 lines, one round: whether it works, not how fast
  --only A,B     some cases: ${CASES.map(({ id }) => id).join(', ')}
  --json         for programs
  --record       keep the shares in baseline.json, to compare with later
`

interface Options {
  readonly flows: number
  readonly input: string | null
  readonly rounds: number
  readonly only: readonly string[]
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      flows: { type: 'string' },
      input: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, json, record, help } = values
  const options = {
    flows: Number(values.flows ?? (quick ? 30_000 : 300_000)),
    input: values.input ? resolve(values.input) : null,
    rounds: Number(values.rounds ?? (quick ? 1 : 3)),
    only: values.only?.split(',') ?? CASES.map(({ id }) => id),
  }
  const problem = problemWith(options)
  if (help || problem) {
    process.stdout.write(help ? HELP : `${problem}\n\n${HELP}`)
    process.exitCode = help ? 0 : 1
    return
  }
  const result = await bench(options)
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : tableOf(result, readBaseline()))
  if (record) writeFileSync(BASELINE_PATH, `${JSON.stringify(sharesOf(result), null, 2)}\n`)
  if (lossesIn(result).length > 0) process.exitCode = 1
}

function problemWith({ flows, rounds, only }: Options): string | null {
  if (process.platform !== 'linux') return 'the bench reads CPU time from /proc, so it needs Linux'
  if (!(flows >= 1)) return '--flows must be a number'
  if (!(rounds >= 1)) return '--rounds must be a number'
  const unknown = only.find((id) => !CASES.some((one) => one.id === id))
  return unknown === undefined ? null : `there is no case "${unknown}"`
}

async function bench(options: Options): Promise<BenchResult> {
  const dir = mkdtempSync(join(tmpdir(), 'flowfold-bench-'))
  try {
    const input = options.input ?? generate(options.flows, join(dir, 'events.log'))
    // It also brings the file into memory: the case that comes first must not pay for the disk.
    const lines = countLines(input)
    const before = loadavg()[0]
    const best = await runInTurns(input, options, dir)
    return {
      node: process.version,
      processor: `${cpus().length} x ${cpus()[0].model}`,
      load: { before, after: loadavg()[0] },
      rounds: options.rounds,
      input: { lines, bytes: statSync(input).size },
      cases: casesOf(options).map(({ id, title, skipped }) => ({
        id,
        title,
        skipped,
        best: best.get(id) ?? null,
      })),
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** All cases over the same file, one after the other and then again, so that a busy moment of the machine hits none alone. */
async function runInTurns(input: string, options: Options, dir: string): Promise<Map<string, Outcome>> {
  const best = new Map<string, Outcome>()
  for (let round = 1; round <= options.rounds; round++)
    for (const one of casesOf(options).filter(({ skipped }) => skipped === null)) {
      tell(`round ${round} of ${options.rounds}: ${one.title}`)
      const outcome = await runOnce(one, input, join(dir, `${one.id}-${round}`))
      best.set(one.id, better(outcome, best.get(one.id)))
    }
  tell('')
  return best
}

async function runOnce(one: BenchCase, input: string, dir: string): Promise<Outcome> {
  mkdirSync(dir)
  const measured = await measure(one.prepare(input, dir))
  const outcome = one.outcome(measured, dir)
  rmSync(dir, { recursive: true })
  return outcome
}

/** The least CPU time, for what disturbs only adds; but the most memory. */
function better(outcome: Outcome, other: Outcome | undefined): Outcome {
  if (!other) return outcome
  const peakBytes = Math.max(outcome.peakBytes, other.peakBytes)
  return { ...(outcome.cpuS < other.cpuS ? outcome : other), peakBytes }
}

function casesOf({ only }: Options): readonly BenchCase[] {
  return CASES.filter(({ id }) => only.includes(id))
}

function generate(flows: number, path: string): string {
  tell(`writing ${flows} lines`)
  writeLines(generateLines({ flows }), path)
  return path
}

function countLines(path: string): number {
  let lines = 0
  readChunks(path, Buffer.allocUnsafe(1 << 20), ({ bytes, end }) => {
    for (let at = 0; at < end; at++) if (bytes[at] === 0x0a) lines++
    return end
  })
  return lines
}

function readBaseline(): Shares {
  try {
    return JSON.parse(readFileSync(BASELINE_PATH, 'utf8')) as Shares
  } catch {
    return {}
  }
}

/** Where it is, on a line that the next one overwrites. */
function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`)
}

await main()
