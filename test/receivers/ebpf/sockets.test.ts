import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TcpObservation } from '../../../receivers/ebpf/observation.ts'
import { listen, send, skipReason, watch } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const skip = await skipReason('nft')
const BYTES = 8 << 20

test('what became of a socket, told by both its ends, with what was sent again', {
  skip,
  timeout: 60_000,
}, async (context) => {
  const world = await NodeWorld.make(context)
  world.run(
    world.node,
    'nft',
    'add table inet t; add chain inet t f { type filter hook forward priority 0; }',
  )
  // Data alone: without the last acknowledgement, the other side would send again as well.
  world.run(
    world.node,
    'nft',
    'add rule inet t f tcp dport 5001 meta length gt 1000 numgen inc mod 20 == 7 counter drop',
  )
  await listen(context, world, 2, 'sink', { port: 5001 })
  const watching = await watch(context, world, {
    settings: { mode: 'hubble', drops: false, interval: '200ms' },
  })
  await send(context, world, 1, 'bulk', { host: world.ip6(2), port: 5001, streams: 1, bytes: BYTES })
  await sleep(500)
  const { examples } = await watching.stop()
  const [, dropped] = /packets (\d+)/.exec(world.run(world.node, 'nft', 'list table inet t')) ?? []
  const seen = examples.filter((observation) => observation.kind === 'tcp')
  const events = (kind: TcpObservation['event']['kind'], destinationPort: number | null) =>
    seen.filter(
      ({ event, tuple }) =>
        event.kind === kind && (destinationPort === null || tuple.destinationPort === destinationPort),
    )

  const [connected, ...others] = events('connected', 5001)
  assert.ok(connected.event.kind === 'connected' && connected.event.connectUs > 0)
  assert.deepEqual([connected.tuple.source, connected.tuple.destination], [world.ip6(1), world.ip6(2)])
  assert.deepEqual(others, [])

  const [client] = events('closed', 5001)
  assert.ok(client.event.kind === 'closed')
  assert.equal(client.event.opener, 'local')
  // The kernel counts SYN and FIN along with the bytes.
  assert.ok(
    client.event.ackedBytes >= BYTES && client.event.ackedBytes <= BYTES + 2,
    `${client.event.ackedBytes}`,
  )
  assert.ok(client.event.srttUs > 0)
  const server = events('closed', client.tuple.sourcePort)[0]
  assert.ok(server.event.kind === 'closed')
  assert.deepEqual([server.event.opener, server.event.retransmits], ['remote', 0])
  assert.ok(server.event.receivedBytes >= BYTES && server.event.receivedBytes <= BYTES + 2)

  const again = events('retransmitted', 5001).reduce(
    (sum, { event }) => sum + ('retransmits' in event ? event.retransmits : 0),
    0,
  )
  context.diagnostic(`${dropped} packets dropped, ${again} segments sent again`)
  assert.ok(Number(dropped) > 0)
  assert.equal(again, client.event.retransmits)
})
