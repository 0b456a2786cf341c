/** Waits that a header may ask for; a longer one is a mistake of the server, or of its clock. */
const LONGEST_MS = 24 * 3_600_000

/**
 * How long a `Retry-After` header asks to wait, in seconds or until a date (RFC 9110, 10.2.3); undefined when it is absent
 * or says nothing that can be understood.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), LONGEST_MS)
}
