import type { SecureContext } from 'node:tls'
import type { Clock } from '../util/clock.ts'
import { WatchedFile } from './watched-file.ts'

export interface TlsSettings {
  readonly caFile: string | null
  readonly certFile: string | null
  readonly keyFile: string | null
  readonly serverName: string | null
  readonly insecureSkipVerify: boolean
}

/** What a TLS connection needs to know; `node:tls` takes it as it is. */
export interface TlsOptions {
  readonly secureContext?: SecureContext
  readonly ca?: string
  readonly servername?: string
  readonly rejectUnauthorized: boolean
}

/** Certificates and keys in files that are renewed while we run. */
export class TlsFiles {
  readonly #settings: TlsSettings
  readonly #ca: WatchedFile | null
  readonly #cert: WatchedFile | null
  readonly #key: WatchedFile | null
  #madeOf: readonly string[] = []
  #options: TlsOptions | null = null

  /** Throws when a file cannot be read. */
  constructor(settings: TlsSettings, clock: Clock) {
    const watched = (path: string | null) => (path === null ? null : new WatchedFile(path, clock))
    this.#settings = settings
    this.#ca = watched(settings.caFile)
    this.#cert = watched(settings.certFile)
    this.#key = watched(settings.keyFile)
  }

  /** The same object until a file changes. Throws when what the files hold is no certificate or does not fit together. */
  options(): TlsOptions {
    const texts = [this.#ca, this.#cert, this.#key].map((file) => file?.text() ?? '')
    if (this.#options !== null && texts.every((text, i) => text === this.#madeOf[i])) return this.#options
    const [ca, cert, key] = texts
    const { serverName, insecureSkipVerify } = this.#settings
    this.#options = {
      ...(ca && { ca }),
      ...((ca || cert) && { secureContext: secureContext({ ca, cert, key }) }),
      ...(serverName !== null && { servername: serverName }),
      rejectUnauthorized: !insecureSkipVerify,
    }
    this.#madeOf = texts
    return this.#options
  }
}

function secureContext(material: { ca: string; cert: string; key: string }): SecureContext {
  // Not imported at the top: it costs 20 ms at every start, and most configs name no file.
  const { createSecureContext } = process.getBuiltinModule('node:tls')
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  const { ca, cert, key } = material
  try {
    // A context takes a CA that is none without a word, and then trusts nobody.
    if (ca) new X509Certificate(ca)
    return createSecureContext({ ...(ca && { ca }), ...(cert && { cert, key }) })
  } catch (error) {
    throw new Error(`the files of \`tls\` are no PEM, or do not belong together: ${(error as Error).message}`)
  }
}
