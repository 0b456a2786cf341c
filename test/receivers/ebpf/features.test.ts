import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hasBtf, missingOf, whyNothingWorks } from '../../../receivers/ebpf/probe.ts'
import type { Feature } from '../../../receivers/ebpf/world.ts'
import { printed, skipReason } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const WATCH = join(import.meta.dirname, 'watch-process.ts')

/** What the tests beside this one can and cannot try here. With `REQUIRE_EBPF=1` all of it must be there. */
test('what this machine lets us see', { timeout: 60_000 }, async (context) => {
  const table: [what: string, state: string][] = [
    ['libbpf and koffi', (await whyNothingWorks()) ?? 'ok'],
    ['capabilities', missingOf(['BPF', 'NET_ADMIN', 'PERFMON', 'SYSLOG']).join(', ') || 'ok'],
    ['BTF', hasBtf() ? 'ok' : 'no /sys/kernel/btf/vmlinux'],
    ['built programs', existsSync('bpf/dist/flow.bpf.o') ? 'ok' : 'bpf/dist is empty: npm run bpf'],
    ...['ip', 'nsenter', 'nft', 'clang', 'llvm-strip'].map((tool): [string, string] => [tool, stateOf(tool)]),
  ]
  const skip = await skipReason()
  const features = skip === false ? await featuresOf(context) : []
  for (const feature of features)
    table.push([feature.name, feature.state === 'on' ? `ok (${feature.how})` : feature.reason])
  if (skip !== false) table.push(['flows, drops, tcp', skip])
  for (const [what, state] of table) context.diagnostic(`${what.padEnd(18)} ${state}`)
  if (process.env.REQUIRE_EBPF !== '1') return
  assert.deepEqual(
    table.filter(([, state]) => !state.startsWith('ok')),
    [],
  )
  assert.deepEqual(features.map(({ name }) => name).toSorted(), ['drop_locations', 'drops', 'flows', 'tcp'])
})

function stateOf(tool: string): string {
  try {
    execFileSync('which', [tool], { stdio: 'pipe' })
    return 'ok'
  } catch {
    return 'not installed'
  }
}

/** Each feature, tried in a namespace of its own, where no interface of this machine is touched. */
async function featuresOf(context: { after(work: () => void): void }): Promise<Feature[]> {
  const world = await NodeWorld.make(context)
  const child = world.start(context, world.node, process.execPath, WATCH, JSON.stringify({ settings: {} }))
  let said = ''
  child.stderr.on('data', (piece) => {
    said += piece
  })
  await printed(child, 'ready')
  return said.split('\n').flatMap((line) => (line.startsWith('{"name"') ? [JSON.parse(line)] : []))
}
