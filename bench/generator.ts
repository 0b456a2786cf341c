import { closeSync, openSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { aggregatedLines } from './traffic/acns.ts'
import { Cluster } from './traffic/cluster.ts'
import { portScan } from './traffic/port-scan.ts'
import { Random } from './traffic/random.ts'
import { type Observed, observe } from './traffic/traffic.ts'
import { goTime, writeLine } from './traffic/write-line.ts'

export interface TrafficOptions {
  /** The same seed gives the same bytes. */
  readonly seed?: number
  readonly flows: number
  /** In event time. */
  readonly flowsPerSecond?: number
  /** Time of the first flow, whole seconds. */
  readonly startTime?: string
}

const DEFAULTS = { seed: 1, flowsPerSecond: 1000, startTime: '2026-09-21T09:00:00Z' }
const CHUNK_CHARACTERS = 1 << 20

/** An events.log as a node of a small cluster would write it, line by line, line feeds included. */
export function generateLines(options: TrafficOptions): Generator<string> {
  const { cluster, random, observed, startSeconds } = traffic(options)
  return lines(observed, cluster, random, startSeconds)
}

/** The same traffic, already aggregated by Hubble the way ACNS sets it up: fewer lines, which bear counts. */
export function generateAggregatedLines(options: TrafficOptions): Generator<string> {
  const { random, observed, startSeconds } = traffic(options)
  return aggregatedLines(observed, startSeconds, random)
}

/** So many flows that fall into as many groups, all in one window. */
export function generateDistinctGroups(groups: number, options: Omit<TrafficOptions, 'flows'> = {}) {
  const { cluster, random, startSeconds } = traffic({ ...options, flows: 0 })
  return lines(portScan(cluster, groups), cluster, random, startSeconds)
}

function traffic(options: TrafficOptions) {
  const { seed, flows, flowsPerSecond, startTime } = { ...DEFAULTS, ...options }
  const cluster = new Cluster(seed)
  const random = new Random(seed ^ 0x5eed)
  const observed = observe(cluster, random, { flows, flowsPerSecond })
  return { cluster, random, observed, startSeconds: Math.floor(Date.parse(startTime) / 1000) }
}

function* lines(observed: Iterable<Observed>, cluster: Cluster, random: Random, startSeconds: number) {
  for (const { sighting, elapsedNs } of observed) {
    const time = goTime(startSeconds + Math.floor(elapsedNs / 1e9), elapsedNs % 1e9)
    yield writeLine(sighting, cluster, time, random.uuid())
  }
}

/** Writes lines to a file in big pieces; tells how many bytes they were. */
export function writeLines(of: Iterable<string>, path: string): number {
  const file = openSync(path, 'w')
  let bytes = 0
  let chunk = ''
  const flush = () => {
    bytes += writeSync(file, chunk)
    chunk = ''
  }
  try {
    for (const line of of) {
      chunk += line
      if (chunk.length >= CHUNK_CHARACTERS) flush()
    }
    flush()
  } finally {
    closeSync(file)
  }
  return bytes
}

function main(): void {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      flows: { type: 'string', default: '300000' },
      seed: { type: 'string', default: String(DEFAULTS.seed) },
      rate: { type: 'string', default: String(DEFAULTS.flowsPerSecond) },
      start: { type: 'string', default: DEFAULTS.startTime },
      aggregated: { type: 'boolean', default: false },
      'distinct-groups': { type: 'string' },
    },
  })
  const { out, seed, flows, rate, start, aggregated, 'distinct-groups': groups } = values
  if (!out) {
    process.stderr.write('name the file to write: --out FILE\n')
    process.exitCode = 1
    return
  }
  const options = { seed: Number(seed), flows: Number(flows), flowsPerSecond: Number(rate), startTime: start }
  const chosen = groups
    ? generateDistinctGroups(Number(groups), options)
    : aggregated
      ? generateAggregatedLines(options)
      : generateLines(options)
  process.stdout.write(`${out}: ${writeLines(chosen, out)} bytes\n`)
}

if (import.meta.main) main()
