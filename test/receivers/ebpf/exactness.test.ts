import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen, send, skipReason, watch } from './kernel.ts'
import { type LinkCounters, NodeWorld } from './node-world.ts'
import type { Seen } from './watch-process.ts'

const skip = await skipReason()
/** `npm run test:ebpf` sends several gigabytes; the short run is over in seconds. */
const isLong = process.env.FLOWFOLD_LONG === '1'
const LINKS = ['lxc1', 'lxc2'] as const

describe('every packet is counted once, as the interface itself counts', { skip, timeout: 300_000 }, () => {
  let world: NodeWorld
  const cleanups: (() => void)[] = []
  before(async () => {
    world = await NodeWorld.make({ after: (work: () => void) => void cleanups.push(work) })
  })
  after(() => {
    for (const work of cleanups) work()
  })

  /** Watches while traffic passes; what was seen, and what passed by the interfaces' own counters. */
  async function during(settings: object, traffic: () => Promise<void>) {
    const cleanup = { after: (work: () => void) => void cleanups.push(work) }
    const watching = await watch(cleanup, world, { settings: { drops: false, tcp: false, ...settings } })
    const before = LINKS.map((link) => world.counters(link))
    await traffic()
    // What is still on its way.
    await sleep(300)
    const passed = LINKS.map((link, index) => difference(world.counters(link), before[index]))
    return { seen: await watching.stop(), passed }
  }

  function assertExact({ seen, passed }: { seen: Seen; passed: LinkCounters[] }) {
    for (const [index, link] of LINKS.entries()) {
      const { skbs: inPackets = 0, bytes: inBytes = 0 } = seen.links[`${link} from_endpoint`] ?? {}
      const { skbs: outPackets = 0, bytes: outBytes = 0 } = seen.links[`${link} to_endpoint`] ?? {}
      const counted = {
        in: { packets: inPackets, bytes: inBytes },
        out: { packets: outPackets, bytes: outBytes },
      }
      assert.deepEqual(counted, passed[index], link)
    }
    assert.deepEqual({ damaged: seen.damaged, missing: seen.missing }, { damaged: 0, missing: 0 })
  }

  const cleanup = { after: (work: () => void) => void cleanups.push(work) }

  test('TCP over four connections', async (context) => {
    await listen(cleanup, world, 2, 'sink', { port: 5001 })
    const bytes = (isLong ? 2 : 0.25) * 2 ** 30
    const result = await during({ interval: '200ms' }, () =>
      send(cleanup, world, 1, 'bulk', { host: world.ip4(2), port: 5001, streams: 4, bytes }),
    )
    assertExact(result)
    assert.equal(result.seen.losses.lost.flow_map_full, 0)
    context.diagnostic(`${JSON.stringify(result.passed)}`)
  })

  test('UDP over IPv6', async () => {
    await listen(cleanup, world, 2, 'hole', { port: 6001, ports: 1 })
    const packets = isLong ? 300_000 : 20_000
    assertExact(
      await during({ interval: '100ms' }, () =>
        send(cleanup, world, 1, 'datagrams', { host: world.ip6(2), port: 6001, packets, bytes: 64 }),
      ),
    )
  })

  test('fragments, of IPv4 and IPv6', async () => {
    await listen(cleanup, world, 2, 'hole', { port: 6101, ports: 1 })
    const result = await during({}, async () => {
      for (const host of [world.ip4(2), world.ip6(2)])
        await send(cleanup, world, 1, 'datagrams', { host, port: 6101, packets: 200, bytes: 4000 })
    })
    assertExact(result)
    // Three for each datagram, whichever interface: the first with ports, two without.
    assert.equal(result.seen.links['lxc1 from_endpoint'].skbs, 1200)
    const ports = result.seen.examples.flatMap((seen) =>
      seen.kind === 'counts' ? [seen.tuple.destinationPort] : [],
    )
    assert.deepEqual([...new Set(ports)].sort(), [0, 6101])
  })

  test('100,000 flows at once', async () => {
    const [sources, ports] = [2, 50_000]
    const result = await during({ interval: '60s', max_flows: 262_144 }, () =>
      send(cleanup, world, 1, 'datagrams', {
        host: world.ip4(2),
        port: 1,
        ports,
        sources,
        packets: 1,
        bytes: 10,
      }),
    )
    assertExact(result)
    assert.ok(result.seen.links['lxc1 from_endpoint'].flows >= sources * ports)
  })

  test('a map that is too small loses what it says, and nothing else', async () => {
    const result = await during({ interval: '60s', max_flows: 64 }, () =>
      send(cleanup, world, 1, 'datagrams', {
        host: world.ip4(2),
        port: 1,
        ports: 20_000,
        packets: 1,
        bytes: 10,
      }),
    )
    const counted = Object.values(result.seen.links).reduce((sum, { skbs }) => sum + skbs, 0)
    const passed = result.passed.reduce((sum, link) => sum + link.in.packets + link.out.packets, 0)
    const { flow_map_full } = result.seen.losses.lost
    assert.ok(flow_map_full > 0)
    assert.equal(counted + flow_map_full, passed)
  })
})

function difference(now: LinkCounters, then: LinkCounters): LinkCounters {
  const less = (way: 'in' | 'out') => ({
    packets: now[way].packets - then[way].packets,
    bytes: now[way].bytes - then[way].bytes,
  })
  return { in: less('in'), out: less('out') }
}
