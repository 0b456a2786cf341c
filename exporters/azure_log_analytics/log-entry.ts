import type { Json, Row } from '../../src/sdk/index.ts'

/** Azure cuts longer values itself, and says nothing. Source: service limits of the Logs Ingestion API, 64 KB. */
export const MAX_FIELD_BYTES = 64_000

/** Quotes and backslashes of cut JSON are escaped when it becomes a text, so it can double. */
const MAX_CUT_JSON_BYTES = 31_000

/**
 * A row as JSON, as the table takes it. `FirstFlowTime` repeats `TimeGenerated`, which Azure replaces by the time of
 * arrival when it is older than two days or more than a day ahead.
 */
export function logEntry(row: Row): string {
  const entry = { ...row, FirstFlowTime: row.TimeGenerated }
  const text = JSON.stringify(entry)
  // No field can be longer than the whole.
  return Buffer.byteLength(text) <= MAX_FIELD_BYTES ? text : JSON.stringify(withoutLongFields(entry))
}

function withoutLongFields(entry: object): object {
  return Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, shortened(value)]))
}

function shortened(value: Json): Json {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const bytes = Buffer.byteLength(text)
  if (bytes <= MAX_FIELD_BYTES) return value
  const cut = `cut by flowfold: ${bytes} bytes, Log Analytics takes 64 KB`
  if (typeof value === 'string') return `${start(text, MAX_FIELD_BYTES - 100)} ... ${cut}`
  return { cut, start: start(text, MAX_CUT_JSON_BYTES) }
}

/** The first bytes of a text, without half a character at their end. */
function start(text: string, maxBytes: number): string {
  const buffer = Buffer.alloc(maxBytes)
  const { read } = new TextEncoder().encodeInto(text, buffer)
  return text.slice(0, read)
}
