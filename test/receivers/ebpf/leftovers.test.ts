import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { send, skipReason, watch } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const skip = await skipReason('tc')
const isLong = process.env.FLOWFOLD_LONG === '1'
/** The kernel takes some 50 ms to put programs on one and to take them away. */
const INTERFACES = isLong ? 200 : 60
const NOTHING = { programs: [], maps: [], links: [] }

test('kill -9 while traffic runs leaves nothing in the kernel', {
  skip,
  timeout: 60_000,
}, async (context) => {
  const { heldBy, stillThere } = await import('./left-behind.ts')
  const world = await NodeWorld.make(context)
  const watching = await watch(context, world, { settings: {} })
  const held = heldBy(watching.pid)
  // Both ways of two interfaces, and three tracepoints, of which libbpf 1.0 holds one as a perf event.
  assert.ok(
    held.links.length >= 4 && held.programs.length >= 4 && held.maps.length >= 10,
    JSON.stringify(held),
  )
  const traffic = send(context, world, 1, 'datagrams', {
    host: world.ip4(2),
    port: 1,
    ports: 20_000,
    packets: 1,
    bytes: 10,
  })
  await sleep(50)
  await watching.kill()
  await traffic
  // The kernel frees after a grace period.
  for (let tries = 0; tries < 50 && JSON.stringify(stillThere(held)) !== JSON.stringify(NOTHING); tries++)
    await sleep(100)
  assert.deepEqual(stillThere(held), NOTHING)
})

test('on the old hook a filter outlives kill -9, and the next run replaces and removes it', {
  skip,
  timeout: 60_000,
}, async (context) => {
  const world = await NodeWorld.make(context)
  const filters = () =>
    (['ingress', 'egress'] as const).flatMap((way) => [
      ...new Set(world.run(world.node, 'tc', 'filter', 'show', 'dev', 'lxc1', way).match(/\bff_\w+/g)),
    ])
  const settings = { drops: false, tcp: false, interval: '200ms' }
  const killed = await watch(context, world, { settings, hook: 'clsact' })
  assert.deepEqual(filters(), ['ff_in', 'ff_out'])
  await killed.kill()
  assert.deepEqual(filters(), ['ff_in', 'ff_out'])

  const next = await watch(context, world, { settings, hook: 'clsact' })
  assert.deepEqual(filters(), ['ff_in', 'ff_out'])
  const before = world.counters('lxc1').in
  await send(context, world, 1, 'datagrams', { host: world.ip4(2), port: 9, packets: 100, bytes: 10 })
  await sleep(300)
  const passed = world.counters('lxc1').in.packets - before.packets
  const seen = await next.stop()
  assert.equal(seen.links['lxc1 from_endpoint'].skbs, passed)
  assert.deepEqual(filters(), [])

  // One that runs on the new hook removes what an older build left on the old one.
  await (await watch(context, world, { settings, hook: 'clsact' })).kill()
  const modern = await watch(context, world, { settings })
  assert.deepEqual(filters(), [])
  await modern.stop()
})

test(`${INTERFACES} interfaces come and go, and nothing of them stays`, {
  skip,
  timeout: 120_000,
}, async (context) => {
  const world = await NodeWorld.make(context)
  const watching = await watch(context, world, { settings: { interval: '500ms' } })
  const descriptors = () => readdirSync(`/proc/${watching.pid}/fd`).length
  const residentMib = async () => {
    process.kill(watching.pid, 'SIGUSR2')
    await sleep(500)
    return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${watching.pid}/status`, 'utf8'))?.[1]) / 1024
  }
  const until = async (isSo: () => boolean, what: string) => {
    for (let tries = 0; !isSo(); tries++) {
      if (tries > 300) assert.fail(what)
      await sleep(100)
    }
  }
  const churn = async (round: number, interfaces: number) => {
    // A namespace that goes takes its interfaces along, all in one.
    const pods = `${world.node}r${round}`
    world.run(world.node, 'ip', 'netns', 'add', pods)
    context.after(() => void spawnSync('ip', ['netns', 'del', pods]))
    const names = Array.from({ length: interfaces }, (_, index) => `r${round}pod${index}`)
    const lines = names.map((name) => `link add ${name} type veth peer name e${name} netns ${pods}\\n`)
    world.run(world.node, 'sh', '-c', `printf '${lines.join('')}' | ip -batch -`)
    await until(
      () => descriptors() === base + 2 * interfaces,
      `followed ${(descriptors() - base) / 2} interfaces of ${interfaces}`,
    )
    world.run(world.node, 'ip', 'netns', 'del', pods)
    await until(() => descriptors() === base, `${descriptors() - base} descriptors are left`)
  }
  const base = descriptors()
  // Until the heap has found its size.
  const warmUp = isLong ? 3 : 1
  for (let round = 0; round < warmUp; round++) await churn(round, isLong ? INTERFACES : 20)
  const warmMib = await residentMib()
  for (let round = warmUp; round < 2 * warmUp; round++) await churn(round, INTERFACES)
  const endMib = await residentMib()
  const grownMib = Math.round(endMib - warmMib)
  context.diagnostic(
    `${descriptors()} descriptors, ${Math.round(endMib)} MiB, ${grownMib} MiB more than after the first rounds`,
  )
  assert.ok(grownMib < 8)
  const { damaged } = await watching.stop()
  assert.equal(damaged, 0)
})
