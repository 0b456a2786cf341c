import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { TokenCredential } from '@azure/identity'
import { Ingestion } from '../../../exporters/azure_log_analytics/ingestion.ts'
import { LogAnalyticsSender } from '../../../exporters/azure_log_analytics/log-analytics-sender.ts'
import { testCertificate } from '../../support/certificate.ts'
import { type TestHost, testHost } from '../../support/host.ts'

export const RULE = 'dcr-00000000000000000000000000000001'
export const STREAM = 'Custom-ContainerNetworkLogs_CL'

/** What the API does with the next request. */
export type Behaviour = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>

export interface Received {
  readonly path: string
  readonly token: string | undefined
  /** As it came over the wire. */
  readonly wireBytes: number
  /** After decompression. */
  readonly bytes: number
  readonly rows: readonly { readonly [column: string]: unknown }[]
}

/** Plays the Logs Ingestion API on a local TLS socket, and takes whatever nobody told it to treat otherwise. */
export class LogsApi {
  readonly received: Received[] = []
  /** One for each of the next requests. */
  readonly next: Behaviour[] = []
  readonly #certificate = testCertificate()
  readonly #server = createServer(this.#certificate, (request, response) => this.#answer(request, response))

  static async start(test: TestContext): Promise<LogsApi> {
    const api = new LogsApi()
    api.#server.listen(0, '127.0.0.1')
    await once(api.#server, 'listening')
    test.after(() => api.stop())
    return api
  }

  /** Nothing listens from now on. */
  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  get endpoint(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Rows of all requests that it took. */
  get rows(): readonly { readonly [column: string]: unknown }[] {
    return this.received.flatMap(({ rows }) => rows)
  }

  /** A sender that talks to it. */
  sender({
    credential = tokens('token-1'),
    host = testHost({ id: 'azure_log_analytics' }),
    ca = this.#certificate.cert,
  }: {
    readonly credential?: () => Promise<TokenCredential>
    readonly host?: TestHost
    readonly ca?: string
  } = {}): LogAnalyticsSender {
    const target = {
      endpoint: this.endpoint,
      ruleId: RULE,
      stream: STREAM,
      audience: 'https://monitor.azure.com',
    }
    return new LogAnalyticsSender(new Ingestion(target, credential, { tlsOptions: { ca } }), host)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wire = Buffer.concat(await request.toArray())
    const behaviour = this.next.shift()
    if (behaviour) return behaviour(response, request)
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(wire) : wire
    this.received.push({
      path: decodeURIComponent(request.url!),
      token: request.headers.authorization,
      wireBytes: wire.length,
      bytes: body.length,
      rows: JSON.parse(body.toString()),
    })
    response.writeHead(204).end()
  }
}

/** Gives one token after the other, a new one with each credential; the last one stays. */
export function tokens(...all: readonly string[]): () => Promise<TokenCredential> {
  let given = 0
  return async () => {
    const token = all[Math.min(given++, all.length - 1)]
    return { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) }
  }
}

/** An answer of the API's form. */
export function answer(
  status: number,
  code: string,
  message: string,
  headers: { readonly [name: string]: string } = {},
): Behaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ error: { code, message } }))
  }
}
