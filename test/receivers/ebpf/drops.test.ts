import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { send, skipReason, watch } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const skip = await skipReason('nft')
const isLong = process.env.FLOWFOLD_LONG === '1'

test("what a firewall drops equals the firewall's own counter", {
  skip,
  timeout: 120_000,
}, async (context) => {
  const world = await NodeWorld.make(context)
  world.run(
    world.node,
    'nft',
    'add table inet t; add chain inet t f { type filter hook forward priority 0; }',
  )
  world.run(world.node, 'nft', 'add rule inet t f udp dport 20000-24999 counter drop')
  const watching = await watch(context, world, {
    settings: { mode: 'hubble', tcp: false, interval: '500ms' },
  })
  // 5,000 flows at once, 200,000 packets in the long run.
  const flood = { port: 20_000, ports: 5000, packets: isLong ? 40 : 4, bytes: 18 }
  await send(context, world, 1, 'datagrams', { host: world.ip4(2), ...flood })
  await sleep(300)
  const { drops, losses } = await watching.stop()
  const [, packets, bytes] =
    /packets (\d+) bytes (\d+)/.exec(world.run(world.node, 'nft', 'list table inet t')) ?? []
  assert.equal(Number(packets), flood.ports * flood.packets)
  assert.equal(losses.lost.drop_map_full, 0)
  assert.deepEqual(
    { packets: drops.NETFILTER_DROP.packets, bytes: drops.NETFILTER_DROP.bytes },
    { packets: Number(packets), bytes: Number(bytes) },
  )
  assert.match(drops.NETFILTER_DROP.locations.join(), /^\w+\+0x[0-9a-f]+$/)
})

test('a refused connection and a packet without a route are told by reason', {
  skip,
  timeout: 60_000,
}, async (context) => {
  const world = await NodeWorld.make(context)
  const watching = await watch(context, world, { settings: { interval: '200ms' } })
  await send(context, world, 1, 'datagrams', { host: '198.51.100.7', port: 9, packets: 3, bytes: 10 })
  await send(context, world, 1, 'refused', { host: world.ip4(2), port: 7777 })
  await sleep(300)
  const { examples } = await watching.stop()
  const refused = examples.find((seen) => seen.kind === 'tcp' && seen.tuple.destinationPort === 7777)
  assert.ok(refused?.kind === 'tcp' && refused.event.kind === 'connect_failed')
  const noSocket = examples.find((seen) => seen.kind === 'drop' && seen.reason === 'NO_SOCKET')
  assert.ok(noSocket?.kind === 'drop')
  assert.deepEqual(
    [noSocket.place, noSocket.interfaceName, noSocket.tuple.destinationPort],
    ['endpoint_netns', 'eth0', 7777],
  )
  const routeless = examples.filter(
    (seen) => seen.kind === 'drop' && seen.tuple.destination === '198.51.100.7',
  )
  assert.equal(
    routeless.reduce((sum, seen) => sum + (seen.kind === 'drop' ? seen.packets : 0), 0),
    3,
  )
  assert.ok(routeless.every((seen) => seen.kind === 'drop' && seen.place === 'endpoint_interface'))
})
