import { hash } from 'node:crypto'

/**
 * What tells a file's content apart from all others, wherever it is found: its first bytes, and the last ones of those
 * that have been read. A file of a few bytes has one too.
 */
export interface Fingerprint {
  /** Bytes of content that are done with. */
  readonly offset: number
  /** The first bytes, read or not: `MARK_BYTES`, or as many as there were. A hole is none, for all holes are alike. */
  readonly head: Head
  /** Mark of the last `markBytes(offset)` bytes before the offset; null where nobody has looked at them. */
  readonly seam: string | null
}

export interface Head extends Mark {
  /** The first line, or its part in the head; null where the line may still grow. No other file begins with it. */
  readonly line: Mark | null
}

export interface Mark {
  readonly bytes: number
  readonly mark: string
}

const LINE_FEED = 0x0a

/** Long enough to hold the time of a record: no two records of a file have the same. */
export const MARK_BYTES = 1024

export function markBytes(size: number): number {
  return Math.min(MARK_BYTES, size)
}

export function mark(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64url').slice(0, 22)
}

export function headOf(bytes: Uint8Array): Head {
  const first = isHole(bytes.subarray(0, MARK_BYTES)) ? bytes.subarray(0, 0) : bytes.subarray(0, MARK_BYTES)
  return { ...markOf(first), line: lineOf(first) }
}

function lineOf(first: Uint8Array): Mark | null {
  const bytes = first.indexOf(LINE_FEED) + 1
  if (bytes === 0 && first.length < MARK_BYTES) return null
  return markOf(bytes === 0 ? first : first.subarray(0, bytes))
}

function markOf(bytes: Uint8Array): Mark {
  return { bytes: bytes.length, mark: mark(bytes) }
}

export function isHole(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

export const UNSEEN: Fingerprint = { offset: 0, head: headOf(new Uint8Array(0)), seam: null }

/** Whether a mark of `bytes` bytes is one of nothing but NULs, which any hole has. */
export function isMarkOfHole(seam: string, bytes: number): boolean {
  return seam === mark(new Uint8Array(bytes))
}

/**
 * The fingerprint after `bytes` more. They stand in `input` at `at`, and before them the `markBytes` that came before.
 */
export function advance(print: Fingerprint, input: Uint8Array, at: number, bytes: number): Fingerprint {
  const offset = print.offset + bytes
  const end = at + bytes
  return { offset, head: print.head, seam: mark(input.subarray(end - markBytes(offset), end)) }
}
