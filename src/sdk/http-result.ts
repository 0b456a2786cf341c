import type { HttpOutcome } from '../http/http-client.ts'
import { retryAfterMs } from '../http/retry-after.ts'
import type { RetryCause, SendResult } from './exporter.ts'

/** Statuses that speak of the way to the backend, not of rows: they may be put right while rows wait. */
const REJECTED: { readonly [status: number]: string } = {
  401: 'credentials are missing, wrong or expired',
  403: 'these credentials are not allowed to write here',
  404: 'nothing takes rows at this address; look at the endpoint',
  405: 'nothing takes rows at this address; look at the endpoint',
  407: 'the proxy wants credentials; put them into the URL of `proxy`',
}

const COMES_AGAIN: { readonly [status: number]: RetryCause } = {
  429: 'throttled',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/**
 * What an attempt says of the way to the backend, whichever backend it is; null when the answer is for the exporter to
 * read: success, or a refusal of what was sent.
 */
export function wayResult(outcome: HttpOutcome, nowMs: number): SendResult | null {
  if (outcome.kind === 'failure') return { kind: 'retry', cause: outcome.cause, reason: outcome.reason }
  const { status, headers, summary: reason } = outcome
  if (status === 413) return { kind: 'too_large', reason }
  if (status >= 300 && status < 400) return rejected(`${reason}; set the endpoint to where it points`)
  if (REJECTED[status]) return rejected(`${REJECTED[status]} (${reason})`)
  const cause = COMES_AGAIN[status]
  if (cause === undefined) return null
  const afterMs = retryAfterMs(headers['retry-after'], nowMs)
  return { kind: 'retry', cause, reason, ...(afterMs !== undefined && { afterMs }) }
}

function rejected(reason: string): SendResult {
  return { kind: 'retry', cause: 'rejected', reason }
}
