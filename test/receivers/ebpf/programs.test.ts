import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { COUNTER } from '../../../receivers/ebpf/layout.ts'
import type { CountsObservation, HeadObservation, Observation } from '../../../receivers/ebpf/observation.ts'
import { skipReason } from './kernel.ts'

const skip = await skipReason()
// What loads libbpf must not be loaded where there is none.
const { ACK, ethernet, FIN, FlowProgram, ipv4, ipv6, RST, SYN, tcp, udp } = skip
  ? await none()
  : await import('./test-run.ts')

const [TCP, UDP, ICMP] = [6, 17, 1]
const UNSPEC = -1
const IP = '0800'
const IP6 = '86dd'

describe('flow.bpf.c, frame by frame', { skip }, () => {
  test('a datagram is counted with its ends, and let through', async () => {
    await using(async (program) => {
      const frame = ethernet(IP, ipv4(UDP, udp(40_000, 2000, Buffer.alloc(10))))
      assert.equal(program.see('ff_in', frame), UNSPEC)
      const [flow] = counts(await program.read())
      assert.deepEqual(
        [flow.tuple, flow.packets, flow.skbs, flow.bytes, flow.at.passage, flow.isReply],
        [
          {
            source: '10.0.0.1',
            destination: '10.0.0.2',
            protocol: UDP,
            sourcePort: 40_000,
            destinationPort: 2000,
          },
          ...[1, 1, frame.length, 'from_endpoint', false],
        ],
      )
    })
  })

  test('what is read was written before the swap, whichever map it was in', async () => {
    await using(async (program) => {
      const see = (times: number) => program.see('ff_in', ethernet(IP, ipv4(UDP, udp(40_000, 53_000))), times)
      const packets = async () => counts(await program.read()).map((flow) => flow.packets)
      see(3)
      assert.deepEqual(await packets(), [3])
      see(4)
      assert.deepEqual(await packets(), [4])
      assert.deepEqual(await packets(), [])
      see(5)
      assert.deepEqual(await packets(), [5])
    })
  })

  test('a flow was last seen with its last packet, to a tick of the kernel', async () => {
    await using(async (program) => {
      const frame = ethernet(IP, ipv4(UDP, udp(40_000, 53_000)))
      program.see('ff_in', frame, 2)
      const startMs = performance.now()
      await sleep(60)
      program.see('ff_in', frame)
      const tookMs = performance.now() - startMs
      const [{ spanNs }] = counts(await program.read())
      const TICK_MS = 10
      assert.ok(spanNs / 1e6 >= 60 - TICK_MS && spanNs / 1e6 <= tookMs + TICK_MS, `${spanNs} ns`)
      program.see('ff_in', frame, 3)
      const [{ spanNs: atOnceNs }] = counts(await program.read())
      assert.ok(atOnceNs >= 0 && atOnceNs / 1e6 < TICK_MS, `${atOnceNs} ns`)
    })
  })

  test('who sent the SYN is the client, in both directions; flags are put together', async () => {
    await using(async (program) => {
      // By their ports alone, the client would be the server.
      program.see('ff_in', ethernet(IP, ipv4(TCP, tcp(80, 40_000, SYN))))
      program.see('ff_out', ethernet(IP, ipv4(TCP, tcp(40_000, 80, SYN | ACK), { isReply: true })))
      for (const flags of [ACK, FIN | ACK])
        program.see('ff_in', ethernet(IP, ipv4(TCP, tcp(80, 40_000, flags))))
      const flows = counts(await program.read()).sort((a, b) => Number(a.isReply) - Number(b.isReply))
      assert.deepEqual(
        flows.map((flow) => [flow.tuple.sourcePort, flow.isReply, flow.tcpFlags, flow.packets]),
        [
          [80, false, SYN | ACK | FIN, 3],
          [40_000, true, SYN | ACK, 1],
        ],
      )
    })
  })

  test('ports that are used again the other way round begin a new connection', async () => {
    await using(async (program) => {
      program.see('ff_in', ethernet(IP, ipv4(TCP, tcp(40_000, 80, SYN))))
      program.see('ff_in', ethernet(IP, ipv4(TCP, tcp(40_000, 80, RST))))
      program.see('ff_in', ethernet(IP, ipv4(TCP, tcp(80, 40_000, SYN), { isReply: true })))
      const again = counts(await program.read()).find((flow) => flow.tuple.sourcePort === 80)
      assert.equal(again?.isReply, false)
    })
  })

  test('of a connection that nobody saw begin, the ephemeral port is the client', async () => {
    await using(async (program) => {
      program.see('ff_in', ethernet(IP, ipv4(TCP, tcp(8443, 40_000, ACK))))
      assert.deepEqual(
        counts(await program.read()).map((flow) => flow.isReply),
        [true],
      )
    })
  })

  test('a ping asks, and its echo answers', async () => {
    await using(async (program) => {
      program.see('ff_in', ethernet(IP, ipv4(ICMP, Buffer.from('0800000000070001', 'hex'))))
      program.see('ff_in', ethernet(IP, ipv4(ICMP, Buffer.from('0000000000070001', 'hex'))))
      program.see('ff_in', ethernet(IP, ipv4(ICMP, Buffer.from('0301000000000000', 'hex'))))
      const seen = counts(await program.read()).map(({ tuple, isReply }) => [
        tuple.sourcePort,
        tuple.destinationPort,
        isReply,
      ])
      assert.deepEqual(seen.sort(), [
        [0, 0, true],
        [3, 1, null],
        [8, 0, false],
      ])
    })
  })

  test('IPv6 with extension headers before the ports', async () => {
    await using(async (program) => {
      const hopByHop = Buffer.from([60, 0, 1, 4, 0, 0, 0, 0])
      const options = Buffer.from([UDP, 0, 1, 4, 0, 0, 0, 0])
      program.see('ff_in', ethernet(IP6, ipv6(0, Buffer.concat([hopByHop, options, udp(50_000, 6)]))))
      const [{ tuple }] = counts(await program.read())
      assert.deepEqual(
        [tuple.source, tuple.destination, tuple.protocol, tuple.destinationPort],
        ['fd00::1', 'fd00::2', UDP, 6],
      )
    })
  })

  test('a later fragment has no ports', async () => {
    await using(async (program) => {
      program.see('ff_in', ethernet(IP, ipv4(UDP, Buffer.alloc(16, 0x41), { fragment: 0xb9 })))
      program.see(
        'ff_in',
        ethernet(
          IP6,
          ipv6(44, Buffer.concat([Buffer.from([UDP, 0, 0, 8, 0, 0, 0, 1]), Buffer.alloc(16, 0x41)])),
        ),
      )
      const seen = counts(await program.read())
      assert.deepEqual(
        seen.map(({ tuple, packets }) => [tuple.sourcePort, tuple.destinationPort, packets]),
        [
          [0, 0, 1],
          [0, 0, 1],
        ],
      )
    })
  })

  test('one tag, and two', async () => {
    await using(async (program) => {
      program.see('ff_in', ethernet(`81000005${IP}`, ipv4(UDP, udp(40_001, 8))))
      program.see('ff_in', ethernet(`88a8000681000005${IP}`, ipv4(UDP, udp(40_002, 8))))
      const ports = counts(await program.read()).map(({ tuple }) => tuple.sourcePort)
      assert.deepEqual(ports.sort(), [40_001, 40_002])
    })
  })

  test('what is no IP, or cut short, is counted and not read', async () => {
    await using(async (program) => {
      program.see('ff_in', ethernet('0806', Buffer.alloc(28)))
      program.see('ff_in', ethernet(IP, ipv4(UDP, Buffer.from([1, 2, 3, 4]))))
      program.see('ff_in', ethernet(IP, ipv4(TCP, Buffer.alloc(19))))
      assert.deepEqual(await program.read(), [])
      assert.equal(program.counter(COUNTER.notIp), 3)
      assert.equal(program.counter(COUNTER.notIpBytes), 42 + 38 + 53)
    })
  })

  test('a full map counts what it has no room for', async () => {
    await using(
      async (program) => {
        for (let port = 1; port <= 40; port++)
          program.see('ff_in', ethernet(IP, ipv4(UDP, udp(40_000, port))))
        const kept = counts(await program.read()).length
        assert.ok(kept >= 16)
        assert.equal(kept + program.lost.flow_map_full, 40)
      },
      { max_flows: 16 },
    )
  })

  test('DNS is copied whole up to its bound, HTTP where it begins', async () => {
    await using(
      async (program) => {
        const long = Buffer.alloc(600, 'd')
        program.see('ff_in', ethernet(IP, ipv4(UDP, udp(40_000, 53, long))))
        const send = (text: string, flags = ACK) =>
          program.see('ff_out', ethernet(IP, ipv4(TCP, tcp(40_000, 8080, flags, Buffer.from(text)))))
        send('GET /status HTTP/1.1\r\n')
        send('some of a body that goes on')
        send('GET /')
        const seen = heads(await program.read())
        assert.deepEqual(
          seen.map(({ kind, payload, payloadBytes }) => [kind, payload.length, payloadBytes]),
          [
            ['dns', 512, 600],
            ['http', 22, 22],
          ],
        )
        assert.deepEqual(Buffer.from(seen[0].payload), long.subarray(0, 512))
      },
      { http: { capture: 'server' } },
    )
  })

  test('HTTP is read at the server alone, on the ports asked for, and so many a second', async () => {
    const request = Buffer.from('GET /status HTTP/1.1\r\n')
    const frame = (port: number) => ethernet(IP, ipv4(TCP, tcp(40_000, port, ACK, request)))
    const count = (settings: object, hook: 'ff_in' | 'ff_out', port: number, times = 1) =>
      using(
        async (program) => {
          program.see(hook, frame(port), times)
          return [heads(await program.read()).length, program.lost.http_limited]
        },
        { http: settings },
      )
    // A request that comes in from the pod is on its way from the client.
    assert.deepEqual(await count({ capture: 'server' }, 'ff_in', 80), [0, 0])
    assert.deepEqual(await count({ capture: 'server' }, 'ff_out', 80), [1, 0])
    assert.deepEqual(await count({ capture: 'all' }, 'ff_in', 80), [1, 0])
    assert.deepEqual(await count({ capture: 'off' }, 'ff_out', 80), [0, 0])
    assert.deepEqual(await count({ capture: 'all', ports: [8080, 9090] }, 'ff_in', 80), [0, 0])
    assert.deepEqual(await count({ capture: 'all', ports: [8080, 9090] }, 'ff_in', 9090), [1, 0])
    const [read, limited] = await count({ capture: 'all', per_second: 10 }, 'ff_in', 80, 1000)
    assert.ok(read >= 10 && read <= 11 && read + limited === 1000, `${read} read, ${limited} limited`)
  })
})

async function using<T>(
  work: (program: InstanceType<typeof FlowProgram>) => Promise<T>,
  settings: object = {},
): Promise<T> {
  // Small maps are made sooner.
  const program = new FlowProgram({ max_flows: 1024, ...settings })
  try {
    return await work(program)
  } finally {
    program.close()
  }
}

function counts(seen: readonly Observation[]): CountsObservation[] {
  return seen.filter((observation) => observation.kind === 'counts')
}

function heads(seen: readonly Observation[]): HeadObservation[] {
  return seen.filter((observation) => 'payload' in observation)
}

/** Types without the code. */
async function none(): Promise<typeof import('./test-run.ts')> {
  return {} as typeof import('./test-run.ts')
}
