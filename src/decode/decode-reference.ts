import { Buffer, isUtf8 } from 'node:buffer'
import type { BrokenReason, Decoded, Line, MendedReason } from './line.ts'
import { decodeRecord } from './record-reference.ts'

/**
 * The plain decoder, on `JSON.parse`: what it says a line means is what the line means. The kernel takes the lines it
 * fully understands and must agree with this file on every one of them; all others come here.
 *
 * `line` is without its line feed. `readAtMs` is the time of records that bear none.
 */
export function decodeLine(line: Uint8Array, readAtMs: number): Line {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.length)
  const mended: MendedReason[] = []
  const whole = trim(bytes, 0, bytes.length)
  if (hasNul(bytes, 0, whole.start) || hasNul(bytes, whole.end, bytes.length)) mended.push('nul_bytes')
  if (whole.start === whole.end) return { records: [], mended }

  const text = bytes.toString('utf8', whole.start, whole.end)
  const value = parse(text)
  const records =
    value === undefined
      ? unglue(bytes, whole, readAtMs, mended)
      : [{ ...whole, record: decodeRecord(value, readAtMs) }]
  if (text.includes('\ufffd') && records.some(({ record }) => record.kind !== 'broken') && !isUtf8(bytes))
    mended.push('invalid_utf8')
  return { records, mended }
}

type Placed = Line['records'][number]
type Span = { readonly start: number; readonly end: number }

/**
 * Where a record can begin: at a key of the envelope, or at the `time` of a bare flow. A raw quote cannot stand inside
 * a JSON string, so the first kind is never found there; the second follows a colon where it is only a nested object.
 */
const RECORD_START =
  /\{\s*"(?:flow|lost_events|agent_event|debug_event|node_status)"\s*:|(?<!:\s?)\{\s*"time"\s*:/g

/** A line of more records is no log; the limit keeps one line from filling a batch. */
const MOST_RECORDS_ON_A_LINE = 100

/** The records of a line that is no JSON as a whole. */
function unglue(bytes: Buffer, whole: Span, readAtMs: number, mended: MendedReason[]): Placed[] {
  // As latin1, an index into the text is an index into the bytes.
  const latin1 = bytes.toString('latin1', whole.start, whole.end)
  const later = [...latin1.matchAll(RECORD_START)].map(({ index }) => whole.start + index)
  const starts = [whole.start, ...later.filter((index) => index > whole.start)].slice(
    0,
    MOST_RECORDS_ON_A_LINE,
  )
  const pieces = starts.map((start, index) => trim(bytes, start, starts[index + 1] ?? whole.end))
  const reason: BrokenReason = pieces.length === 1 ? 'not_json' : 'half_record'
  const records = pieces.map((piece): Placed => {
    const value = parse(bytes.toString('utf8', piece.start, piece.end))
    const record: Decoded = value === undefined ? { kind: 'broken', reason } : decodeRecord(value, readAtMs)
    return { ...piece, record }
  })
  if (records.every(({ record }) => record.kind !== 'broken')) mended.push('glued_records')
  return records
}

/** Takes NULs, blanks and carriage returns off both ends, and a byte order mark off the front. */
function trim(bytes: Buffer, from: number, to: number): Span {
  let start = from
  let end = to
  while (start < end && isBlank(bytes[start])) start++
  while (end > start && isBlank(bytes[end - 1])) end--
  if (end - start >= 3 && bytes.readUIntBE(start, 3) === 0xefbbbf) start += 3
  return { start, end }
}

function isBlank(byte: number): boolean {
  return byte === 0 || byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function hasNul(bytes: Buffer, from: number, to: number): boolean {
  return bytes.subarray(from, to).includes(0)
}

/** The value of a JSON text; undefined when it is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
