import assert from 'node:assert/strict'
import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { generateLines } from '../../bench/generator.ts'
import { flowsOf, type Row } from '../../src/sdk/index.ts'
import { difference } from '../../src/telemetry/balance-sheet.ts'
import { freePort } from '../support/free-port.ts'
import { RotatingWriter } from '../support/rotating-writer.ts'
import { HecSink } from './hec-sink.ts'
import { exporterIn, LiveProcess, type Reading } from './live-process.ts'

export interface OutageOptions {
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
const PASSES_KEPT = 10
const PASSES_AHEAD = 5
/** What one commit may add, and one payload. */
const ONE_PAYLOAD_BYTES = 2 * 2 ** 20

/**
 * Runs flowfold with a Splunk that is down while rows are made and then comes up, and kills it once in each of the two
 * times. A file of the same pipeline is the witness of what was made.
 */
export async function outage({ dir, rows, maxBytes, progress }: OutageOptions): Promise<void> {
  const [splunkPort, healthPort] = [await freePort(), await freePort()]
  const configOf = (name: string, stopAtEnd: boolean) => {
    const path = join(dir, `${name}.yaml`)
    writeFileSync(path, config({ dir, maxBytes, splunkPort, healthPort, stopAtEnd }))
    return path
  }
  const [following, finishing] = [configOf('following', false), configOf('finishing', true)]
  const writer = new PassWriter(dir)
  const watch = new Watch(maxBytes)
  const sink = new HecSink(splunkPort)
  const passes = Math.ceil(rows / ROWS_PER_PASS)

  const first = new LiveProcess(following, healthPort)
  await writePasses(Math.ceil(passes / 2), writer, first, watch)
  await first.kill()
  progress(`killed while the backend is down, ${writer.lines} flows written`)

  const second = new LiveProcess(following, healthPort)
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

  await new LiveProcess(finishing, healthPort).end()
  sink.close()
  await compare(dir, sink, writer.lines, rows, progress)
  progress(`at most ${watch.mostBytes} bytes waited`)
}

/** Whether every flow is in the file once, and every row of the file in the backend. */
async function compare(
  dir: string,
  sink: HecSink,
  flows: number,
  rows: number,
  progress: OutageOptions['progress'],
): Promise<void> {
  const uuids = new Set<string>()
  let flowsInFile = 0
  let missing = 0
  for await (const line of createInterface(createReadStream(join(dir, 'rows.jsonl')))) {
    const row = JSON.parse(line) as Row
    assert.ok(!uuids.has(row.UUID), `${row.UUID} is twice in the file`)
    uuids.add(row.UUID)
    flowsInFile += flowsOf(row)
    if (!sink.times.has(row.UUID)) missing++
  }
  progress(
    `${uuids.size} rows; delivered ${sink.rows}, ${sink.rows - sink.times.size} of them again after a kill`,
  )
  assert.equal(flowsInFile, flows)
  assert.ok(uuids.size >= rows, `only ${uuids.size} rows were made`)
  assert.equal(missing, 0, `${missing} rows never arrived`)
  assert.equal(sink.times.size, uuids.size)
}

/** Writes passes, and lets flowfold read on while it can. */
async function writePasses(
  until: number,
  writer: PassWriter,
  flowfold: LiveProcess,
  watch: Watch,
): Promise<void> {
  while (writer.passes < until) {
    writer.write()
    const mayLag = PASSES_AHEAD * LINES_PER_PASS
    await flowfold.until(
      (reading) => isBlocked(reading) || reading.sheet.received >= writer.lines - mayLag,
      watch.see,
    )
  }
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
    this.#log.prune(PASSES_KEPT + PASSES_AHEAD)
    this.passes++
  }
}

/** What must hold at every look, whatever the backend does. */
class Watch {
  readonly #maxBytes: number
  #readings: Reading[] = []
  mostBytes = 0
  wasBlocked = false

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
    // What was made two commits ago is in the file, be Splunk up or down.
    const earlier = this.#readings.findLast(({ commits }) => commits <= reading.commits - 2)
    if (earlier) {
      const { deliveredFlows, pending } = exporterIn(earlier, 'splunk_hec')
      assert.ok(exporterIn(reading, 'file').deliveredFlows >= deliveredFlows + pending, 'the file is behind')
    }
    this.#readings = [...this.#readings.slice(-50), reading]
  }
}

interface ConfigParts {
  readonly dir: string
  readonly maxBytes: number
  readonly splunkPort: number
  readonly healthPort: number
  readonly stopAtEnd: boolean
}

function config({ dir, maxBytes, splunkPort, healthPort, stopAtEnd }: ConfigParts): string {
  return `
receivers:
  events_log: { include: [${join(dir, 'events.log')}], stop_at_end: ${stopAtEnd}, poll_interval: 20ms }
processors:
  aggregate: { window: 1s, key: connection, lateness: 1s }
exporters:
  file: { path: ${join(dir, 'rows.jsonl')}, rotation: { max_size: 100GB } }
  splunk_hec:
    endpoint: http://127.0.0.1:${splunkPort}
    token: test
    compression: none
    max_content_length: 256KiB
    retry: { initial_interval: 50ms, max_interval: 500ms }
    outbox: { max_bytes: ${maxBytes} }
service:
  state_dir: ${join(dir, 'state')}
  commit_interval: 200ms
  shutdown_timeout: 10m
  telemetry: { logs: { level: error }, metrics: { endpoint: "127.0.0.1:${healthPort}" } }
  health: { endpoint: "127.0.0.1:${healthPort}" }
  pipelines:
    logs: { receivers: [events_log], processors: [aggregate], exporters: [file, splunk_hec] }
`
}
