import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { generateLines } from '../../bench/generator.ts'
import { differences, flowsIn, PlainFold, totalsOf } from '../../bench/plain-fold.ts'
import { Random } from '../../bench/traffic/random.ts'
import type { Row } from '../../src/sdk/index.ts'
import type { PowerDisk } from '../support/power-disk.ts'
import { RotatingWriter } from '../support/rotating-writer.ts'
import { FlowfoldRun } from './flowfold-run.ts'

export interface KillLoopOptions {
  /** Folder of the log, and of state and rows unless they have a disk of their own. */
  readonly dir: string
  /** Its power is cut at each kill. */
  readonly disk?: PowerDisk
  readonly kills: number
  readonly seed: number
  /** Tells how far it is. */
  readonly progress?: (text: string) => void
}

/** In event time: with what is written in real time, a window closes about every second. */
const FLOWS_PER_SECOND = 40
/** Lines a writer appends between two looks at the clock, at the most. */
const BURST_LINES = 40
const WRITE_INTERVAL_MS = 15
/** Long enough that some runs get past their start and commit a few times. */
const LONGEST_LIFE_MS = 900

/**
 * Runs flowfold again and again and kills it, or the power with it, at random moments, its start included, while a writer
 * appends to the log and rotates it. In the end every flow that was written must be in the rows, once, in its group.
 */
export async function killLoop(options: KillLoopOptions): Promise<void> {
  const { dir, disk, kills, seed, progress = () => {} } = options
  const random = new Random(seed)
  const writer = new LogWriter(join(dir, 'events.log'), seed)
  writeFileSync(join(dir, 'following.yaml'), config(options, false))
  writeFileSync(join(dir, 'finishing.yaml'), config(options, true))
  for (let kill = 1; kill <= kills; kill++) {
    await FlowfoldRun.killedAfter(join(dir, 'following.yaml'), async () => {
      await writeFor(writer, random, random.between(0, LONGEST_LIFE_MS))
      disk?.cutPower()
    })
    disk?.restorePower()
    if (kill % 50 === 0) progress(`${kill} kills, ${flowsIn(writer.fold.totals)} flows written`)
  }
  await FlowfoldRun.toItsEnd(join(dir, 'finishing.yaml'))
  const written = writer.fold.totals
  assert.deepEqual(
    differences(totalsOf(rowsIn(disk?.path ?? dir)), written),
    [],
    `groups that differ (seed ${seed})`,
  )
  progress(`${kills} kills: ${flowsIn(written)} flows written in ${written.size} groups, all there, once`)
}

/** Appends lines of a generator, and remembers how many flows of which group it wrote. */
class LogWriter {
  readonly fold = new PlainFold()
  readonly #lines: Iterator<string>
  readonly #log: RotatingWriter

  constructor(path: string, seed: number) {
    this.#lines = generateLines({ seed, flows: Number.MAX_SAFE_INTEGER, flowsPerSecond: FLOWS_PER_SECOND })
    this.#log = new RotatingWriter({ path })
  }

  write(lines: number): void {
    for (let i = 0; i < lines; i++) {
      const line = this.#lines.next().value as string
      this.#log.write(line)
      this.fold.add(line)
    }
  }

  rotate(compress: boolean): void {
    const backup = this.#log.rotate()
    if (compress) this.#log.compress(backup)
  }
}

async function writeFor(writer: LogWriter, random: Random, durationMs: number): Promise<void> {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs) {
    writer.write(random.between(1, BURST_LINES))
    if (random.chance(0.05)) writer.rotate(random.chance(0.5))
    await new Promise((resolve) => setTimeout(resolve, WRITE_INTERVAL_MS))
  }
}

/** Small files and frequent commits, so that a random moment often hits one of them. */
function config({ dir, disk }: KillLoopOptions, stopAtEnd: boolean): string {
  const kept = disk?.path ?? dir
  return `
receivers:
  events_log: { include: [${join(dir, 'events.log')}], stop_at_end: ${stopAtEnd}, poll_interval: 20ms, batch_bytes: 64KiB }
processors:
  aggregate: { lateness: 1s }
exporters:
  file: { path: ${join(kept, 'rows.jsonl')}, rotation: { max_size: 64KiB, keep: 0 } }
service:
  state_dir: ${join(kept, 'state')}
  durability: ${disk === undefined ? 'process' : 'power'}
  commit_interval: 100ms
  telemetry: { logs: { level: error }, metrics: { level: none } }
  health: { endpoint: none }
  pipelines:
    logs: { receivers: [events_log], processors: [aggregate], exporters: [file] }
`
}

function* rowsIn(dir: string): Generator<Row> {
  for (const path of globSync(join(dir, 'rows*.jsonl{,.gz}'))) {
    const bytes = readFileSync(path)
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    for (const line of text.split('\n')) if (line !== '') yield JSON.parse(line)
  }
}
