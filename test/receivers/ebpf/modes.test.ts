import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { send, skipReason, watch } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const skip = await skipReason()
/** Other tests of this machine have the same addresses, and pods are looked for on all of it. */
const FLOOD = { port: 20_000 + (process.pid % 40_000), packets: 100, bytes: 10 }

test('inside the pods, each is seen at its own eth0', { skip, timeout: 60_000 }, async (context) => {
  const world = await NodeWorld.make(context)
  const settings = { mode: 'pod-side', drops: false, tcp: false, interval: '200ms' }
  const watching = await watch(context, world, { settings, port: FLOOD.port })
  await send(context, world, 1, 'datagrams', { host: world.ip4(2), ...FLOOD })
  await sleep(300)
  const { examples } = await watching.stop()
  const flows = examples.flatMap((seen) =>
    seen.kind === 'counts' && seen.tuple.destinationPort === FLOOD.port
      ? [`${seen.at.interfaceName} ${seen.at.passage} ${seen.packets}`]
      : [],
  )
  assert.deepEqual(flows.sort(), ['eth0 from_endpoint 100', 'eth0 to_endpoint 100'])
})

test('next to Cilium, only drops and sockets are watched', { skip, timeout: 60_000 }, async (context) => {
  const world = await NodeWorld.make(context)
  const watching = await watch(context, world, { settings: { mode: 'hubble', interval: '200ms' } })
  await send(context, world, 1, 'refused', { host: world.ip4(2), port: 7777 })
  await sleep(300)
  const { examples, links } = await watching.stop()
  assert.deepEqual(links, {})
  assert.deepEqual([...new Set(examples.map(({ kind }) => kind))].sort(), ['drop', 'tcp'])
})

test('interfaces are chosen by name', { skip, timeout: 60_000 }, async (context) => {
  const world = await NodeWorld.make(context)
  const settings = { interfaces: { include: ['lxc*'], exclude: ['*2'] }, drops: false, tcp: false }
  const watching = await watch(context, world, { settings })
  await send(context, world, 1, 'datagrams', { host: world.ip4(2), ...FLOOD })
  await sleep(100)
  const { links } = await watching.stop()
  assert.ok(
    Object.keys(links).every((link) => link.startsWith('lxc1 ')),
    Object.keys(links).join(),
  )
  assert.equal(links['lxc1 from_endpoint'].flows >= 1, true)
})

test('a program that decides does not hide packets from ours', { skip, timeout: 60_000 }, async (context) => {
  const { attachDecider } = await import('./decider.ts')
  const world = await NodeWorld.make(context)
  const decider = attachDecider(world, 'lxc1')
  context.after(() => decider.detach())
  const watching = await watch(context, world, { settings: { drops: false, tcp: false } })
  const before = world.counters('lxc1').in.packets
  await send(context, world, 1, 'datagrams', { host: world.ip4(2), ...FLOOD })
  await sleep(100)
  const passed = world.counters('lxc1').in.packets - before
  const { links } = await watching.stop()
  assert.equal(links['lxc1 from_endpoint'].skbs, passed)
})
