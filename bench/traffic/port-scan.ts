import type { Cluster } from './cluster.ts'
import { tcp, trace } from './conversation.ts'
import type { Observed } from './traffic.ts'

const PORTS = 60_000
const TAKES_NS = 10e9

/**
 * What makes groups explode: pods that try port after port of each other, all within ten seconds. Every flow falls into
 * a group of its own, since no two agree on both workloads and the port.
 */
export function* portScan(cluster: Cluster, groups: number): Generator<Observed> {
  const services = [...cluster.services.values()]
  const most = services.length ** 2 * PORTS
  if (groups > most) throw new RangeError(`${groups} groups are too many: this cluster has at most ${most}`)
  for (let group = 0; group < groups; group++) {
    const pair = Math.floor(group / PORTS)
    const link = {
      client: services[Math.floor(pair / services.length)].here[0],
      server: services[pair % services.length].here[0],
      clientPort: 40_000,
      serverPort: 1 + (group % PORTS),
      isIpv6: false,
    }
    const elapsedNs = Math.floor((group / groups) * TAKES_NS)
    yield { sighting: trace(link, false, tcp(link, false, 'SYN'), true), elapsedNs }
  }
}
