import type { Call, Cluster, Service } from './cluster.ts'
import {
  type Conversation,
  type Link,
  policySide,
  policyVerdict,
  type Step,
  tcp,
  trace,
} from './conversation.ts'
import type { Endpoint } from './endpoint.ts'
import type { Random } from './random.ts'
import type { TcpState } from './sighting.ts'

const SHARE_OF_RESETS = 0.04
/** With Cilium's monitor aggregation a long connection is reported once in this time and direction. */
const MONITOR_INTERVAL_US = 5_000_000

/** A connection of two workloads, of which this node sees at least one end. */
export function callConnection(cluster: Cluster, random: Random): Conversation {
  const call = random.pickPopular(cluster.calls)
  const link = linkOf(call, random)
  const policies = policySide(link) === 'INGRESS' ? call.server.policies : call.client.policies
  const verdict = policyVerdict(link, tcp(link, false, 'SYN'), {
    direction: policySide(link),
    policies: {
      key: policySide(link) === 'INGRESS' ? 'ingress_allowed_by' : 'egress_allowed_by',
      json: policies,
    },
  })
  return [{ afterUs: 0, sighting: verdict }, ...connection(link, random)]
}

/** A stranger reaches the ingress, or a pod reaches a site outside. */
export function worldConnection(cluster: Cluster, random: Random): Conversation {
  const fromOutside = random.chance(0.6)
  const ingress = cluster.named('ingress/nginx-controller')
  const { client, site } = random.pickPopular(cluster.outsideCalls)
  const link = {
    client: random.pickPopular(fromOutside ? cluster.visitors : client.here),
    server: fromOutside ? random.pickPopular(ingress.here) : site.endpoint,
    clientPort: ephemeralPort(random),
    serverPort: 443,
    isIpv6: false,
  }
  return connection(link, random)
}

/** The kubelet probes a pod, or a pod talks to the API server. */
export function nodeConnection(cluster: Cluster, random: Random): Conversation {
  const pod = podHere(cluster, random)
  const isProbe = random.chance(0.6)
  const link = {
    client: isProbe ? cluster.host : pod,
    server: isProbe ? pod : cluster.apiServer,
    clientPort: ephemeralPort(random),
    serverPort: isProbe ? 8080 : 443,
    isIpv6: false,
  }
  return connection(link, random)
}

/** Handshake, data both ways, end: a sighting for each flag that is new, and one an interval for those that live on. */
export function connection(link: Link, random: Random): Conversation {
  const intervals = random.chance(0.3) ? random.between(1, 9) : 0
  const roundTripUs = random.between(150, 2500)
  const step = (isReply: boolean, flags: TcpState, afterUs = roundTripUs): Step => ({
    afterUs,
    sighting: trace(link, isReply, tcp(link, isReply, flags), flags === 'SYN'),
  })
  if (random.chance(SHARE_OF_RESETS)) return [step(false, 'SYN', 50), step(true, 'RST')]
  return [
    step(false, 'SYN', 50),
    step(true, 'SYN_ACK'),
    step(false, 'ACK', 80),
    step(false, 'PSH', 60),
    step(true, 'PSH', random.between(500, 40_000)),
    ...Array.from({ length: intervals * 2 }, (_, index) =>
      step(index % 2 === 1, 'PSH', index % 2 === 0 ? MONITOR_INTERVAL_US : roundTripUs),
    ),
    step(false, 'FIN', random.between(100, 90_000)),
    step(true, 'FIN'),
  ]
}

/** Ends for a call: one of them is here, for else this node would not know of it. */
export function linkOf(call: Call, random: Random, isServerHere = random.chance(0.5)): Link {
  const { client, server, isIpv6 } = call
  return {
    client: isServerHere ? anyPod(client, random) : random.pickPopular(client.here),
    server: isServerHere ? random.pickPopular(server.here) : anyPod(server, random),
    clientPort: ephemeralPort(random),
    serverPort: server.workload.port,
    isIpv6,
  }
}

export function podHere(cluster: Cluster, random: Random): Endpoint {
  return random.pickPopular(cluster.podsHere)
}

/** Linux hands out 32768 to 60999. */
export function ephemeralPort(random: Random): number {
  return random.between(32768, 61000)
}

export function anyPod({ here, elsewhere }: Service, random: Random): Endpoint {
  const isHere = elsewhere.length === 0 || random.chance(0.25)
  return random.pickPopular(isHere ? here : elsewhere)
}
