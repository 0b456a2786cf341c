import type { Cluster } from './cluster.ts'
import { callConnection, nodeConnection, worldConnection } from './connections.ts'
import type { Conversation } from './conversation.ts'
import { dnsConversation } from './dns.ts'
import { httpConversation } from './http.ts'
import type { Random } from './random.ts'
import type { Sighting } from './sighting.ts'
import { icmpConversation, udpConversation } from './small-talk.ts'
import { Timeline } from './timeline.ts'
import { deniedConversation, droppedConversation } from './trouble.ts'

/** Of a hundred conversations that begin, how many are of which kind. */
const MIX: readonly (readonly [share: number, begin: (cluster: Cluster, random: Random) => Conversation])[] =
  [
    [32, callConnection],
    [16, dnsConversation],
    [13, httpConversation],
    [12, worldConnection],
    [8, nodeConnection],
    [8, udpConversation],
    [5, icmpConversation],
    [5, deniedConversation],
    [1, droppedConversation],
  ]
const KINDS = MIX.flatMap(([share, begin]) => Array.from({ length: share }, () => begin))

/** Events of different processors reach the file slightly out of order. */
const SHARE_OF_LATECOMERS = 0.08
const LATEST_NS = 300_000

export interface Observed {
  readonly sighting: Sighting
  /** Since the start. */
  readonly elapsedNs: number
}

/** What one node observes: conversations begin, overlap and end, at a steady rate of records in all. */
export function* observe(
  cluster: Cluster,
  random: Random,
  { flows, flowsPerSecond }: { readonly flows: number; readonly flowsPerSecond: number },
): Generator<Observed> {
  const timeline = new Timeline()
  const gapNs = 1e9 / flowsPerSecond
  for (let flow = 0; flow < flows; flow++) {
    const nowUs = (flow * gapNs) / 1000
    if (timeline.nextUs > nowUs) schedule(random.pick(KINDS)(cluster, random), nowUs, timeline)
    const lateNs = random.chance(SHARE_OF_LATECOMERS) ? random.between(0, LATEST_NS) : 0
    const elapsedNs = Math.max(0, Math.floor((flow + random.unit()) * gapNs) - lateNs)
    yield { sighting: timeline.take(), elapsedNs }
  }
}

function schedule(conversation: Conversation, fromUs: number, timeline: Timeline): void {
  let atUs = fromUs
  for (const { afterUs, sighting } of conversation) {
    atUs += afterUs
    timeline.add(atUs, sighting)
  }
}
