import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { TLSSocket } from 'node:tls'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'

/** A request as it arrived, its body as it was before compression. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** What the server does with one request. */
export type Answer =
  | {
      readonly status: number
      readonly headers?: { readonly [name: string]: string }
      readonly body?: string | Uint8Array
    }
  /** Takes the request and cuts the connection. */
  | 'reset'
  /** Begins a good answer and cuts the connection in the middle. */
  | 'half'
  /** Takes the request and never answers. */
  | 'silence'
  | ((request: Seen) => Answer)

export interface FaultyServer {
  readonly url: string
  readonly requests: readonly Seen[]
  /** Connections that were opened so far. */
  connections(): number
  /** Resolves with the next request, or with one that came already and nobody waited for. */
  seen(): Promise<Seen>
}

/** A real server that answers one thing after the other, and the last one from then on. */
export async function faultyServer(
  test: TestContext,
  answers: readonly Answer[],
  tls?: ServerOptions,
  port = 0,
): Promise<FaultyServer> {
  const requests: Seen[] = []
  const unseen: Seen[] = []
  let connections = 0
  let waiting: ((request: Seen) => void) | null = null
  const server = tls ? createTlsServer(tls) : createServer()
  server.on('connection', () => connections++)
  server.on('request', async (incoming: IncomingMessage, response: ServerResponse) => {
    const request = await received(incoming)
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push(request)
    if (waiting === null) unseen.push(request)
    else waiting(request)
    waiting = null
    give(answer, request, response)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    seen: async () =>
      unseen.shift() ??
      new Promise<Seen>((resolve) => {
        waiting = resolve
      }),
  }
}

/** A URL on which nobody listens. */
export async function refusingUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

function give(answer: Answer, request: Seen, response: ServerResponse): void {
  if (typeof answer === 'function') return give(answer(request), request, response)
  switch (answer) {
    case 'reset':
      cut(response)
      return
    case 'half':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 20 })
      response.write('{"half":', () => cut(response))
      return
    case 'silence':
      return
    default:
      response.writeHead(answer.status, { ...answer.headers })
      response.end(answer.body)
  }
}

/** A TLS socket cannot be reset, but closed without a word. */
function cut({ socket }: ServerResponse): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket?.resetAndDestroy()
}

async function received(incoming: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = []
  // A client that gives up in the middle has its reasons; the test looks at the client.
  try {
    for await (const chunk of incoming) chunks.push(chunk)
  } catch {}
  const { method = '', url = '', headers } = incoming
  return { method, url, headers, body: expanded(Buffer.concat(chunks), headers['content-encoding']) }
}

function expanded(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(body)
  return encoding === 'zstd' ? zstdDecompressSync(body) : body
}
