import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { flowsOf, type Row } from '../../src/sdk/index.ts'
import { refusingUrl } from '../support/faulty-server.ts'
import { flow, line } from '../support/flows.ts'
import { freePort } from '../support/free-port.ts'
import { tempDir } from '../support/temp-dir.ts'

const FRONT_DOOR = resolve('flowfold.ts')
const PATIENCE_MS = 20_000

interface Place {
  readonly dir: string
  readonly config: string
  readonly log: string
  /** What the file exporter has written so far. */
  rows(): Row[]
}

/** A folder with a config that follows `events.log` there and folds it into `rows.jsonl`. */
function place(test: TestContext, { stopAtEnd = false, health = 'none' } = {}): Place {
  const dir = tempDir(test)
  const log = join(dir, 'events.log')
  const config = join(dir, 'flowfold.yaml')
  writeFileSync(
    config,
    `receivers:
  events_log: { include: ["${log}"], stop_at_end: ${stopAtEnd}, poll_interval: 50ms }
processors:
  aggregate:
exporters:
  file: { path: "${join(dir, 'rows.jsonl')}" }
service:
  state_dir: "${join(dir, 'state')}"
  commit_interval: 100ms
  telemetry: { metrics: { endpoint: none }, logs: { format: json } }
  health: { endpoint: "${health}" }
  pipelines:
    logs: { receivers: [events_log], processors: [aggregate], exporters: [file] }
`,
  )
  const rows = () =>
    readFileSync(join(dir, 'rows.jsonl'), 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text))
  return { dir, config, log, rows }
}

/** A flowfold of its own process; killed with the test at the latest. */
class Flowfold {
  out = ''
  err = ''
  readonly #process: ChildProcess
  readonly #closed: Promise<unknown>

  constructor(test: TestContext, ...argv: string[]) {
    this.#process = spawn(process.execPath, [FRONT_DOOR, ...argv], {
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    })
    this.#process.stdout?.on('data', (text) => {
      this.out += text
    })
    this.#process.stderr?.on('data', (text) => {
      this.err += text
    })
    this.#closed = once(this.#process, 'close')
    test.after(() => this.#process.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#process.pid!
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  async exitCode(): Promise<number | null> {
    await this.#closed
    return this.#process.exitCode
  }
}

test('a run that ends with its input leaves rows, a summary and a balance sheet', async (t) => {
  const { config, log, rows } = place(t, { stopAtEnd: true })
  writeFileSync(log, line(flow()) + line(flow()) + line(flow({ verdict: 'DROPPED' })))
  const run = new Flowfold(t, 'run', '--config', config)
  assert.equal(await run.exitCode(), 0, run.err)
  assert.equal(run.out, '')
  assert.match(
    run.err,
    /logs: 3 flows in 2 rows, 2\.\d KiB -> .*\n[\s\S]*received +3\n +delivered +3\n[\s\S]*balanced +0\n/,
  )
  assert.deepEqual(rows().map(flowsOf).toSorted(), [1, 2])
  const again = new Flowfold(t, 'run', '--config', config)
  assert.equal(await again.exitCode(), 0, again.err)
  assert.equal(rows().length, 2, 'a second run finds nothing new')
})

test('a run that ends with its input and could not deliver exits with 1', async (t) => {
  const { config, log } = place(t, { stopAtEnd: true })
  const yaml = readFileSync(config, 'utf8')
    .replace(/ {2}file: .*/, `  otlp_http: { endpoint: "${await refusingUrl()}", proxy: none }`)
    .replace('[file]', '[otlp_http]')
    .replace('service:\n', 'service:\n  shutdown_timeout: 1s\n')
  writeFileSync(config, yaml)
  writeFileSync(log, line(flow()))
  const run = new Flowfold(t, 'run', '--config', config)
  assert.equal(await run.exitCode(), 1)
  assert.match(run.err, /not delivered; they leave with the next start[\s\S]*pending +1\n/)
})

test('SIGTERM hands over what is folded and exits with 0', async (t) => {
  const { config, log, rows } = place(t)
  writeFileSync(log, line(flow({ time: new Date().toISOString() })))
  const run = new Flowfold(t, 'run', '--config', config)
  await until(() => run.err.includes('following'), run)
  await sleep(300)
  run.signal('SIGTERM')
  assert.equal(await run.exitCode(), 0, run.err)
  assert.deepEqual(rows().map(flowsOf), [1])
})

test('a disk that will not sync ends the run with 1, says why, and the next run has every row once', {
  skip: spawnSync('strace', ['-V']).error ? 'strace is not installed, which makes the disk refuse' : false,
}, async (t) => {
  const { dir, config, log, rows } = place(t)
  writeFileSync(config, readFileSync(config, 'utf8').replace('service:\n', 'service:\n  durability: power\n'))
  writeFileSync(log, line(flow({ time: new Date().toISOString() })))
  const run = new Flowfold(t, 'run', '--config', config)
  await until(() => run.err.includes('following'), run)
  const fault = ['--inject=fsync:error=EIO', '-P', join(dir, 'rows.jsonl')]
  const strace = spawn('strace', ['-f', '-p', `${run.pid}`, ...fault], { timeout: PATIENCE_MS })
  t.after(() => strace.kill())
  await once(strace.stderr, 'data')
  run.signal('SIGTERM')
  assert.equal(await run.exitCode(), 1)
  assert.match(run.err, /\nflowfold: exporter file: the disk fails to read or write .*rows\.jsonl; look into/)
  const again = new Flowfold(t, 'run', '--config', config)
  await until(() => again.err.includes('following'), again)
  again.signal('SIGTERM')
  assert.equal(await again.exitCode(), 0, again.err)
  assert.deepEqual(rows().map(flowsOf), [1])
})

test('SIGHUP takes a good config over and survives a bad one', async (t) => {
  const { dir, config, log, rows } = place(t)
  writeFileSync(log, '')
  const run = new Flowfold(t, 'run', '--config', config)
  await until(() => run.err.includes('following'), run)
  const good = readFileSync(config, 'utf8')
  writeFileSync(config, good.replace('poll_interval', 'pol_interval').replace('[file]', '[flie]'))
  run.signal('SIGHUP')
  await until(() => run.err.includes('mistakes'), run)
  const [complaint] = run.err.split('\n').filter((text) => text.includes('mistakes'))
  assert.match(complaint, /"level":"error".*the new configuration has mistakes; the old one keeps running/)
  assert.match(complaint, /did you mean \\"poll_interval\\".*did you mean \\"file\\"/)
  writeFileSync(config, good.replace('rows.jsonl', 'more.jsonl'))
  run.signal('SIGHUP')
  await until(() => run.err.includes('the new configuration runs'), run)
  appendFileSync(log, line(flow({ time: new Date().toISOString() })))
  await sleep(500)
  run.signal('SIGINT')
  assert.equal(await run.exitCode(), 0, run.err)
  assert.deepEqual(rows(), [], 'the old file got nothing')
  assert.equal(readFileSync(join(dir, 'more.jsonl'), 'utf8').split('\n').length, 2)
})

test('what it prints and nobody gets is a failure, but for a pipe that was closed', async () => {
  const exitCode = (command: string) =>
    spawnSync('sh', ['-c', `"${process.execPath}" "${FRONT_DOOR}" ${command}`], { encoding: 'utf8' })
  const full = exitCode('components > /dev/full')
  assert.deepEqual(
    [full.status, full.stderr.split(':').slice(0, 2).join(':')],
    [1, 'flowfold: what it prints cannot be written'],
  )
  const closed = exitCode('components --json | head -c 10')
  assert.deepEqual([closed.status, closed.stderr], [0, ''])
})

test('balance prints the sheet of a running flowfold', async (t) => {
  const health = `127.0.0.1:${await freePort()}`
  const { config, log } = place(t, { health })
  writeFileSync(log, line(flow()))
  const run = new Flowfold(t, 'run', '--config', config)
  await until(() => run.err.includes('following'), run)
  await sleep(300)
  const balance = new Flowfold(t, 'balance', '--endpoint', health)
  assert.equal(await balance.exitCode(), 0, balance.err)
  assert.match(balance.out, /^logs: 1 flow in /)
  assert.match(balance.out, /balanced +0\n/)
  run.signal('SIGTERM')
  await run.exitCode()
})

test('a second flowfold on the same state is refused with 1', async (t) => {
  const { config, log } = place(t)
  writeFileSync(log, '')
  const first = new Flowfold(t, 'run', '--config', config)
  await until(() => first.err.includes('following'), first)
  const second = new Flowfold(t, 'run', '--config', config)
  assert.equal(await second.exitCode(), 1)
  assert.match(second.err, /^flowfold: .*state/)
  first.signal('SIGTERM')
  assert.equal(await first.exitCode(), 0)
})

test('a misspelt key ends run and validate with 78, its place and the nearest known key', async (t) => {
  const { config } = place(t)
  writeFileSync(config, readFileSync(config, 'utf8').replace('path:', 'pth:'))
  for (const command of ['run', 'validate']) {
    const process = new Flowfold(t, command, '--config', config)
    assert.equal(await process.exitCode(), 78)
    assert.equal(
      process.err,
      `${config}:6:11 exporters.file.pth: unknown setting; did you mean "path"?\nflowfold: 1 mistake in the configuration\n`,
    )
  }
})

test('try folds a recording and changes nothing', async (t) => {
  const { dir, config } = place(t)
  const recording = join(dir, 'recording.log')
  writeFileSync(recording, line(flow()) + line(flow()) + line(flow({ verdict: 'DROPPED' })))
  const before = readdirSync(dir)
  const trial = new Flowfold(t, 'try', '--config', config, '--input', recording)
  assert.equal(await trial.exitCode(), 0, trial.err)
  assert.match(trial.out, /^logs: 3 flows in 2 rows, /)
  assert.match(trial.out, /FORWARDED shop\/web -> shop\/api TCP 8080 +2 +66\.7 %/)
  assert.deepEqual(readdirSync(dir), before)
})

test('the generated docs are up to date', async (t) => {
  const docs = new Flowfold(t, 'docs', '--check')
  assert.equal(await docs.exitCode(), 0, docs.err)
})

async function until(condition: () => boolean, flowfold: Flowfold): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited too long; so far:\n${flowfold.err}`)
    await sleep(20)
  }
}
