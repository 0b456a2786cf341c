import assert from 'node:assert/strict'
import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { generateLines } from '../../bench/generator.ts'
import { flowsOf, type Row } from '../../src/sdk/index.ts'
import { difference } from '../../src/telemetry/balance-sheet.ts'
import { freePort } from '../support/free-port.ts'
import { RotatingWriter } from '../support/rotating-writer.ts'
import { HecSink } from './hec-sink.ts'
import { exporterIn, LiveProcess, type Reading } from './live-process.ts'

export interface OutageOptions {
  readonly test: TestContext
  /** Folder of log, state and rows. */
  readonly dir: string
  /** At least so many are made. */
  readonly rows: number
  /** Room for them while the backend is down. */
  readonly maxBytes: number
  readonly progress: (text: string) => void
}

/** Lines of ten seconds, written again and again with later times. */
const LINES_PER_PASS = 10_000
/** What the key `connection` and windows of a second make of them, or a few more. */
const ROWS_PER_PASS = 3400
/** A pass is deleted when so many later ones have been read. */
const PASSES_KEPT = 15
/** As in the config below. */
const ONE_PAYLOAD_BYTES = 256 * 1024
/** A Splunk that is up all the time, next to the one that is down. */
const HEALTHY = 'splunk_hec/healthy'

/**
 * Runs flowfold with a Splunk that is down while rows are made and then comes up, and kills it once in each of the two
 * times. The same pipeline leads to another Splunk, which is up, and to a file, the witness of what was made.
 */
export async function outage({ test, dir, rows, maxBytes, progress }: OutageOptions): Promise<void> {
  const [splunkPort, healthyPort, healthPort] = [await freePort(), await freePort(), await freePort()]
  const configOf = (name: string, stopAtEnd: boolean) => {
    const path = join(dir, `${name}.yaml`)
    writeFileSync(path, config({ dir, maxBytes, splunkPort, healthyPort, healthPort, stopAtEnd }))
    return path
  }
  const [following, finishing] = [configOf('following', false), configOf('finishing', true)]
  const writer = new PassWriter(dir)
  const watch = new Watch(maxBytes)
  const sink = new HecSink(splunkPort)
  const healthy = new HecSink(healthyPort)
  await healthy.open()
  test.after(() => {
    sink.close()
    healthy.close()
  })
  const passes = Math.ceil(rows / ROWS_PER_PASS)

  const first = new LiveProcess(test, following, healthPort)
  await writePasses(Math.ceil(passes / 2), writer, first, watch)
  await first.kill()
  progress(`killed while the backend is down, ${writer.lines} flows written`)

  const second = new LiveProcess(test, following, healthPort)
  watch.begin()
  await writePasses(passes, writer, second, watch)
  await second.until((reading) => isBlocked(reading) || reading.sheet.received === writer.lines, watch.see)
  const made = exporterIn(watch.last, 'file').deliveredRows
  progress(
    `${made} rows made, ${watch.last.outboxBytes} bytes of them wait${watch.wasBlocked ? '; it is full' : ''}`,
  )
  assert.equal(sink.rows, 0)
  await sink.open()
  await second.until(() => sink.rows > made * 0.3, watch.see)
  await second.kill()
  progress(`killed with ${sink.rows} rows delivered`)

  await new LiveProcess(test, finishing, healthPort).end()
  await compare(dir, { down: sink, healthy }, writer.lines, rows, progress)
  progress(`at most ${watch.mostBytes} bytes of ${maxBytes} waited`)
  progress(
    `the healthy one was looked at ${watch.looks} times, and at most ${watch.mostBehind} commits behind`,
  )
}

/** Whether every flow is in the file once, and every row of the file in both backends. */
async function compare(
  dir: string,
  sinks: { readonly [name: string]: HecSink },
  flows: number,
  rows: number,
  progress: OutageOptions['progress'],
): Promise<void> {
  const uuids = new Set<string>()
  let flowsInFile = 0
  const missing = new Map(Object.keys(sinks).map((name) => [name, 0]))
  for await (const line of createInterface(createReadStream(join(dir, 'rows.jsonl')))) {
    const row = JSON.parse(line) as Row
    assert.ok(!uuids.has(row.UUID), `${row.UUID} is twice in the file`)
    uuids.add(row.UUID)
    flowsInFile += flowsOf(row)
    for (const [name, { times }] of Object.entries(sinks))
      if (!times.has(row.UUID)) missing.set(name, missing.get(name)! + 1)
  }
  for (const [name, { rows, times }] of Object.entries(sinks))
    progress(
      `${name}: ${rows} of ${uuids.size} rows delivered, ${rows - times.size} of them again after a kill`,
    )
  assert.equal(flowsInFile, flows)
  assert.ok(uuids.size >= rows, `only ${uuids.size} rows were made`)
  for (const [name, { times }] of Object.entries(sinks)) {
    assert.equal(missing.get(name), 0, `rows never arrived at the one that is ${name}`)
    assert.equal(times.size, uuids.size)
  }
}

/** Writes passes, each when the one before is read and with those who take rows, or when nothing is taken any more. */
async function writePasses(
  until: number,
  writer: PassWriter,
  flowfold: LiveProcess,
  watch: Watch,
): Promise<void> {
  while (writer.passes < until) {
    writer.write()
    await flowfold.until(
      (reading) => isBlocked(reading) || (reading.sheet.received === writer.lines && hasAll(reading)),
      watch.see,
    )
  }
}

/** Faster than any exporter takes rows, input would only show how fast that is. */
function hasAll(reading: Reading): boolean {
  return exporterIn(reading, HEALTHY).pending === 0
}

function isBlocked({ reasons }: Reading): boolean {
  return reasons.some((reason) => reason.includes('its outbox is full'))
}

/** The log: the same connections again and again, a minute later each time. */
class PassWriter {
  passes = 0
  readonly #log: RotatingWriter
  readonly #lines: readonly string[]

  constructor(dir: string) {
    const startTime = '2026-09-21T00:00:00Z'
    this.#lines = [...generateLines({ flows: LINES_PER_PASS, flowsPerSecond: 1000, startTime })]
    this.#log = new RotatingWriter({ path: join(dir, 'events.log') })
  }

  get lines(): number {
    return this.passes * LINES_PER_PASS
  }

  write(): void {
    const minute = new Date(Date.UTC(2026, 8, 21) + this.passes * 60_000).toISOString().slice(0, 17)
    const text = this.#lines.join('').replaceAll('2026-09-21T00:00:', minute)
    if (this.passes > 0) this.#log.rotate()
    this.#log.write(text)
    this.#log.prune(PASSES_KEPT)
    this.passes++
  }
}

/** What must hold at every look, whatever the backend does. */
class Watch {
  readonly #maxBytes: number
  #readings: Reading[] = []
  mostBytes = 0
  wasBlocked = false
  looks = 0
  /** Commits that the healthy exporter was behind. */
  mostBehind = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get last(): Reading {
    return this.#readings.at(-1)!
  }

  /** Another process, which goes on from the last commit of the one before. */
  begin(): void {
    this.#readings = []
  }

  readonly see = (reading: Reading): void => {
    assert.equal(difference(reading.sheet), 0, JSON.stringify(reading.sheet))
    assert.ok(
      reading.outboxBytes <= this.#maxBytes + ONE_PAYLOAD_BYTES,
      `${reading.outboxBytes} bytes wait, and ${this.#maxBytes} may`,
    )
    this.mostBytes = Math.max(this.mostBytes, reading.outboxBytes)
    this.wasBlocked ||= isBlocked(reading)
    for (const exporter of ['file', HEALTHY]) this.#sees(reading, exporter)
    this.#readings = [...this.#readings.slice(-50), reading]
  }

  /** What was made two commits ago is there, be the other Splunk up or down. */
  #sees(reading: Reading, exporter: string): void {
    const { deliveredFlows } = exporterIn(reading, exporter)
    const missed = this.#readings.find((earlier) => madeIn(earlier) > deliveredFlows)
    if (!missed) return
    this.looks++
    const behind = reading.commits - missed.commits
    this.mostBehind = Math.max(this.mostBehind, behind)
    assert.ok(behind <= 2, `${exporter} is ${behind} commits behind`)
  }
}

/** Flows in all rows that were made until then. */
function madeIn(reading: Reading): number {
  const { deliveredFlows, pending } = exporterIn(reading, 'splunk_hec')
  return deliveredFlows + pending
}

interface ConfigParts {
  readonly dir: string
  readonly maxBytes: number
  readonly splunkPort: number
  readonly healthyPort: number
  readonly healthPort: number
  readonly stopAtEnd: boolean
}

function config({ dir, maxBytes, splunkPort, healthyPort, healthPort, stopAtEnd }: ConfigParts): string {
  const splunk = (port: number) => `
    endpoint: http://127.0.0.1:${port}
    token: test
    compression: none
    max_content_length: 256KiB
    retry: { initial_interval: 50ms, max_interval: 500ms }`
  return `
receivers:
  events_log: { include: [${join(dir, 'events.log')}], stop_at_end: ${stopAtEnd}, poll_interval: 20ms }
processors:
  aggregate: { window: 1s, key: connection, lateness: 1s }
exporters:
  file: { path: ${join(dir, 'rows.jsonl')}, rotation: { max_size: 100GB } }
  splunk_hec: ${splunk(splunkPort)}
    outbox: { max_bytes: ${maxBytes} }
  ${HEALTHY}: ${splunk(healthyPort)}
service:
  state_dir: ${join(dir, 'state')}
  commit_interval: 500ms
  shutdown_timeout: 10m
  telemetry: { logs: { level: error }, metrics: { endpoint: "127.0.0.1:${healthPort}" } }
  health: { endpoint: "127.0.0.1:${healthPort}" }
  pipelines:
    logs: { receivers: [events_log], processors: [aggregate], exporters: [file, splunk_hec, ${HEALTHY}] }
`
}
