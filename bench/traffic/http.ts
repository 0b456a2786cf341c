import type { Cluster } from './cluster.ts'
import { linkOf } from './connections.ts'
import {
  type Conversation,
  type Link,
  policyVerdict,
  type Step,
  sighting,
  tcp,
  trace,
} from './conversation.ts'
import type { Random } from './random.ts'
import type { Layer7 } from './sighting.ts'
import { goJson } from './write-line.ts'

const PROXY_PORT = 14817
const ROUTES = [
  ['GET', '/'],
  ['GET', '/products?category=shoes&page=1'],
  ['GET', '/products?category=shoes&page=2'],
  ['GET', '/products?category=lamps&page=1&sort=price<100'],
  ['GET', '/api/v1/products/8842'],
  ['GET', '/api/v1/products/1290'],
  ['POST', '/api/v1/cart/items'],
  ['GET', '/api/v1/session'],
  ['POST', '/api/v1/orders'],
  ['GET', '/api/v1/stock/8842?warehouse=4'],
  ['DELETE', '/api/v1/cart/items/17'],
  ['GET', '/metrics'],
  ['GET', '/healthz'],
  ['GET', '/admin/export?all=true'],
] as const

/** Requests that pass the proxy, because a layer 7 policy guards the server, which is on this node. */
export function httpConversation(cluster: Cluster, random: Random): Conversation {
  const call = random.pickPopular(cluster.httpCalls)
  const link = linkOf(call, random, true)
  const { name, namespace } = call.server.workload
  const host = `${name}.${namespace}.svc.cluster.local:${link.serverPort}`
  return [
    ...redirectToProxy(link),
    ...Array.from({ length: random.between(1, 5) }, () => exchange(link, host, random)).flat(),
    { afterUs: 900, sighting: trace(link, false, tcp(link, false, 'FIN')) },
    { afterUs: 200, sighting: trace(link, true, tcp(link, true, 'FIN')) },
  ]
}

function redirectToProxy(link: Link): Step[] {
  const syn = tcp(link, false, 'SYN')
  const proxied = { direction: 'INGRESS', proxyPort: PROXY_PORT } as const
  return [
    { afterUs: 0, sighting: policyVerdict(link, syn, { verdict: 'REDIRECTED', ...proxied }) },
    { afterUs: 30, sighting: sighting(link, false, syn, { point: 'TO_PROXY', reason: 'NEW', ...proxied }) },
    { afterUs: 120, sighting: trace(link, true, tcp(link, true, 'SYN_ACK')) },
  ]
}

/** One request with its response; a request that the policy forbids is answered by the proxy itself. */
function exchange(link: Link, host: string, random: Random): Step[] {
  const [method, path] = random.pickPopular(ROUTES)
  const isForbidden = path.startsWith('/admin')
  const code = isForbidden ? 403 : statusCode(random)
  const latencyUs = random.between(300, 4000) * (code >= 500 ? 200 : random.between(1, 12))
  const message = httpMessage(method, `http://${host}${path}`, random.uuid())
  const verdict = isForbidden ? 'DROPPED' : 'FORWARDED'
  const l7 = { event: 'l7', direction: 'INGRESS' } as const
  return [
    {
      afterUs: random.between(100, 20_000),
      sighting: sighting(link, false, tcp(link, false, null), { ...l7, verdict, l7: message.request }),
    },
    {
      afterUs: latencyUs,
      sighting: sighting(link, true, tcp(link, true, null), { ...l7, l7: message.response(code, latencyUs) }),
    },
    { afterUs: 40, sighting: trace(link, true, tcp(link, true, 'PSH')) },
  ]
}

function statusCode(random: Random): number {
  const roll = random.unit()
  if (roll < 0.9) return 200
  if (roll < 0.95) return 404
  return roll < 0.98 ? 503 : 500
}

function httpMessage(method: string, url: string, requestId: string) {
  const urlJson = goJson(url)
  const escapedUrl = urlJson.slice(1, -1)
  const rest = `"method":"${method}","url":${urlJson},"protocol":"HTTP/1.1","headers":[{"key":":scheme","value":"http"},{"key":"Accept","value":"*/*"},{"key":"Accept-Encoding","value":"gzip, br"},{"key":"User-Agent","value":"shop-client/2.14 (+retries=2)"},{"key":"X-Envoy-Internal","value":"true"},{"key":"X-Request-Id","value":"${requestId}"}]`
  const request: Layer7 = {
    kind: 'http',
    json: `{"type":"REQUEST","http":{${rest}}}`,
    summary: `HTTP/1.1 ${method} ${escapedUrl}`,
    code: 0,
  }
  const response = (code: number, latencyUs: number): Layer7 => ({
    kind: 'http',
    json: `{"type":"RESPONSE","latency_ns":"${latencyUs * 1000 + 417}","http":{"code":${code},${rest}}}`,
    summary: `HTTP/1.1 ${code} ${Math.floor(latencyUs / 1000)}ms (${method} ${escapedUrl})`,
    code,
  })
  return { request, response }
}
