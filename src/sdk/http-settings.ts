import { z } from 'zod'
import { HttpClient, type HttpHeaders } from '../http/http-client.ts'
import { TlsFiles, type TlsSettings } from '../http/tls-files.ts'
import { WatchedFile } from '../http/watched-file.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import type { deliveryShape } from './delivery-settings.ts'
import { SettingError } from './errors.ts'
import type { Host } from './host.ts'

const path = (doc: string) => z.string().min(1).nullable().default(null).describe(doc)

/** Settings of everything that speaks HTTP to a backend; spread them into its schema. Made when asked for. */
export const httpShape = () => ({
  token: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .meta({ secret: true })
    .describe('Token for the Authorization header.'),
  token_file: path('File with the token, instead of `token`; read again when it changes.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .meta({ secret: true })
    .describe('Headers of every request. Their values are never shown.'),
  proxy: z
    .string()
    .refine((text) => text === 'none' || isHttpUrl(text), 'is no URL; write for example "http://proxy:3128"')
    .nullable()
    .default(null)
    .meta({ secret: true })
    .describe(
      'URL of a proxy, or `none`. Without it, the environment decides: HTTPS_PROXY, HTTP_PROXY and NO_PROXY.',
    ),
  tls: z
    .strictObject({
      ca_file: path('PEM file with the CAs to trust, instead of those that Node knows.'),
      cert_file: path('PEM file with our certificate, where the backend asks for one.'),
      key_file: path('PEM file with the key of our certificate.'),
      server_name: z
        .string()
        .min(1)
        .nullable()
        .default(null)
        .describe('Name that the certificate of the backend must be for, if not the one of the endpoint.'),
      insecure_skip_verify: z
        .boolean()
        .default(false)
        .describe('Takes any certificate: whoever is in between can read and change everything.'),
    })
    .prefault({})
    .describe('For `https` endpoints. Files are read again when they change.'),
})

/** An `http` or `https` URL without credentials. */
export function httpUrl() {
  return z
    .string()
    .refine(isHttpUrl, 'is no http or https URL; write for example "https://collector:4318"')
    .refine(
      (text) => !hasCredentials(text),
      'holds a password that logs would show; put credentials into `headers` or `token_file`',
    )
}

export type HttpSettings = z.output<z.ZodObject<ReturnType<typeof httpShape>>> &
  Pick<z.output<z.ZodObject<ReturnType<typeof deliveryShape>>>, 'timeout' | 'concurrency'>

/** Throws a `SettingError` for files that are missing or hold something else, and for settings that need each other. */
export function checkHttp(settings: HttpSettings): void {
  const { tls, token, token_file } = settings
  if (token !== null && token_file !== null)
    throw new SettingError(['token_file'], 'there is a `token` as well; remove one of the two')
  if ((tls.cert_file === null) !== (tls.key_file === null)) {
    const [missing, given] = tls.cert_file === null ? ['cert_file', 'key_file'] : ['key_file', 'cert_file']
    throw new SettingError(['tls', given], `a certificate needs its key; set \`tls.${missing}\` as well`)
  }
  if (token_file !== null) readable(['token_file'], token_file)
  for (const name of ['ca_file', 'cert_file', 'key_file'] as const)
    if (tls[name] !== null) readable(['tls', name], tls[name])
  try {
    new TlsFiles(tlsOf(settings), systemClock).options()
  } catch (error) {
    throw new SettingError(['tls'], (error as Error).message)
  }
}

/** A client as the settings want it. `scheme` is the word before the token in the Authorization header. */
export function openHttp(
  settings: HttpSettings,
  scheme: string,
  host: Pick<Host, 'clock'>,
  { connections = settings.concurrency } = {},
): HttpClient {
  const credentials = authorization(settings, scheme, host.clock)
  // In one case, or a header of the settings would go out beside the one it replaces.
  const own = Object.fromEntries(
    Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return new HttpClient({
    clock: host.clock,
    timeoutMs: settings.timeout,
    connections,
    proxy: settings.proxy,
    tls: tlsOf(settings),
    headers: () => ({ ...credentials(), ...own }),
  })
}

function authorization(settings: HttpSettings, scheme: string, clock: Clock): () => HttpHeaders {
  const { token, token_file } = settings
  if (token_file !== null) {
    const file = new WatchedFile(token_file, clock)
    return () => ({ authorization: `${scheme} ${file.text().trim()}` })
  }
  return () => (token === null ? {} : { authorization: `${scheme} ${token}` })
}

function tlsOf({ tls }: HttpSettings): TlsSettings {
  return {
    caFile: tls.ca_file,
    certFile: tls.cert_file,
    keyFile: tls.key_file,
    serverName: tls.server_name,
    insecureSkipVerify: tls.insecure_skip_verify,
  }
}

function readable(setting: readonly string[], file: string): void {
  try {
    new WatchedFile(file, systemClock)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new SettingError(setting, code === 'ENOENT' ? `there is no file ${file}` : message)
  }
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function hasCredentials(text: string): boolean {
  return URL.canParse(text) && (new URL(text).username !== '' || new URL(text).password !== '')
}
