import type { TokenCredential } from '@azure/identity'
import type { LogsIngestionClient } from '@azure/monitor-ingestion'
import { withoutSecrets } from '../../src/sdk/index.ts'
import type { Transport } from './transport.ts'

export interface Target {
  readonly endpoint: string
  /** Immutable id of the data collection rule. */
  readonly ruleId: string
  readonly stream: string
  readonly audience: string
}

/** No token was to be had, and so nothing was sent. */
export class NoToken extends Error {}

/**
 * One POST to the Logs Ingestion API per call, by Azure's client. That client turns rows into JSON itself, cuts by rules
 * of its own and forgets what an abort left over. So it is handed a slip of paper instead of rows, too small to cut, and
 * a policy of its pipeline puts the bytes in its place.
 */
export class Ingestion {
  readonly #target: Target
  readonly #credential: () => Promise<TokenCredential>
  readonly #transport: Transport
  /** Those of settings and environment. */
  readonly #secrets: readonly string[]
  #token = ''
  #client: Promise<LogsIngestionClient> | null = null
  #slips = 0
  /** What goes over the wire, by the JSON of its slip. */
  readonly #bodies = new Map<string, Uint8Array>()

  constructor(
    target: Target,
    credential: () => Promise<TokenCredential>,
    transport: Transport,
    secrets: readonly string[] = [],
  ) {
    this.#secrets = secrets
    this.#target = target
    this.#credential = credential
    this.#transport = transport
  }

  /** Resolves when the API has taken the JSON array in `body`; rejects with its answer, or when `signal` aborts. */
  async post(body: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#client ??= this.#connect()
    const slip = [{ slip: ++this.#slips }]
    const name = JSON.stringify(slip)
    this.#bodies.set(name, body)
    try {
      const client = await this.#client
      await client.upload(this.#target.ruleId, this.#target.stream, slip, { abortSignal: signal })
    } catch (error) {
      throw causeOf(error)
    } finally {
      this.#bodies.delete(name)
    }
  }

  /** What somebody said, fit to be shown. */
  withoutSecrets(text: string): string {
    return withoutSecrets(text, [this.#token, ...this.#secrets])
  }

  /** Asks for a new token with the next call, and reads secrets and certificates again. */
  forgetToken(): void {
    this.#client = null
  }

  close(): void {
    this.#transport.close()
  }

  async #connect(): Promise<LogsIngestionClient> {
    const { LogsIngestionClient } = await import('@azure/monitor-ingestion')
    const client = new LogsIngestionClient(this.#target.endpoint, this.#tokens(), {
      audience: this.#target.audience,
      userAgentOptions: { userAgentPrefix: 'flowfold' },
      // The engine retries, because the rows wait there.
      retryOptions: { maxRetries: 0 },
      httpClient: this.#transport,
    })
    client.pipeline.addPolicy(
      {
        name: 'flowfoldBody',
        sendRequest: (request, next) => {
          const body = this.#bodies.get(String(request.body))
          if (!body) throw new Error('bug: a request without a payload')
          request.body = body
          return next(request)
        },
      },
      { beforePolicies: ['GzippingPolicy'] },
    )
    return client
  }

  #tokens(): TokenCredential {
    let credential: Promise<TokenCredential> | null = null
    return {
      getToken: async (scopes, options) => {
        try {
          credential ??= this.#credential()
          const token = await (await credential).getToken(scopes, options)
          this.#token = token?.token ?? ''
          return token
        } catch (error) {
          throw new NoToken((error as Error).message)
        }
      },
    }
  }
}

/** What happened to the one request: the client wraps it into an error that says nothing. */
function causeOf(error: unknown): unknown {
  const { errors } = error as { readonly errors?: readonly { readonly cause: unknown }[] }
  return errors?.[0]?.cause ?? error
}
