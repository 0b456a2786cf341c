import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { TestCa } from '../../support/certificates.ts'
import { azureInternet, ECHO, type Echo, echoServer, INGEST } from './internet.ts'

/** An exporter with secrets, and a backend that repeats them. */
export interface Scenario {
  readonly settings: { readonly [setting: string]: unknown }
  readonly env: { readonly [name: string]: string }
  /** By what they are. */
  readonly secrets: { readonly [what: string]: string }
  /** Secrets that the backend must have heard, or the scenario shows nothing. */
  readonly sent: readonly string[]
  heard(): string
}

/** Which settings of the exporter a scenario is about. */
export interface Story {
  readonly what: string
  readonly covers: readonly string[]
  begin(test: TestContext, dir: string): Promise<Scenario>
}

/** Fit for a header, and full of what JSON, URLs and regular expressions would rather spell otherwise. */
function secret(name: string): string {
  return `${name}-${randomBytes(9).toString('hex')}/+=~?&$%`
}

const FAST = { retry: { initial_interval: '5ms', max_interval: '20ms' }, timeout: '5s' }

const hec: Echo = (text) => JSON.stringify({ text: `${ECHO} ${text}`, code: 6 })
const otlp: Echo = (text) =>
  JSON.stringify({ partialSuccess: { rejectedLogRecords: '1', errorMessage: `${ECHO} ${text}` } })

function overHttp(echo: Echo, own: object): readonly Story[] {
  return [
    {
      what: 'a token, headers and a proxy',
      covers: ['token', 'headers', 'proxy'],
      async begin(test) {
        const [token, header, password] = [secret('token'), secret('header'), secret('password')]
        // A proxy that answers everything itself: it hears what is for the backend, and what is for itself.
        const server = await echoServer(test, echo)
        const proxy = server.url.replace('//', `//user:${encodeURIComponent(password)}@`)
        const basic = Buffer.from(`user:${password}`).toString('base64')
        return {
          settings: {
            endpoint: 'http://backend.example',
            token,
            headers: { 'x-api-key': header },
            proxy,
            ...own,
            ...FAST,
          },
          env: {},
          secrets: { token, header, password, basic },
          sent: [token, header, basic],
          heard: server.heard,
        }
      },
    },
    {
      what: 'a token in a file, and a proxy of the environment',
      covers: [],
      async begin(test, dir) {
        const [token, password] = [secret('token'), secret('password')]
        const server = await echoServer(test, echo)
        const token_file = join(dir, 'token-file')
        writeFileSync(token_file, `${token}\n`)
        return {
          settings: { endpoint: 'http://backend.example', token_file, ...own, ...FAST },
          env: { HTTP_PROXY: server.url.replace('//', `//user:${encodeURIComponent(password)}@`) },
          secrets: { token, password, basic: Buffer.from(`user:${password}`).toString('base64') },
          sent: [token],
          heard: server.heard,
        }
      },
    },
    {
      what: 'a key that does not belong to its certificate',
      covers: [],
      async begin(_, dir) {
        const ca = new TestCa(dir)
        const [one, two] = [ca.sign('tls-one'), ca.sign('tls-two')]
        const token = secret('token')
        const tls = { cert_file: one.certFile, key_file: two.keyFile, ca_file: ca.certFile }
        return {
          settings: { endpoint: 'https://127.0.0.1:1', token, tls, ...own, ...FAST },
          env: {},
          secrets: { token, key: two.key.split('\n')[1] },
          sent: [],
          heard: () => '',
        }
      },
    },
  ]
}

/** Where the proxy and the CA of its internet are named. */
type Named = 'in the settings' | 'in the environment'

function azure(
  named: Named,
  covers: readonly string[],
  auth: (dir: string) => { auth: object; secrets: { [what: string]: string } },
): Story {
  return {
    what: `${covers[0]}, its proxy ${named}`,
    covers,
    async begin(test, dir) {
      const [token, password] = [secret('token').replace(/[^\w-]/g, ''), secret('password')]
      const { proxyPort, caFile, heard } = await azureInternet(test, dir, token)
      const { auth: how, secrets } = auth(dir)
      const proxy = `http://user:${encodeURIComponent(password)}@127.0.0.1:${proxyPort}`
      const way = named === 'in the settings' ? { proxy, tls: { ca_file: caFile } } : {}
      const env = { HTTPS_PROXY: proxy, NODE_EXTRA_CA_CERTS: caFile }
      const basic = Buffer.from(`user:${password}`).toString('base64')
      return {
        settings: { endpoint: `https://${INGEST}`, rule_id: 'dcr-1', auth: how, ...way, ...FAST },
        env: named === 'in the settings' ? {} : env,
        secrets: { ...secrets, token, password, basic },
        sent: [token, basic],
        heard,
      }
    },
  }
}

const APPLICATION = { tenant_id: 'tenant', client_id: 'client' }

/** By type of exporter: every secret setting that it has must be in one of its stories. */
export const STORIES: { readonly [type: string]: readonly Story[] } = {
  otlp_http: overHttp(otlp, { encoding: 'json', max_payload_bytes: '2KiB' }),
  splunk_hec: overHttp(hec, { max_content_length: '2KiB' }),
  azure_log_analytics: [
    azure('in the settings', ['auth.client_secret', 'proxy'], () => {
      const client_secret = secret('client-secret')
      return { auth: { kind: 'client_secret', ...APPLICATION, client_secret }, secrets: { client_secret } }
    }),
    azure('in the environment', ['auth.certificate_password'], (dir) => {
      const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const passphrase = secret('certificate-password')
      const { cert } = new TestCa(dir).sign('application', { keys })
      const how = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
      const key = keys.privateKey.export(how).toString()
      const certificate_file = join(dir, 'application.pem')
      writeFileSync(certificate_file, `${cert}${key}`)
      const auth = {
        kind: 'client_certificate',
        ...APPLICATION,
        certificate_file,
        certificate_password: passphrase,
      }
      return { auth, secrets: { passphrase, key: key.split('\n')[1] } }
    }),
  ],
}
