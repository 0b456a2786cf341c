import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BalanceSheet, ExporterSheet } from '../../src/telemetry/balance-sheet.ts'

const ROOT = join(import.meta.dirname, '../..')
const LOOK_EVERY_MS = 100

/** What a running flowfold tells of itself. */
export interface Reading {
  readonly sheet: BalanceSheet
  readonly commits: number
  readonly outboxBytes: number
  /** Why it is not ready. */
  readonly reasons: readonly string[]
}

/** A flowfold in a process of its own, as a user starts it. */
export class LiveProcess {
  readonly #child: ChildProcess
  readonly #port: number
  #log = ''

  /** It ends with the test at the latest. */
  constructor(test: TestContext, config: string, port: number) {
    this.#port = port
    this.#child = spawn(process.execPath, [join(ROOT, 'flowfold.ts'), 'run', '--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/flowfold') },
    })
    test.after(() => this.#child.kill('SIGKILL'))
    this.#child.stderr!.on('data', (text) => {
      this.#log += text
    })
  }

  /** Looks again and again until what it sees is enough; fails when the process ends before. */
  async until(isEnough: (reading: Reading) => boolean, see: (reading: Reading) => void): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null)
        throw new Error(`it ended with ${this.#child.exitCode}\n${this.#log}`)
      const reading = await this.#read()
      if (reading) see(reading)
      if (reading && isEnough(reading)) return
      await sleep(LOOK_EVERY_MS)
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    if (this.#child.signalCode === null) await once(this.#child, 'exit')
  }

  /** Waits until it ends by itself; fails unless all went well. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
    if (this.#child.exitCode !== 0) throw new Error(`it ended with ${this.#child.exitCode}\n${this.#log}`)
  }

  /** Null while it starts. */
  async #read(): Promise<Reading | null> {
    try {
      const [balance, ready, metrics] = await Promise.all(
        ['balance', 'readyz', 'metrics'].map(async (path) =>
          (await fetch(`http://127.0.0.1:${this.#port}/${path}`)).text(),
        ),
      )
      return {
        sheet: JSON.parse(balance).pipelines[0],
        reasons: JSON.parse(ready).reasons,
        commits: metricIn(metrics, 'commits_total'),
        outboxBytes: metricIn(metrics, 'exporter_outbox_bytes{exporter="splunk_hec"}'),
      }
    } catch {
      return null
    }
  }
}

export function exporterIn({ sheet }: Reading, id: string): ExporterSheet {
  return sheet.exporters.find(({ exporter }) => exporter === id)!
}

function metricIn(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`flowfold_${series} `))
  return Number(line?.split(' ')[1])
}
