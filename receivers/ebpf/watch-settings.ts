import { z } from 'zod'
import { duration, size } from '../../src/sdk/index.ts'

const port = z.int().min(1).max(65535)

/** What the kernel's side is asked to do: the same words in the config and, in JSON, in what a pipeline asks of an agent. */
export const watchSettings = {
  mode: z
    .enum(['tc', 'pod-side', 'hubble'])
    .default('tc')
    .describe(
      'Where packets are seen. `tc`: at the interfaces of this host, for every CNI without a datapath of its own in eBPF. `pod-side`: at `eth0` inside each pod, for datapaths that go around the host (needs CAP_SYS_ADMIN). `hubble`: not at all; Cilium tells of flows, and only drops and TCP sockets are watched here.',
    ),
  interfaces: z
    .strictObject({
      include: z
        .array(z.string().min(1))
        .default([])
        .describe(
          'Names of interfaces to follow, with `*` and `?`. Empty: every veth whose other end is in another namespace, which is how pods are connected. Add the uplink (`eth0`) to see a host without pods; with pods, its packets would count twice.',
        ),
      exclude: z
        .array(z.string().min(1))
        .default([])
        .describe('Names to leave out, written as in `include`.'),
    })
    .prefault({})
    .describe('Which interfaces are followed, in mode `tc`.'),
  interval: duration({ minMs: 100, maxMs: 60_000 })
    .prefault('4s')
    .describe(
      'How often the counts are read. A connection that goes on is told of once in this time and direction. Keep it below the `lateness` of `aggregate`, so that no flow comes too late for its row.',
    ),
  max_flows: z
    .int()
    .min(16)
    .max(4_194_304)
    .default(65_536)
    .describe(
      'Flows counted between two readings; about 350 bytes of kernel memory each. Packets of further ones are counted as lost (`flow_map_full`).',
    ),
  ring_bytes: size({ minBytes: 65_536, maxBytes: 64 * 2 ** 20 })
    .prefault('4MiB')
    .refine((bytes) => Number.isInteger(Math.log2(bytes)), 'must be a power of two, such as 4MiB')
    .describe('Room for DNS and HTTP heads that are not read yet; a power of two.'),
  dns_ports: z
    .array(port)
    .max(15)
    .default([53])
    .describe('Ports whose messages are read as DNS; empty turns it off.'),
  http: z
    .strictObject({
      capture: z
        .enum(['off', 'server', 'all'])
        .default('off')
        .describe(
          'Whose HTTP/1 messages are read. `server`: at the interface of the server alone, once each. `all`: at every interface.',
        ),
      ports: z.array(port).max(15).default([]).describe('Only on these ports; empty is every port.'),
      per_second: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(1000)
        .describe('Most messages a second and CPU; those over it are counted (`http_limited`). 0: no limit.'),
    })
    .prefault({})
    .describe('Method, path, status and latency of plaintext HTTP/1.'),
  drops: z.boolean().default(true).describe('Packets the kernel throws away, with its reason.'),
  tcp: z
    .boolean()
    .default(true)
    .describe(
      'Connect latency and failures, retransmits and round-trip time of the TCP sockets of this machine.',
    ),
}

export const watchSchema = z.strictObject(watchSettings)
export type WatchSettings = z.output<typeof watchSchema>
/** As it is written, so that the other side can read it with the same schema. */
export type WatchRequest = z.input<typeof watchSchema>
