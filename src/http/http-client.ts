import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Clock } from '../util/clock.ts'
import { formatDuration } from '../util/unit.ts'
import { type Compression, compressed } from './compression.ts'
import { type ConnectionSettings, Connections } from './connections.ts'
import { failureReason, type Stage } from './failure.ts'
import { proxySecrets, withoutSecrets } from './secrets.ts'

export interface HttpClientOptions extends Omit<ConnectionSettings, 'connectTimeoutMs'> {
  readonly clock: Clock
  /** For a whole attempt, from the first byte out to the last one in. */
  readonly timeoutMs: number
  /** Headers of every request, asked for before each: credentials may have been renewed. Their values are secrets. */
  readonly headers: () => HttpHeaders
}

export type HttpHeaders = { readonly [name: string]: string }

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: HttpHeaders
  readonly body?: Uint8Array
  readonly compression?: Compression
}

export type HttpOutcome = HttpAnswer | HttpFailure

export interface HttpAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** At most `LARGEST_ANSWER` bytes of it. */
  readonly body: Uint8Array
  /** The status and what the body says, in one line for people, without secrets. */
  readonly summary: string
}

/** Nobody knows whether the request arrived. */
export interface HttpFailure {
  readonly kind: 'failure'
  readonly cause: 'network' | 'timeout'
  readonly reason: string
}

const LARGEST_ANSWER = 64 * 1024
const LONGEST_SUMMARY = 300
const LONGEST_CONNECT_MS = 10_000

/** Sends requests to wherever it is told, each once, and tells what came of it. Failures are values. */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #connections: Connections

  /** Throws when a certificate file cannot be read. */
  constructor(options: HttpClientOptions) {
    const connectTimeoutMs = Math.min(options.timeoutMs, LONGEST_CONNECT_MS)
    this.#options = options
    this.#connections = new Connections({ ...options, connectTimeoutMs }, options.clock)
  }

  /** One attempt. Rejects only when `signal` aborts. */
  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome> {
    const { clock, timeoutMs } = this.#options
    const url = new URL(request.url)
    const timeout = new AbortController()
    const cancel = clock.after(timeoutMs, () => timeout.abort())
    let stage: Stage = 'on the way'
    try {
      const response = await this.#send(request, AbortSignal.any([signal, timeout.signal]))
      stage = 'while the answer was read'
      return await this.#read(response)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (timeout.signal.aborted) {
        const reason = `no answer from ${url.host} within ${formatDuration(timeoutMs)}`
        return { kind: 'failure', cause: 'timeout', reason }
      }
      const reason = this.withoutSecrets(failureReason(error, url, stage))
      return { kind: 'failure', cause: 'network', reason }
    } finally {
      cancel()
    }
  }

  /** A text of the backend, fit to be shown: servers and proxies may repeat what they were sent. */
  withoutSecrets(text: string): string {
    return withoutSecrets(text, this.#secrets())
  }

  /** Ends what is under way. */
  close(): void {
    this.#connections.close()
  }

  async #send(request: HttpRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    signal.throwIfAborted()
    // Loaded with the first request: it takes longer than all the rest of a start.
    const undici = await import('undici')
    const { method, url, body, compression = 'none' } = request
    const encoding = body && compression !== 'none' ? { 'content-encoding': compression } : {}
    return undici.request(url, {
      dispatcher: this.#connections.pool(undici),
      method,
      headers: { 'user-agent': 'flowfold', ...this.#options.headers(), ...request.headers, ...encoding },
      body: body ? await compressed(body, compression) : null,
      signal,
    })
  }

  async #read({
    statusCode: status,
    statusText,
    headers,
    body,
  }: Dispatcher.ResponseData): Promise<HttpAnswer> {
    const bytes = await firstBytes(body)
    const said = inOneLine(new TextDecoder().decode(bytes))
    const summary = this.withoutSecrets([`${status} ${statusText}`.trim(), said].filter(Boolean).join(': '))
    return { kind: 'answer', status, headers, body: bytes, summary: summary.slice(0, LONGEST_SUMMARY) }
  }

  #secrets(): string[] {
    const { headers, proxy } = this.#options
    // A header's value may be `Bearer abc`, of which `abc` is the secret.
    const values = Object.values(headers()).flatMap((value) => [value, ...value.split(' ')])
    return [...values, ...proxySecrets(proxy)]
  }
}

/** Reads no more than somebody may want to see; the rest closes the connection. */
async function firstBytes(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= LARGEST_ANSWER) break
  }
  return Buffer.concat(chunks).subarray(0, LARGEST_ANSWER)
}

function inOneLine(text: string): string {
  return text.replace(/[\p{C}\p{Z}\s\uFFFD]+/gu, ' ').trim()
}
