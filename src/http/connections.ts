import type { Dispatcher } from 'undici'
import type { Clock } from '../util/clock.ts'
import { TlsFiles, type TlsOptions, type TlsSettings } from './tls-files.ts'

export interface ConnectionSettings {
  readonly tls: TlsSettings
  /** URL of a proxy, `none`, or null for what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. */
  readonly proxy: string | null
  /** Connections held open to one host. */
  readonly connections: number
  readonly connectTimeoutMs: number
}

type Undici = typeof import('undici')

/** Connections that stay open between requests, made anew when a certificate changes. */
export class Connections {
  readonly #settings: ConnectionSettings
  readonly #tls: TlsFiles
  #pool: Dispatcher | null = null
  #madeWith: TlsOptions | null = null

  constructor(settings: ConnectionSettings, clock: Clock) {
    this.#settings = settings
    this.#tls = new TlsFiles(settings.tls, clock)
  }

  pool(undici: Undici): Dispatcher {
    const tls = this.#tls.options()
    if (this.#pool === null || tls !== this.#madeWith) {
      this.#release()
      this.#pool = this.#open(undici, tls)
      this.#madeWith = tls
    }
    return this.#pool
  }

  close(): void {
    const pool = this.#pool
    this.#pool = null
    pool?.destroy().catch(() => {})
  }

  /** Lets requests that are under way come to their end. */
  #release(): void {
    this.#pool?.close().catch(() => {})
  }

  #open({ Agent, EnvHttpProxyAgent, ProxyAgent }: Undici, tls: TlsOptions): Dispatcher {
    const { proxy, connections, connectTimeoutMs } = this.#settings
    const { secureContext: _, servername: __, ...proxyTls } = tls
    const connect = { ...tls, timeout: connectTimeoutMs }
    const options = {
      connections,
      // The attempt as a whole has a bound; these would only hide which one was hit.
      headersTimeout: 0,
      bodyTimeout: 0,
      // One request a connection: what breaks one does not break the others.
      pipelining: 1,
      allowH2: false,
      connectTimeout: connectTimeoutMs,
      connect,
      requestTls: connect,
      proxyTls,
    }
    if (proxy === 'none') return new Agent(options)
    return proxy === null ? new EnvHttpProxyAgent(options) : new ProxyAgent({ ...options, uri: proxy })
  }
}
