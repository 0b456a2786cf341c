import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Server } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { selfSigned } from '../../support/certificates.ts'

/** What the word stands for that shows that an echo has arrived. */
export const ECHO = 'ECHO'

/** Says back all that it was sent, in the words of any backend that may be meant. */
export type Echo = (text: string) => string

/** One status after the other, over and over: what is tried again, what is final, and a success with a warning. */
const STATUSES = [401, 403, 429, 503, 400, 500, 200]

/** A server that repeats every request to its sender. */
export async function echoServer(
  test: TestContext,
  echo: Echo,
): Promise<{ readonly url: string; heard(): string }> {
  let all = ''
  let nth = 0
  const server = createServer(async (request, response) => {
    const { said, head } = await sayingOf(request)
    all += said
    response.writeHead(STATUSES[nth++ % STATUSES.length], {
      'content-type': 'application/json',
      'retry-after': '0',
    })
    response.end(echo(head))
  })
  return { url: `http://127.0.0.1:${await listen(test, server)}`, heard: () => all }
}

const LOGIN = 'login.microsoftonline.com'
export const INGEST = 'flowfold.eastus-1.ingest.monitor.azure.com'

/** The part of the internet that `azure_log_analytics` speaks to, behind a proxy. All of it repeats what it hears. */
export async function azureInternet(test: TestContext, dir: string, token: string) {
  const { cert, key } = selfSigned([LOGIN, INGEST])
  const caFile = join(dir, 'internet-ca.pem')
  writeFileSync(caFile, cert)
  let all = ''
  let logins = 0
  let posts = 0
  const answer: RequestListener = async (request, response) => {
    const { said, head } = await sayingOf(request)
    all += said
    const { host = '', authorization = '' } = request.headers
    if (host.startsWith(LOGIN)) return login(request, response, said, token, logins++)
    const status = [401, 403, 429, 400, 503][posts++ % 5]
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' })
    response.end(JSON.stringify({ error: { code: `${ECHO}-${authorization}`, message: `${ECHO} ${head}` } }))
  }
  const site = createTlsServer({ cert, key }, answer)
  const sitePort = await listen(test, site)
  const proxy = createServer()
  proxy.on('connect', (request, socket) => {
    all += JSON.stringify(request.headers)
    const through = connect(sitePort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(through).pipe(socket)
    })
    for (const end of [socket, through]) end.on('error', () => {})
  })
  return { proxyPort: await listen(test, proxy), caFile, heard: () => all }
}

/** Entra ID: refuses the first time, repeating the secret, and gives a token from then on. */
function login(
  request: IncomingMessage,
  response: ServerResponse,
  said: string,
  token: string,
  nth: number,
): void {
  const reply = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const base = `https://${LOGIN}/tenant`
  if (request.url?.includes('openid-configuration'))
    return reply(200, {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      issuer: `${base}/v2.0`,
      jwks_uri: `${base}/keys`,
    })
  if (!request.url?.includes('/token')) return reply(404, { error: ECHO })
  if (nth < 3)
    return reply(401, { error: 'invalid_client', error_description: `AADSTS7000215: ${ECHO} ${said}` })
  reply(200, { token_type: 'Bearer', expires_in: 3600, access_token: token })
}

async function sayingOf(request: IncomingMessage) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const head = `${request.method} ${request.url} ${JSON.stringify(request.headers)}`
  return { head, said: `${head} ${request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body}` }
}

async function listen(test: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    if ('closeAllConnections' in server) (server as ReturnType<typeof createServer>).closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
