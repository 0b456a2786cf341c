import { type RetryCause, retryAfterMs, type SendResult } from '../../src/sdk/index.ts'
import { NoToken } from './ingestion.ts'

/** What Azure's client throws: with a status when there was an answer. */
interface RestError extends Error {
  readonly statusCode?: number
  readonly code?: string
  readonly response?: {
    readonly headers: { get(name: string): string | undefined }
    readonly bodyAsText?: string | null
  }
}

/** What half of the payload may be spared: bytes, bytes once more in the words of a connection broken off, and time. */
const TOO_MUCH =
  /ContentLengthLimitExceeded|ReadyBody_ClientConnectionAbort|RecordsTimeRangeIsMoreThan30Minutes/

const FORBIDDEN =
  'give its identity the role "Monitoring Metrics Publisher" on the data collection rule; a new assignment can take 30 minutes to work'
const UNAUTHORIZED = 'the token is not for this endpoint; look at `auth` and `cloud`'
const NOT_FOUND = 'look at `endpoint`, `rule_id` and `stream`'
const UNEXPECTED = 'the API answers 204; is `endpoint` a logs ingestion endpoint?'

/** Azure's credential chain tells in one message why each of its credentials has none. */
const LONGEST = 1000

/**
 * What an error means for the payload. Only an answer that blames the rows refuses them: what blames the config or the
 * permissions can be put right, and the rows wait for it.
 * Source: azure-monitor-docs, tutorial-logs-ingestion-code.md, "Troubleshooting".
 */
export function outcomeOf(error: unknown, nowMs: number, clean: (text: string) => string): SendResult {
  const brief = (message: string) => inBrief(clean(message))
  if (error instanceof NoToken) return retry('rejected', `no token from Entra ID: ${brief(error.message)}`)
  const answer = error as RestError
  const { statusCode: status } = answer
  if (status === undefined) return retry('network', `no answer: ${brief(answer.message)}`)
  const reason = [`${status}`, brief(codeOf(answer) ?? ''), brief(answer.message)].filter(Boolean).join(' ')
  if (status === 413 || TOO_MUCH.test(textOf(answer))) return { kind: 'too_large', reason }
  if (status === 400 || status === 422) return { kind: 'refused', reason }
  const afterMs = retryAfterMs(answer.response?.headers.get('retry-after'), nowMs)
  if (status === 401) return retry('rejected', `${reason}; ${UNAUTHORIZED}`, afterMs)
  if (status === 403) return retry('rejected', `${reason}; ${FORBIDDEN}`, afterMs)
  if (status === 404) return retry('rejected', `${reason}; ${NOT_FOUND}`, afterMs)
  if (status === 408) return retry('timeout', reason, afterMs)
  if (status === 429) return retry('throttled', reason, afterMs)
  if (status >= 500) return retry('unavailable', reason, afterMs)
  return retry('unavailable', `${reason}; ${UNEXPECTED}`, afterMs)
}

function retry(cause: RetryCause, reason: string, afterMs?: number): SendResult {
  return { kind: 'retry', cause, reason, ...(afterMs === undefined ? {} : { afterMs }) }
}

function codeOf({ code, response }: RestError): string | undefined {
  return code ?? response?.headers.get('x-ms-error-code')
}

function textOf(error: RestError): string {
  return `${codeOf(error)} ${error.message} ${error.response?.bodyAsText ?? ''}`
}

/** One line, and no more of it than a log line bears. */
function inBrief(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim()
  return line.length > LONGEST ? `${line.slice(0, LONGEST)} ...` : line
}
