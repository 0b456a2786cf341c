import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { whyNothingWorks } from '../../receivers/ebpf/probe.ts'
import { NodeWorld } from '../../test/receivers/ebpf/node-world.ts'
import { ready } from '../../test/receivers/ebpf/ready.ts'
import { HTTP_PORT } from '../../test/receivers/ebpf/talk.ts'
import { treeCpuS, treePeakBytes } from '../proc.ts'
import type { EventCost } from './events.ts'

/**
 * `npm run bench:ebpf`: what it costs to be watched. Throughput between two pods with and without flowfold, one after the
 * other and back again, as ratios, because machines differ and have other work to do; then the cost of a packet at each
 * hook, and of an event in user space. As root; without, only the latter.
 */
const ROOT = join(import.meta.dirname, '../..')
/** As `npm run flowfold` starts it. */
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const FLAGS: readonly string[] = scripts.flowfold.match(/--\S+/g)
const LAUNCH = join(ROOT, 'src/launch/launch.ts')
const CACHE = join(ROOT, 'node_modules/.cache/flowfold')
/** Client and server have a processor each, or their moves between the two would be all that is measured. */
const [CLIENT_CPU, SERVER_CPU] = ['0', '1']
const ROUNDS = Number(process.env.ROUNDS ?? 4)
const SECONDS = Number(process.env.SECONDS ?? 3)
/** Starting costs more than running, and only once. */
const SETTLE_MS = 3000

const cleanups: (() => void)[] = []
const context = { after: (work: () => void) => void cleanups.push(work) }
// Nothing may stay behind, however it ends: also when nobody reads what it prints.
process.on('exit', () => {
  for (const cleanup of cleanups.toReversed()) cleanup()
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
const say = (text: string) => void process.stdout.write(`${text}\n`)

interface Workload {
  readonly name: string
  readonly unit: string
  readonly tool: string
  /** The least that must be left. */
  readonly goal: number
  readonly http: 'off' | 'server'
  /** Runs for some seconds in the first pod; what came through in a second. */
  measure(world: NodeWorld): number
}

const WORKLOADS: readonly Workload[] = [
  {
    name: 'TCP bulk',
    unit: 'Gb/s',
    tool: 'iperf3',
    goal: 0.95,
    http: 'off',
    measure: (world) => iperf(world).end.sum_received.bits_per_second / 1e9,
  },
  {
    name: 'UDP, 64 bytes',
    unit: 'kpps',
    tool: 'iperf3',
    goal: 0.9,
    http: 'off',
    measure: (world) => {
      const { packets, lost_packets, seconds } = iperf(world, '-u', '-b', '0', '-l', '64').end.sum
      return (packets - lost_packets) / seconds / 1000
    },
  },
  { name: 'HTTP, watched', unit: 'requests/s', tool: 'wrk', goal: 0.9, http: 'server', measure: requests },
  { name: 'HTTP, not read', unit: 'requests/s', tool: 'wrk', goal: 0.9, http: 'off', measure: requests },
]

const reason =
  process.getuid?.() === 0 ? await whyNothingWorks() : 'it makes network namespaces: run it as root'
if (reason === null) await throughput()
else say(`no throughput is measured: ${reason}`)
userSpace()
// The servers of the pods would go on.
process.exit()

async function throughput(): Promise<void> {
  const world = await NodeWorld.make(context)
  await ready(
    world.start(
      ...([context, world.pod(2), 'taskset', '-c', SERVER_CPU] as const),
      ...[process.execPath, join(ROOT, 'test/receivers/ebpf/talk.ts'), 'serve'],
    ),
  )
  say(
    `${ROUNDS} rounds of ${SECONDS} s without, with, with and without; load average ${loadavg()[0].toFixed(1)}\n`,
  )
  say('what                       without      with   ratio  (least to most)   goal   flowfold')
  const wanted = process.env.ONLY?.split(',')
  for (const workload of WORKLOADS.filter(
    ({ name }) => !wanted || wanted.some((begin) => name.startsWith(begin)),
  ))
    if (isInstalled(workload.tool)) await compare(world, workload)
    else say(`${workload.name.padEnd(16)} ${workload.tool} is not installed`)
  await hooks(world)
}

async function compare(world: NodeWorld, workload: Workload): Promise<void> {
  const server = workload.tool === 'iperf3' ? world.start(context, world.pod(2), 'iperf3', '-s') : null
  await sleep(500)
  workload.measure(world)
  const [off, on, ratios]: [number[], number[], number[]] = [[], [], []]
  let cpu = 0
  let peakMib = 0
  for (let round = 0; round < ROUNDS; round++) {
    const without = workload.measure(world)
    const watching = await startFlowfold(world, workload.http)
    await sleep(SETTLE_MS)
    const { pid } = watching
    const [cpuBefore, before] = [treeCpuS(pid ?? 0), performance.now()]
    const with1 = workload.measure(world)
    const with2 = workload.measure(world)
    cpu += ((treeCpuS(pid ?? 0) - cpuBefore) / (performance.now() - before)) * 1000
    peakMib = Math.max(peakMib, treePeakBytes(pid ?? 0) / 2 ** 20)
    await ended(watching)
    const without2 = workload.measure(world)
    off.push((without + without2) / 2)
    on.push((with1 + with2) / 2)
    ratios.push((with1 + with2) / (without + without2))
  }
  if (server) await ended(server)
  const spread = `(${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
  const user = `${((100 * cpu) / ROUNDS).toFixed(0)} % of a core, ${peakMib.toFixed(0)} MiB`
  say(
    `${workload.name.padEnd(16)} ${value(median(off), workload.unit)} ${value(median(on), '')}   ${median(ratios).toFixed(3)}  ${spread.padEnd(16)}  ${workload.goal}   ${user}`,
  )
}

/** The kernel's own account of what its programs take, which costs some 60 ns a run itself. */
async function hooks(world: NodeWorld): Promise<void> {
  if (!isInstalled('bpftool')) return say('\nbpftool is not installed: no cost of the hooks is told')
  const server = world.start(context, world.pod(2), 'iperf3', '-s')
  const watching = await startFlowfold(world, 'off')
  const switched = '/proc/sys/kernel/bpf_stats_enabled'
  const was = readFileSync(switched, 'utf8')
  context.after(() => writeFileSync(switched, was))
  writeFileSync(switched, '1')
  iperf(world, '-u', '-b', '0', '-l', '64')
  interface Program {
    readonly name?: string
    readonly run_time_ns?: number
    readonly run_cnt?: number
  }
  const programs: readonly Program[] = JSON.parse(
    execFileSync('bpftool', ['-j', 'prog'], { encoding: 'utf8' }),
  )
  writeFileSync(switched, was)
  say('\nprogram              runs   ns a run')
  for (const { name = '', run_time_ns = 0, run_cnt = 0 } of programs)
    if (name.startsWith('ff_') && run_cnt > 0)
      say(
        `${name.padEnd(14)} ${String(run_cnt).padStart(10)} ${(run_time_ns / run_cnt).toFixed(0).padStart(10)}`,
      )
  await ended(watching)
  await ended(server)
}

function userSpace(): void {
  const events = join(import.meta.dirname, 'events.ts')
  const env = { ...process.env, NODE_COMPILE_CACHE: CACHE }
  // The first fills the cache, and does not count.
  const [, ...runs] = Array.from({ length: 4 }, () => {
    const out = execFileSync(process.execPath, [...FLAGS, events], { encoding: 'utf8', env })
    return JSON.parse(out) as EventCost
  })
  const least = Math.min(...runs.map(({ cpuNsPerEvent }) => cpuNsPerEvent))
  const peakMib = Math.max(...runs.map((run) => run.peakMib))
  const share = (least * 100_000) / 1e7
  say(
    `\nan event in user space, read, named and folded: ${least.toFixed(0)} ns; 100,000 a second are ${share.toFixed(1)} % of a core (goal 15 %); peak ${peakMib.toFixed(0)} MiB (goal 120)`,
  )
}

async function startFlowfold(world: NodeWorld, capture: Workload['http']): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'flowfold-bench-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const config = join(folder, 'bench.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      receivers: { ebpf: { http: { capture } } },
      processors: { aggregate: {} },
      exporters: { file: { path: join(folder, 'rows.jsonl') } },
      service: {
        state_dir: join(folder, 'state'),
        health: { endpoint: 'none' },
        telemetry: { metrics: { endpoint: 'none' } },
        pipelines: { logs: { receivers: ['ebpf'], processors: ['aggregate'], exporters: ['file'] } },
      },
    }),
  )
  const child = world.start(
    ...([context, world.node, 'env', `NODE_COMPILE_CACHE=${CACHE}`] as const),
    ...[process.execPath, ...FLAGS, LAUNCH, 'run', '--config', config],
  )
  await ready(child, '"feature":"flows","how"')
  return child
}

interface IperfResult {
  readonly end: {
    readonly sum_received: { readonly bits_per_second: number }
    readonly sum: { readonly packets: number; readonly lost_packets: number; readonly seconds: number }
  }
}

function iperf(world: NodeWorld, ...more: string[]): IperfResult {
  return JSON.parse(
    world.run(
      ...([world.pod(1), 'iperf3', '-c', world.ip4(2), '-A', `${CLIENT_CPU},${SERVER_CPU}`] as const),
      ...['-t', String(SECONDS), '-J', ...more],
    ),
  )
}

function requests(world: NodeWorld): number {
  const url = `http://${world.ip4(2)}:${HTTP_PORT}/status/200`
  const out = world.run(world.pod(1), 'taskset', '-c', CLIENT_CPU, 'wrk', '-t1', '-c16', `-d${SECONDS}s`, url)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1])
}

function isInstalled(tool: string): boolean {
  try {
    execFileSync('which', [tool], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGTERM')
  await exit
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}

function value(number: number, unit: string): string {
  const digits = number < 100 ? 2 : 0
  return `${number.toFixed(digits)} ${unit}`.trim().padStart(unit === '' ? 9 : 17)
}
