import type { Cluster } from './cluster.ts'
import { anyPod, ephemeralPort, podHere } from './connections.ts'
import { type Conversation, type Link, sighting, trace, udp } from './conversation.ts'
import type { Endpoint } from './endpoint.ts'
import type { Random } from './random.ts'
import type { Layer4 } from './sighting.ts'

const ECHO_REQUEST: Layer4 = { kind: 'ICMPv4', type: 8, name: 'EchoRequest' }
const ECHO_REPLY: Layer4 = { kind: 'ICMPv4', type: 0, name: 'EchoReply' }
const NEIGHBOR_SOLICITATION: Layer4 = { kind: 'ICMPv6', type: 135, name: 'NeighborSolicitation' }

/** Metrics by UDP, which nobody answers, and the node's clock. */
export function udpConversation(cluster: Cluster, random: Random): Conversation {
  const isClock = random.chance(0.2)
  const link: Link = {
    client: isClock ? cluster.host : podHere(cluster, random),
    server: isClock
      ? cluster.outsideCalls[0].site.endpoint
      : anyPod(cluster.named('monitoring/statsd'), random),
    clientPort: ephemeralPort(random),
    serverPort: isClock ? 123 : 8125,
    isIpv6: false,
  }
  return [{ afterUs: 0, sighting: trace(link, false, udp(link, false), true) }]
}

/** Cilium's health check pings each node; nodes look for their neighbours. */
export function icmpConversation(cluster: Cluster, random: Random): Conversation {
  if (random.chance(0.15)) {
    const link = unported(podHere(cluster, random), cluster.host, true)
    return [{ afterUs: 0, sighting: trace(link, false, NEIGHBOR_SOLICITATION, true) }]
  }
  const ping = unported(random.pick(cluster.otherHosts), cluster.health, false)
  // The overlay's device records without connection tracking: neither direction nor reply is known.
  const answer = sighting(ping, true, ECHO_REPLY, { point: 'TO_OVERLAY', isReply: null })
  return [
    { afterUs: 0, sighting: trace(ping, false, ECHO_REQUEST, true) },
    { afterUs: 70, sighting: answer },
  ]
}

function unported(client: Endpoint, server: Endpoint, isIpv6: boolean): Link {
  return { client, server, clientPort: 0, serverPort: 0, isIpv6 }
}
