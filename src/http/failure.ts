/** How far an attempt had come. */
export type Stage = 'on the way' | 'while the answer was read'

/** Why no answer came, for the operator: what, where, and the way out. Names hosts and settings, never headers or bodies. */
export function failureReason(error: unknown, { host, protocol }: URL, stage: Stage): string {
  const { code, message } = causeOf(error)
  const known = REASONS[code]
  if (known === cut && protocol === 'https:' && heardNothing(error)) return silentlyRefused(host, stage)
  if (known) return known(host, stage)
  if (code.startsWith('HPE_')) return `${host} does not speak HTTP; is the port right?`
  const proxy = /^Proxy response \((\d+)\)/.exec(message)
  if (proxy) return `the proxy answered ${proxy[1]} when asked for ${host}`
  return `${code.includes('SSL') ? `TLS with ${host} failed` : host}: ${message}`
}

interface Cause {
  readonly code: string
  readonly message: string
}

/** Undici and Node wrap errors; the innermost with a code tells most. */
function causeOf(error: unknown): Cause {
  let found: Cause | null = null
  for (let at: unknown = error; at instanceof Error; at = at.cause ?? (at as AggregateError).errors?.[0]) {
    const code = (at as NodeJS.ErrnoException).code
    if (found === null || typeof code === 'string') found = { code: String(code ?? ''), message: at.message }
  }
  return found ?? { code: '', message: String(error) }
}

/** TLS 1.3 ends the handshake for us before the server looks at our certificate; some then hang up without a word. */
function heardNothing(error: unknown): boolean {
  return (error as { readonly socket?: { readonly bytesRead?: number } }).socket?.bytesRead === 0
}

type Telling = (host: string, stage: Stage) => string

const cut: Telling = (host, stage) =>
  stage === 'on the way'
    ? `the connection to ${host} was closed before an answer came`
    : `the connection to ${host} was closed ${stage}`
const silentlyRefused: Telling = (host, stage) =>
  `${cut(host, stage)}; if it wants a certificate, look at tls.cert_file and tls.key_file`
const unreachable: Telling = (host) => `no route to ${host}`
const late: Telling = (host) => `no connection to ${host} in time`
const untrusted: Telling = (host) =>
  `TLS: the certificate of ${host} is signed by nobody we know; set tls.ca_file to the CA's certificate`
const wantsCertificate: Telling = (host) =>
  `TLS: ${host} does not take our certificate, or wants one; look at tls.cert_file and tls.key_file`
const plain: Telling = (host) => `${host} does not speak TLS; is the endpoint "http://"?`

/** Sources of codes: Node's `errors`, libuv, OpenSSL's verification results and alerts, undici's `errors.d.ts`. */
const REASONS: { readonly [code: string]: Telling } = {
  ECONNREFUSED: (host) => `connection refused by ${host}`,
  ECONNRESET: cut,
  EPIPE: cut,
  UND_ERR_SOCKET: cut,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: cut,
  ENOTFOUND: (host) => `there is no host ${host}, says the name server`,
  EAI_AGAIN: (host) => `the name server does not answer for ${host}`,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: late,
  UND_ERR_CONNECT_TIMEOUT: late,
  UND_ERR_PRX_CONN: (host) => `the proxy closed the connection when asked for ${host}`,
  UND_ERR_PRX_TLS: () => "TLS: the proxy's certificate is for another name",
  CERT_HAS_EXPIRED: (host) => `TLS: the certificate of ${host} has expired`,
  CERT_NOT_YET_VALID: (host) => `TLS: the certificate of ${host} is not valid yet; is the clock right?`,
  CERT_REVOKED: (host) => `TLS: the certificate of ${host} has been revoked`,
  ERR_TLS_CERT_ALTNAME_INVALID: (host) =>
    `TLS: the certificate of ${host} is for another name; set tls.server_name to one that it is for`,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  ERR_SSL_WRONG_VERSION_NUMBER: plain,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plain,
  ERR_SSL_HTTP_REQUEST: plain,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: wantsCertificate,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: wantsCertificate,
  ERR_SSL_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: wantsCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: wantsCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: wantsCertificate,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: wantsCertificate,
}
