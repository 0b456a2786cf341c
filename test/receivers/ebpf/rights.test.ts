import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Feature } from '../../../receivers/ebpf/world.ts'
import { printed, send, skipReason } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const skip = await skipReason('setpriv')
const WATCH = join(import.meta.dirname, 'watch-process.ts')
const FLOWFOLD = join(import.meta.dirname, '../../../flowfold.ts')

/** Runs a program as nobody, with these capabilities and no others. */
function asNobody(capabilities: readonly string[], ...command: string[]): string[] {
  const added = capabilities.map((name) => `,+${name}`).join('')
  const sets = ['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=-all${added}`)
  return [
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    ...sets,
    process.execPath,
    ...command,
  ]
}

test('three capabilities are enough, and without a fourth places of drops are addresses', {
  skip,
  timeout: 60_000,
}, async (context) => {
  const world = await NodeWorld.make(context)
  const settings = { interval: '200ms' }
  const command = asNobody(
    ['bpf', 'net_admin', 'perfmon'],
    WATCH,
    JSON.stringify({ settings, netns: world.netns }),
  )
  const child = world.start(context, world.node, command[0], ...command.slice(1))
  let said = ''
  child.stderr.on('data', (piece) => {
    said += piece
  })
  await printed(child, 'ready')
  const features: Feature[] = said
    .split('\n')
    .flatMap((line) => (line.startsWith('{"name"') ? [JSON.parse(line)] : []))
  assert.deepEqual(
    features.map(({ name, state }) => [name, state]),
    [
      ['flows', 'on'],
      ['drops', 'on'],
      ['tcp', 'on'],
      ['drop_locations', 'off'],
    ],
  )
  await send(context, world, 1, 'refused', { host: world.ip4(2), port: 7777 })
  child.stdin.end()
  const seen = JSON.parse((await printed(child, '\n')).trim())
  const drop = seen.examples.find(
    ({ kind, reason }: { kind: string; reason: string }) => kind === 'drop' && reason === 'NO_SOCKET',
  )
  assert.match(drop.location, /^0x[0-9a-f]+$/)
})

test('who lacks a right is told which', { skip }, () => {
  const run = (capabilities: readonly string[]) => {
    const [program, ...args] = asNobody(
      capabilities,
      FLOWFOLD,
      'ebpf-agent',
      '--socket',
      '/nowhere/agent.sock',
    )
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
    return [status, stderr.trim()]
  }
  const missing = (names: string) => [
    1,
    `flowfold: ebpf-agent: the process lacks ${names}; run it as root or grant them`,
  ]
  assert.deepEqual(run([]), missing('CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON'))
  assert.deepEqual(run(['bpf', 'net_admin']), missing('CAP_PERFMON'))
  const [status, reason] = run(['bpf', 'net_admin', 'perfmon'])
  assert.equal(status, 1)
  assert.match(String(reason), /ebpf-agent: .*\/nowhere/)
})
