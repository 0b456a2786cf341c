import type { Cluster, Endpoint } from './cluster.ts'
import { anyPod, ephemeralPort, podHere } from './connections.ts'
import {
  type Conversation,
  type Link,
  policyVerdict,
  type Step,
  sighting,
  trace,
  udp,
} from './conversation.ts'
import type { Random } from './random.ts'
import type { Layer7 } from './sighting.ts'

const PROXY_PORT = 33041
/** Hubble writes the -1 of an answer without records as a uint32. */
const NO_TTL = 4294967295
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const
type Rcode = keyof typeof RCODES
/** As Go's resolver library prints them in the summary. */
const RCODE_TEXTS = { NOERROR: '', SERVFAIL: 'Server Failure', NXDOMAIN: 'Non-Existent Domain' } as const

interface Question {
  readonly name: string
  readonly rcode: Rcode
  readonly ip: string
  readonly cname: string
}

/** A pod looks a name up, A and AAAA; names from outside try the cluster's search path first, in vain. */
export function dnsConversation(cluster: Cluster, random: Random): Conversation {
  const client = podHere(cluster, random)
  const server = anyPod(cluster.named('kube-system/coredns'), random)
  return questions(cluster, random).flatMap((question) => [
    ...lookup(client, server, question, 'A', random),
    ...lookup(client, server, question, 'AAAA', random),
  ])
}

function questions(cluster: Cluster, random: Random): Question[] {
  const rcode = random.chance(0.03) ? 'SERVFAIL' : 'NOERROR'
  const { server } = random.pickPopular(cluster.calls)
  const { name, namespace } = server.workload
  if (random.chance(0.8)) {
    const inside = `${name}.${namespace}.svc.cluster.local.`
    return [{ name: inside, rcode, ip: `10.0.${name.length}.${namespace.length * 7}`, cname: '' }]
  }
  const site = random.pickPopular(cluster.sites)
  const inVain = [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'].map(
    (suffix) => ({ name: `${site.name}.${suffix}.`, rcode: 'NXDOMAIN', ip: '', cname: '' }) as const,
  )
  return [
    ...inVain,
    {
      name: `${site.name}.`,
      rcode,
      ip: site.endpoint.ip4,
      cname: `edge.${site.name.split('.')[1]}.example.`,
    },
  ]
}

function lookup(
  client: Endpoint,
  server: Endpoint,
  question: Question,
  qtype: string,
  random: Random,
): Step[] {
  const link: Link = { client, server, clientPort: ephemeralPort(random), serverPort: 53, isIpv6: false }
  const proxied = { direction: 'EGRESS', proxyPort: PROXY_PORT } as const
  const l7 = { event: 'l7', direction: 'EGRESS' } as const
  const ask = udp(link, false)
  return [
    { afterUs: 10, sighting: policyVerdict(link, ask, { verdict: 'REDIRECTED', ...proxied }) },
    { afterUs: 20, sighting: sighting(link, false, ask, { point: 'TO_PROXY', reason: 'NEW', ...proxied }) },
    { afterUs: 90, sighting: sighting(link, false, ask, { ...l7, l7: queryOf(question, qtype) }) },
    {
      afterUs: random.between(200, 4000),
      sighting: sighting(link, true, udp(link, true), { ...l7, l7: answerTo(question, qtype) }),
    },
    { afterUs: 60, sighting: trace(link, true, udp(link, true)) },
  ]
}

function queryOf({ name }: Question, qtype: string): Layer7 {
  return {
    kind: 'dns',
    json: `{"type":"REQUEST","dns":{"query":"${name}","observation_source":"proxy","qtypes":["${qtype}"]}}`,
    summary: `DNS Query ${name} ${qtype}`,
    code: 0,
  }
}

function answerTo({ name, rcode, ip, cname }: Question, qtype: string): Layer7 {
  const hasAddress = rcode === 'NOERROR' && qtype === 'A'
  const ttl = hasAddress ? 30 : NO_TTL
  const cnames = hasAddress && cname ? `"cnames":["${cname}"],` : ''
  const number = RCODES[rcode] ? `"rcode":${RCODES[rcode]},` : ''
  const rrtypes = hasAddress ? `,"rrtypes":[${cname ? '"CNAME",' : ''}"A"]` : ''
  const gist = rcode !== 'NOERROR' ? `RCode: ${RCODE_TEXTS[rcode]}` : hasAddress ? `\\"${ip}\\"` : ''
  return {
    kind: 'dns',
    json: `{"type":"RESPONSE","dns":{"query":"${name}",${hasAddress ? `"ips":["${ip}"],` : ''}"ttl":${ttl},${cnames}"observation_source":"proxy",${number}"qtypes":["${qtype}"]${rrtypes}}}`,
    summary: `DNS Answer ${gist} TTL: ${ttl} (Proxy ${name} ${qtype})`,
    code: RCODES[rcode],
  }
}
