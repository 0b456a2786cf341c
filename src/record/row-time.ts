import { parseTime } from './flow-writer.ts'

export interface RowTime {
  readonly seconds: number
  readonly nanos: number
}

/** Thousands of rows share a window of thirty seconds: each second is read as a date once. */
const secondsOf = new Map<string, number | null>()
const MOST_SECONDS = 10_000

/** Seconds since the epoch and nanoseconds of a time in a row; null when it is none. */
export function rowTime(text: string): RowTime | null {
  if (text.charCodeAt(text.length - 1) !== 0x5a || (text.length > 20 && text[19] !== '.'))
    return parseTime(text)
  const seconds = knownSeconds(text.slice(0, 19))
  return seconds === null ? null : { seconds, nanos: nanosOf(text) }
}

function knownSeconds(date: string): number | null {
  const known = secondsOf.get(date)
  if (known !== undefined) return known
  const seconds = parseTime(`${date}Z`)?.seconds ?? null
  if (secondsOf.size >= MOST_SECONDS) secondsOf.clear()
  secondsOf.set(date, seconds)
  return seconds
}

function nanosOf(text: string): number {
  let nanos = 0
  for (let i = 0; i < 9; i++) {
    const digit = text.charCodeAt(20 + i) - 0x30
    nanos = nanos * 10 + (digit >= 0 && digit <= 9 ? digit : 0)
  }
  return nanos
}
