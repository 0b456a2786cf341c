import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempDir } from '../../support/temp-dir.ts'
import { send, skipReason } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const skip = await skipReason()
const FLOWFOLD = join(import.meta.dirname, '../../../flowfold.ts')
/** `npm run test:ebpf` kills more often. */
const isLong = process.env.FLOWFOLD_LONG === '1'
/** Each datagram goes to a port of its own, so each is a flow, seen leaving one pod and reaching the other. */
const FLOWS = isLong ? 20_000 : 8000

test('kill -9 of the pipeline: what it had not stored comes again, and nothing counts twice', {
  skip,
  timeout: 90_000,
}, async (context) => {
  const run = await Run.begin(context)
  const traffic = run.traffic()
  for (let kills = 0; kills < (isLong ? 5 : 2); kills++) {
    await sleep(700 + 200 * kills)
    await run.killPipeline()
    run.startPipeline()
  }
  await traffic
  const { egress, ingress } = await run.finish()
  assert.deepEqual({ egress, ingress }, { egress: FLOWS, ingress: FLOWS })
})

test('kill -9 of the agent: what passed meanwhile is a gap in bytes, and nothing counts twice', {
  skip,
  timeout: 90_000,
}, async (context) => {
  const run = await Run.begin(context)
  const traffic = run.traffic()
  await sleep(1000)
  await run.killAgent()
  await sleep(200)
  run.startAgent()
  await traffic
  const { egress, ingress, log } = await run.finish()
  const gaps = log.filter(({ message }) => message === 'traffic passed while nobody watched')
  assert.equal(gaps.length, 1)
  assert.ok(egress < FLOWS && egress > 0 && ingress < FLOWS, `${egress} ${ingress}`)
  // Every datagram is 52 bytes, and passes two interfaces; answers about closed ports come on top.
  const missing = FLOWS - egress + (FLOWS - ingress)
  assert.ok(Number(gaps[0].bytes) >= missing * 52, `${gaps[0].bytes} bytes for ${missing} flows`)
  assert.ok(
    Number(gaps[0].bytes) <= missing * 52 * 1.5 + 20_000,
    `${gaps[0].bytes} bytes for ${missing} flows`,
  )
})

test('without an agent of its own, a pipeline that was killed reports what passed meanwhile', {
  skip,
  timeout: 90_000,
}, async (context) => {
  const run = await Run.begin(context, { hasAgent: false })
  const traffic = run.traffic()
  await sleep(1000)
  await run.killPipeline()
  await sleep(200)
  run.startPipeline()
  await traffic
  const { egress, ingress, log } = await run.finish()
  assert.ok(egress < FLOWS && egress > 0)
  const gaps = log.filter(({ message }) => message === 'traffic passed while nobody watched')
  assert.equal(gaps.length, 1)
  assert.ok(Number(gaps[0].bytes) >= (FLOWS - egress + (FLOWS - ingress)) * 52)
})

test('a reload that asks the agent for something else: all that was seen is there, and the change is a gap', {
  skip,
  timeout: 90_000,
}, async (context) => {
  const run = await Run.begin(context)
  const traffic = run.traffic()
  await sleep(1000)
  run.reload('interval: 300ms', 'interval: 250ms')
  await traffic
  const { egress, ingress, log } = await run.finish()
  assert.ok(log.some(({ message }) => message === 'the new configuration runs'))
  const missing = FLOWS - egress + (FLOWS - ingress)
  const gap = log.find(({ message }) => message === 'traffic passed while nobody watched')
  assert.ok(egress <= FLOWS && ingress <= FLOWS && missing < FLOWS)
  assert.ok(Number(gap?.bytes ?? 0) >= missing * 52, `${gap?.bytes} bytes for ${missing} flows`)
})

/** An agent on the node and a pipeline without rights, which talk over a socket. */
class Run {
  readonly #context: TestContext
  readonly #world: NodeWorld
  readonly #folder: string
  readonly #hasAgent: boolean
  #agent: ReturnType<NodeWorld['start']> | null = null
  #pipeline: ReturnType<NodeWorld['start']> | null = null
  #log = ''

  private constructor(context: TestContext, world: NodeWorld, hasAgent: boolean) {
    this.#context = context
    this.#world = world
    this.#hasAgent = hasAgent
    this.#folder = tempDir(context)
    writeFileSync(this.#path('config.yaml'), this.#config())
  }

  static async begin(context: TestContext, { hasAgent = true } = {}): Promise<Run> {
    const run = new Run(context, await NodeWorld.make(context), hasAgent)
    if (hasAgent) run.startAgent()
    run.startPipeline()
    await run.#logged('watching')
    return run
  }

  startAgent(): void {
    this.#agent = this.#start(['ebpf-agent', '--socket', this.#path('agent.sock')])
  }

  startPipeline(): void {
    this.#pipeline = this.#start(['run', '--config', this.#path('config.yaml')])
  }

  /** Changes the config of the running pipeline. */
  reload(from: string, to: string): void {
    const config = this.#config()
    assert.ok(config.includes(from))
    writeFileSync(this.#path('config.yaml'), config.replace(from, to))
    this.#pipeline?.kill('SIGHUP')
  }

  killAgent = () => ended(this.#agent, 'SIGKILL')
  killPipeline = () => ended(this.#pipeline, 'SIGKILL')

  /** Some seconds of it. */
  traffic(): Promise<void> {
    const [host, port] = [this.#world.ip4(2), 10_000]
    return send(this.#context, this.#world, 1, 'datagrams', {
      host,
      port,
      ports: FLOWS,
      packets: 1,
      bytes: 10,
      pauseMs: 15,
    })
  }

  /** Ends both; how often the rows say a flow was seen, and what was logged. */
  async finish() {
    await sleep(1000)
    await ended(this.#agent, 'SIGTERM')
    await ended(this.#pipeline, 'SIGTERM')
    const rows = readFileSync(this.#path('rows.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const flows = rows.filter(
      ({ Layer4, SourceWorkloads }) => Layer4?.UDP && SourceWorkloads?.[0].name === 'client',
    )
    const sum = (column: string) => flows.reduce((total, row) => total + row[column], 0)
    const log = this.#log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
    return { egress: sum('EgressFlowCount'), ingress: sum('IngressFlowCount'), log }
  }

  #start(command: string[]) {
    const child = this.#world.start(this.#context, this.#world.node, process.execPath, FLOWFOLD, ...command)
    child.stderr.on('data', (piece) => {
      this.#log += piece
    })
    return child
  }

  async #logged(message: string): Promise<void> {
    for (let tries = 0; !this.#log.includes(`"message":"${message}"`); tries++) {
      assert.ok(tries < 200, this.#log)
      await sleep(50)
    }
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  #config(): string {
    return `
receivers:
  ebpf:
    interval: 300ms
    drops: false
    tcp: false
    ${this.#hasAgent ? `agent: ${this.#path('agent.sock')}` : ''}
    names: [{ address: 10.99.1.2, workload: client }, { address: 10.99.2.2, workload: server }]
processors:
  aggregate: { window: 2s }
exporters:
  file: { path: ${this.#path('rows.jsonl')} }
service:
  state_dir: ${this.#path('state')}
  commit_interval: 200ms
  health: { endpoint: none }
  telemetry: { metrics: { endpoint: none } }
  pipelines:
    logs: { receivers: [ebpf], processors: [aggregate], exporters: [file] }
`
  }
}

async function ended(
  child: ReturnType<NodeWorld['start']> | null,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.on('exit', resolve))
  child.kill(signal)
  await exit
}
