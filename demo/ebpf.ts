import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { whyNothingWorks } from '../receivers/ebpf/probe.ts'
import { flowsOf, type Row, rowText } from '../src/sdk/index.ts'
import { type LinkCounters, NodeWorld } from '../test/receivers/ebpf/node-world.ts'
import { ready } from '../test/receivers/ebpf/ready.ts'

/**
 * `npm run demo:ebpf`, as root: two pods on a node, made of network namespaces, talk for half a minute, and flowfold with
 * `config/examples/ebpf.yaml` tells of it. Its rows are compared with what the interfaces and the firewall have counted.
 */
const ROOT = join(import.meta.dirname, '..')
const TALK = join(ROOT, 'test/receivers/ebpf/talk.ts')
const TRAFFIC = join(ROOT, 'test/receivers/ebpf/traffic.ts')
const DURATION_MS = Number(process.env.DURATION_S ?? 30) * 1000
const DENIED_PORT = 7777
/** Where the node has no way to: RFC 5737. */
const NOWHERE = '198.51.100.7'
const MOST_ROWS = 30

const cleanups: (() => void)[] = []
const context = { after: (work: () => void) => void cleanups.push(work) }
// Nothing may stay behind, however it ends: also when nobody reads what it prints.
process.on('exit', () => {
  for (const cleanup of cleanups.toReversed()) cleanup()
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
const say = (text: string) => void process.stdout.write(`${text}\n`)

const reason =
  process.getuid?.() === 0 ? await whyNothingWorks() : 'it makes network namespaces: run it as root'
if (reason !== null) {
  say(`the demo cannot run here: ${reason}`)
  process.exitCode = 1
} else process.exit((await demo()) ? 0 : 1) // The pods' servers would go on.

/** True when every comparison holds. */
async function demo(): Promise<boolean> {
  say('making a node with two pods')
  const world = await NodeWorld.make(context)
  const folder = mkdtempSync(join(tmpdir(), 'flowfold-demo-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  setUpFirewall(world)
  await ready(world.start(context, world.pod(2), process.execPath, TALK, 'serve'), 'ready')
  const beforeStart = countersOf(world)
  const flowfold = await startFlowfold(world, folder)
  let log = ''
  flowfold.stderr.on('data', (piece) => {
    log += piece
  })
  const started = { from: beforeStart, to: countersOf(world) }
  say(`web talks to api for ${DURATION_MS / 1000} s`)
  await drive(world)
  // What is on its way arrives before the programs are taken away.
  await sleep(1000)
  const beforeEnd = countersOf(world)
  await ended(flowfold, 'SIGTERM')
  const stopped = { from: beforeEnd, to: countersOf(world) }
  const rowsOf = (name: string) =>
    readFileSync(join(folder, name), 'utf8')
      .trim()
      .split('\n')
      .map((line): Row => JSON.parse(line))
  show(rowsOf('rows.jsonl'))
  const complaints = log.split('\n').filter((line) => /"level":"(error|warn)"/.test(line))
  if (complaints.length > 0) say(`\nwhat flowfold complained of:\n${complaints.join('\n')}`)
  return compare(rowsOf('flows.jsonl'), started, stopped)
}

function setUpFirewall(world: NodeWorld): void {
  const nft = (rule: string) => world.run(world.node, 'nft', rule)
  nft('add table inet demo; add chain inet demo gate { type filter hook forward priority 0; }')
  nft(`add rule inet demo gate tcp dport ${DENIED_PORT} counter drop`)
}

/** The example's config, with another file over it that says who lives here and where the rows go. */
async function startFlowfold(world: NodeWorld, folder: string): Promise<ReturnType<NodeWorld['start']>> {
  const override = join(folder, 'demo.yaml')
  writeFileSync(
    override,
    JSON.stringify({
      receivers: {
        ebpf: {
          names: [
            { address: '10.99.1.2', namespace: 'shop', workload: 'web' },
            { address: 'fd99:1::2', namespace: 'shop', workload: 'web' },
            { address: '10.99.2.2', namespace: 'shop', workload: 'api' },
            { address: 'fd99:2::2', namespace: 'shop', workload: 'api' },
          ],
        },
      },
      exporters: {
        file: { path: join(folder, 'rows.jsonl') },
        'file/flows': { path: join(folder, 'flows.jsonl') },
      },
      service: {
        state_dir: join(folder, 'state'),
        health: { endpoint: 'none' },
        telemetry: { metrics: { endpoint: 'none' } },
        pipelines: { 'logs/flows': { receivers: ['ebpf'], processors: [], exporters: ['file/flows'] } },
      },
    }),
  )
  const configs = ['--config', join(ROOT, 'config/examples/ebpf.yaml'), '--config', override]
  const args = [join(ROOT, 'flowfold.ts'), 'run', ...configs]
  const child = world.start(context, world.node, process.execPath, ...args)
  await ready(child, '"feature":"flows","how"')
  return child
}

async function drive(world: NodeWorld): Promise<void> {
  const untilMs = Date.now() + DURATION_MS
  const start = (...args: string[]) => world.start(context, world.pod(1), process.execPath, ...args)
  const run = (...args: string[]) => new Promise((resolve) => start(...args).on('exit', resolve))
  while (Date.now() < untilMs) {
    await run(TALK, 'ask', JSON.stringify({ ip4: world.ip4(2), ip6: world.ip6(2), rounds: 5 }))
    await run(TRAFFIC, 'datagrams', JSON.stringify({ host: NOWHERE, port: 9, packets: 3, bytes: 10 }))
    // Nobody answers what the firewall drops, so it would try for two minutes.
    const denied = start(TRAFFIC, 'refused', JSON.stringify({ host: world.ip4(2), port: DENIED_PORT }))
    await sleep(1500)
    await ended(denied, 'SIGKILL')
    await run(TRAFFIC, 'refused', JSON.stringify({ host: world.ip4(2), port: 9999 }))
  }
}

function show(rows: readonly Row[]): void {
  const isTrouble = ({ Verdict }: Row) => Verdict === 'DROPPED' || Verdict === 'ERROR'
  const list = (what: string, some: readonly Row[]) => {
    say(`\n${some.length} rows of ${what}${some.length > MOST_ROWS ? `; those of the most flows` : ''}:`)
    for (const row of some.toSorted((a, b) => flowsOf(b) - flowsOf(a)).slice(0, MOST_ROWS)) {
      const drop = row.KernelDrop ? `  (${row.KernelDrop.Reason} at ${row.KernelDrop.Location ?? '?'})` : ''
      say(`  ${row.WindowStart?.slice(11, 19)}  ${rowText(row)}${drop}`)
    }
  }
  list(
    'what passed',
    rows.filter((row) => !isTrouble(row)),
  )
  list('what did not', rows.filter(isTrouble))
}

interface Counters {
  readonly lxc1: LinkCounters
  readonly lxc2: LinkCounters
  readonly denied: { readonly packets: number; readonly bytes: number }
}

function countersOf(world: NodeWorld): Counters {
  const table = world.run(world.node, 'nft', 'list table inet demo')
  const [, packets, bytes] = /packets (\d+) bytes (\d+)/.exec(table) ?? []
  const denied = { packets: Number(packets), bytes: Number(bytes) }
  return { lxc1: world.counters('lxc1'), lxc2: world.counters('lxc2'), denied }
}

/** Counters around a moment: what a kernel sends of itself may come in between. */
interface Moment {
  readonly from: Counters
  readonly to: Counters
}

/** Bytes by interface and direction against the interfaces' own, drops against the firewall's. */
function compare(flows: readonly Row[], started: Moment, stopped: Moment): boolean {
  say('\nwhat was counted       by flowfold         by the kernel')
  const sum = (rows: readonly Row[], column: 'Packets' | 'Bytes') =>
    rows.reduce((total, row) => total + (row[column] ?? 0), 0)
  let isEqual = true
  const line = (what: string, ours: number, counter: (counters: Counters) => number) => {
    const least = counter(stopped.from) - counter(started.to)
    const most = counter(stopped.to) - counter(started.from)
    const holds = ours >= least && ours <= most && most > 0
    isEqual &&= holds
    const theirs = least === most ? String(most) : `${least} to ${most}`
    say(
      `${what.padEnd(20)} ${String(ours).padStart(13)} ${theirs.padStart(18)}  ${holds ? 'equal' : 'NOT EQUAL'}`,
    )
  }
  for (const link of ['lxc1', 'lxc2'] as const)
    for (const [side, point] of [
      ['in', 'FROM_ENDPOINT'],
      ['out', 'TO_ENDPOINT'],
    ] as const) {
      const seen = flows.filter(
        ({ Interface, TraceObservationPoint }) => Interface === link && TraceObservationPoint === point,
      )
      line(`${link} ${side}, bytes`, sum(seen, 'Bytes'), (counters) => counters[link][side].bytes)
    }
  // Drops are seen on the whole machine; these are the demo's own.
  const denied = flows.filter(
    ({ KernelDrop, Layer4 }) =>
      KernelDrop?.Reason === 'NETFILTER_DROP' &&
      (Layer4?.TCP as { destination_port?: number })?.destination_port === DENIED_PORT,
  )
  line('denied, packets', sum(denied, 'Packets'), (counters) => counters.denied.packets)
  line('denied, bytes', sum(denied, 'Bytes'), (counters) => counters.denied.bytes)
  return isEqual
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.on('exit', resolve))
  child.kill(signal)
  await exit
}
