import { type HttpAnswer, type HttpOutcome, type SendResult, wayResult } from '../../src/sdk/index.ts'

/** What Splunk says to a request. Source: Splunk Enterprise 9.4, "Troubleshoot HTTP Event Collector", error codes. */
export interface HecReply {
  readonly code?: number
  readonly 'invalid-event-number'?: number
  readonly ackId?: number
  /** To a question about acknowledgments: by their number. */
  readonly acks?: { readonly [ackId: string]: boolean }
}

const SUCCESS = 0
const NO_DATA = 5
const INCORRECT_INDEX = 7
const CHANNEL_MISSING = 10
const CHANNEL_INVALID = 11
const ACK_DISABLED = 14
/** Invalid data format, no event field, event field blank, bad indexed fields. */
const BAD_EVENT: ReadonlySet<number> = new Set([6, 12, 13, 15])

/** Refusals that somebody has to put right, on one side or the other; rows wait meanwhile. */
const MISFITS: { readonly [code: number]: string } = {
  [INCORRECT_INDEX]: 'the token may not write to this index; allow it there, or change `index`',
  [CHANNEL_MISSING]: 'the token asks for acknowledgments; set `ack: true`, or turn them off for the token',
  [CHANNEL_INVALID]: 'Splunk does not take our channel; is there a load balancer without sticky sessions?',
  [ACK_DISABLED]: 'the token has no acknowledgments; turn them on for the token, or set `ack: false`',
}

/** The events before it are in; it is refused, and those behind it were not looked at. */
export interface BadEvent {
  readonly kind: 'bad_event'
  /** As Splunk counts; see `EventNumbers`. */
  readonly number: number
  readonly code: number
  readonly reason: string
}

export type HecResult = SendResult | BadEvent | { readonly kind: 'taken'; readonly ackId: number | undefined }

/** What became of a request. */
export function resultOf(outcome: HttpOutcome, nowMs: number): HecResult {
  const wayside = wayResult(outcome, nowMs)
  if (wayside !== null) return wayside
  const answer = outcome as HttpAnswer
  const { status, summary: reason } = answer
  const { code, 'invalid-event-number': number, ackId } = replyOf(answer)
  if (status < 300 && code === SUCCESS) return { kind: 'taken', ackId }
  if (status < 300)
    return { kind: 'retry', cause: 'rejected', reason: `this is no HTTP Event Collector (${reason})` }
  if (code !== undefined && MISFITS[code])
    return { kind: 'retry', cause: 'rejected', reason: `${MISFITS[code]} (${reason})` }
  if (code !== undefined && BAD_EVENT.has(code) && Number.isInteger(number))
    return { kind: 'bad_event', number: number!, code, reason }
  return status >= 500 ? { kind: 'retry', cause: 'unavailable', reason } : { kind: 'refused', reason }
}

/** Whether an empty request was let in: only then it is told that it is empty. */
export function isLetIn(outcome: HttpOutcome): boolean {
  return outcome.kind === 'answer' && outcome.status === 400 && replyOf(outcome).code === NO_DATA
}

export function replyOf({ body }: HttpAnswer): HecReply {
  try {
    return (JSON.parse(new TextDecoder().decode(body)) as HecReply | null) ?? {}
  } catch {
    return {}
  }
}
