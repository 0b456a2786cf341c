import type { Cluster } from './cluster.ts'
import { anyPod, ephemeralPort } from './connections.ts'
import { type Conversation, type Link, policyVerdict, type Step, sighting, tcp } from './conversation.ts'
import type { Random } from './random.ts'
import type { Drop, Policies, Sighting } from './sighting.ts'

/** Nothing allows it. */
const POLICY_DENIED: Drop = { number: 133, name: 'POLICY_DENIED', file: 'bpf_lxc.c', line: 1382 }
/** A rule forbids it. */
const POLICY_DENY: Drop = { number: 181, name: 'POLICY_DENY', file: 'bpf_lxc.c', line: 1382 }
const DATAPATH_DROPS: readonly Drop[] = [
  { number: 155, name: 'CT_MAP_INSERTION_FAILED', file: 'conntrack.h', line: 1027 },
  { number: 151, name: 'STALE_OR_UNROUTABLE_IP', file: 'bpf_host.c', line: 743 },
  { number: 132, name: 'INVALID_SOURCE_IP', file: 'bpf_lxc.c', line: 1211 },
]
const DENIED_BY: Policies = {
  key: 'egress_denied_by',
  json: '[{"name":"no-sandbox-to-payments","labels":["k8s:io.cilium.k8s.policy.derived-from=CiliumClusterwideNetworkPolicy","k8s:io.cilium.k8s.policy.name=no-sandbox-to-payments","k8s:io.cilium.k8s.policy.uid=6f0c4b5e-92f1-4d0a-a1ce-0f4b7f1d3a55"],"revision":"118","kind":"CiliumClusterwideNetworkPolicy"}]',
}
const SECRETIVE = ['payments/ledger', 'orders/postgres', 'inventory/mysql', 'auth/session-store'] as const

/** A pod tries what no policy allows, and tries again: each packet is two records, verdict and drop. */
export function deniedConversation(cluster: Cluster, random: Random): Conversation {
  const toWorld = random.chance(0.3)
  const secretive = cluster.named(random.pickPopular(SECRETIVE))
  const link: Link = {
    client: random.pickPopular(cluster.named('sandbox/load-generator').here),
    server: toWorld ? random.pickPopular(cluster.outsideCalls).site.endpoint : anyPod(secretive, random),
    clientPort: ephemeralPort(random),
    serverPort: toWorld ? 443 : secretive.workload.port,
    isIpv6: false,
  }
  if (random.chance(0.1)) return [{ afterUs: 0, sighting: audited(link) }]
  const isForbidden = !toWorld && random.chance(0.3)
  // TCP sends an unanswered SYN again after 1, 2 and 4 seconds.
  const tries = random.between(1, 4)
  return Array.from({ length: tries }, (_, index) =>
    denied(link, isForbidden, index === 0 ? 0 : 2 ** (index - 1) * 1_000_000),
  ).flat()
}

/** Packets the datapath itself refuses, without any policy. */
export function droppedConversation(cluster: Cluster, random: Random): Conversation {
  const { client, site } = random.pickPopular(cluster.outsideCalls)
  const link: Link = {
    client: random.pickPopular(client.here),
    server: site.endpoint,
    clientPort: ephemeralPort(random),
    serverPort: 443,
    isIpv6: false,
  }
  return [{ afterUs: 0, sighting: dropped(link, random.pickPopular(DATAPATH_DROPS)) }]
}

function denied(link: Link, isForbidden: boolean, afterUs: number): Step[] {
  const drop = isForbidden ? POLICY_DENY : POLICY_DENIED
  const verdict = policyVerdict(link, tcp(link, false, 'SYN'), {
    verdict: 'DROPPED',
    drop,
    isReply: null,
    direction: 'EGRESS',
    policyMatchType: isForbidden ? 1 : 0,
    policies: isForbidden ? DENIED_BY : null,
  })
  return [
    { afterUs, sighting: verdict },
    { afterUs: 15, sighting: dropped(link, drop) },
  ]
}

function dropped(link: Link, drop: Drop): Sighting {
  const syn = tcp(link, false, 'SYN')
  return sighting(link, false, syn, {
    event: 'drop',
    verdict: 'DROPPED',
    drop,
    isReply: null,
    direction: 'EGRESS',
  })
}

/** A policy in audit mode: it would have been denied. */
function audited(link: Link): Sighting {
  return policyVerdict(link, tcp(link, false, 'SYN'), {
    verdict: 'AUDIT',
    direction: 'EGRESS',
    policyMatchType: 0,
  })
}
