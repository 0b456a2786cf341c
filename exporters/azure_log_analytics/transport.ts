import type { HttpClient as AzureClient, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline'
import { type Host, type HttpClient, type HttpSettings, openHttp } from '../../src/sdk/index.ts'

/** What `azure_log_analytics` has of the settings that every exporter over HTTP shares: Azure has tokens of its own. */
export type TransportSettings = Pick<HttpSettings, 'proxy' | 'tls' | 'timeout' | 'concurrency'>

export function httpSettings({ proxy, tls, timeout, concurrency }: TransportSettings): HttpSettings {
  return { proxy, tls, timeout, concurrency, token: null, token_file: null, headers: {} }
}

/**
 * The way of Azure's pipelines to the network: proxies, certificates and the words for what goes wrong are those of every
 * exporter. One request is one attempt.
 */
export class Transport implements AzureClient {
  readonly #http: HttpClient
  /** Identities of a machine answer on the machine, over plain HTTP, and no proxy knows them. */
  readonly #local: HttpClient

  /** Throws when a certificate file cannot be read. */
  constructor(settings: TransportSettings, host: Pick<Host, 'clock'>) {
    this.#http = openHttp(httpSettings(settings), '', host)
    this.#local = openHttp(httpSettings({ ...settings, proxy: 'none' }), '', host)
  }

  async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
    const { createHttpHeaders, RestError } = await import('@azure/core-rest-pipeline')
    const { url, headers } = request
    const http = url.startsWith('http:') ? this.#local : this.#http
    const method = request.method === 'GET' ? 'GET' : 'POST'
    const body = bytesOf(request.body)
    const outcome = await http
      .request({ method, url, headers: headers.toJSON(), ...(body && { body }) }, signalOf(request))
      .catch((error) => {
        throw Object.assign(new Error((error as Error).message), { name: 'AbortError' })
      })
    if (outcome.kind === 'failure')
      throw new RestError(outcome.reason, { code: RestError.REQUEST_SEND_ERROR, request })
    const { status } = outcome
    const received = Object.entries(outcome.headers).map(([name, value]) => [name, String(value)] as const)
    return {
      request,
      status,
      headers: createHttpHeaders(Object.fromEntries(received)),
      bodyAsText: Buffer.from(outcome.body).toString(),
    }
  }

  close(): void {
    this.#http.close()
    this.#local.close()
  }
}

/** Azure asks with a timeout of its own whether a machine has an identity at all. */
function signalOf({ abortSignal, timeout }: PipelineRequest): AbortSignal {
  const signals = timeout > 0 ? [AbortSignal.timeout(timeout)] : []
  return AbortSignal.any(abortSignal ? [...signals, abortSignal as AbortSignal] : signals)
}

function bytesOf(body: PipelineRequest['body']): Uint8Array | null {
  if (body === undefined || body === null) return null
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  throw new Error('bug: a request of Azure with a body that is neither text nor bytes')
}
