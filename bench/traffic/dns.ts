import type { Cluster } from './cluster.ts'
import { anyPod, ephemeralPort } from './connections.ts'
import {
  type Conversation,
  type Link,
  policyVerdict,
  type Step,
  sighting,
  trace,
  udp,
} from './conversation.ts'
import type { Endpoint } from './endpoint.ts'
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
  const { client, questions } = random.chance(0.8)
    ? insideLookup(cluster, random)
    : outsideLookup(cluster, random)
  const server = anyPod(cluster.named('kube-system/coredns'), random)
  return questions.flatMap((question) => [
    ...lookup(client, server, question, 'A', random),
    ...lookup(client, server, question, 'AAAA', random),
  ])
}

interface Lookup {
  readonly client: Endpoint
  readonly questions: readonly Question[]
}

function insideLookup(cluster: Cluster, random: Random): Lookup {
  const { client, server } = random.pickPopular(cluster.calls)
  const { name, namespace } = server.workload
  const question = {
    name: `${name}.${namespace}.svc.cluster.local.`,
    rcode: rcodeOf(random),
    ip: `10.0.${name.length}.${namespace.length * 7}`,
    cname: '',
  }
  return { client: random.pickPopular(client.here), questions: [question] }
}

function outsideLookup(cluster: Cluster, random: Random): Lookup {
  const { client, site } = random.pickPopular(cluster.outsideCalls)
  const { name, endpoint } = site
  const inVain = [`${client.workload.namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'].map(
    (suffix) => ({ name: `${name}.${suffix}.`, rcode: 'NXDOMAIN', ip: '', cname: '' }) as const,
  )
  const found = {
    name: `${name}.`,
    rcode: rcodeOf(random),
    ip: endpoint.ip4,
    cname: `edge.${name.split('.')[1]}.example.`,
  }
  return { client: random.pickPopular(client.here), questions: [...inVain, found] }
}

function rcodeOf(random: Random): Rcode {
  return random.chance(0.03) ? 'SERVFAIL' : 'NOERROR'
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
