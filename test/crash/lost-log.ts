import assert from 'node:assert/strict'
import { closeSync, fdatasyncSync, globSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../../bench/traffic/random.ts'
import { numbered } from '../receivers/events_log/follower.ts'
import type { PowerDisk } from '../support/power-disk.ts'
import { RotatingWriter } from '../support/rotating-writer.ts'
import { FlowfoldRun } from './flowfold-run.ts'

export interface LostLogOptions {
  readonly disk: PowerDisk
  /** Folder that stays. */
  readonly dir: string
  readonly cuts: number
  readonly seed: number
  /** Tells how far it is. */
  readonly progress: (text: string) => void
}

const LONGEST_LIFE_MS = 900
const WRITE_INTERVAL_MS = 15

/**
 * Runs flowfold again and again on the disk of the log, and cuts its power at random moments. The log loses what the kernel
 * has not written, read or not, and the agent goes on at what is left of it, sometimes before flowfold is up again. In the
 * end every flow that is still in a log is in the rows once, and no flow is there twice.
 */
export async function loseLog({ disk, dir, cuts, seed, progress }: LostLogOptions): Promise<void> {
  const random = new Random(seed)
  const path = join(disk.path, 'events.log')
  writeFileSync(join(dir, 'following.yaml'), config(disk.path, false))
  writeFileSync(join(dir, 'finishing.yaml'), config(disk.path, true))
  let written = 0
  const write = (log: RotatingWriter) => {
    for (let lines = random.between(1, 40); lines > 0; lines--) log.write(numbered(++written))
  }
  for (let cut = 0; cut < cuts; cut++) {
    const log = new RotatingWriter({ path })
    if (random.chance(0.5)) write(log)
    await FlowfoldRun.killedAfter(join(dir, 'following.yaml'), async () => {
      const endMs = performance.now() + random.between(0, LONGEST_LIFE_MS)
      while (performance.now() < endMs) {
        write(log)
        if (random.chance(0.1)) sync(path)
        if (random.chance(0.02)) log.rotate()
        await sleep(WRITE_INTERVAL_MS)
      }
      disk.cutPower()
    })
    log.close()
    disk.restorePower()
  }
  await FlowfoldRun.toItsEnd(join(dir, 'finishing.yaml'))
  const rows = numbersIn(disk.path, 'rows*.jsonl', /"TimeGenerated":"[^"]*\.(\d{3,9})Z"/)
  const left = numbersIn(disk.path, 'events*.log', /^\{"flow":\{"time":"[^"]*\.(\d{3,9})Z".*\}$/)
  const arrived = new Set(rows)
  assert.equal(rows.length, arrived.size, `a flow is there twice (seed ${seed})`)
  assert.deepEqual(
    left.filter((n) => !arrived.has(n)),
    [],
    `flows that are in a log and in no row (seed ${seed})`,
  )
  progress(
    `${cuts} cuts: of ${written} flows written the logs still hold ${left.length}, the rows ${rows.length}, each once`,
  )
}

/** What the kernel does by itself every few seconds. */
function sync(path: string): void {
  const fd = openSync(path, 'r')
  fdatasyncSync(fd)
  closeSync(fd)
}

function numbersIn(folder: string, names: string, pattern: RegExp): number[] {
  return globSync(join(folder, names)).flatMap((path) =>
    readFileSync(path, 'latin1')
      .split('\n')
      .flatMap((line) => pattern.exec(line)?.[1] ?? [])
      // Times are written with 3, 6 or 9 digits.
      .map((digits) => Number(digits.padEnd(9, '0'))),
  )
}

/** Without `aggregate` each flow is a row. */
function config(folder: string, stopAtEnd: boolean): string {
  return `
receivers:
  events_log: { include: [${join(folder, 'events.log')}], stop_at_end: ${stopAtEnd}, poll_interval: 20ms, batch_bytes: 64KiB }
exporters:
  file: { path: ${join(folder, 'rows.jsonl')} }
service:
  state_dir: ${join(folder, 'state')}
  durability: power
  commit_interval: 100ms
  telemetry: { logs: { level: error }, metrics: { level: none } }
  health: { endpoint: none }
  pipelines:
    logs: { receivers: [events_log], exporters: [file] }
`
}
