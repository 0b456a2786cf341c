import { hash } from 'node:crypto'

/**
 * What tells a file's content apart from all others, wherever it is found: how far it has been read, and the first and
 * the last bytes of what has been read. It covers nothing that has not been read, so a file of a few bytes has one too.
 */
export interface Fingerprint {
  /** Bytes of content that are done with. */
  readonly offset: number
  /** Mark of the first `markBytes(offset)` bytes. */
  readonly head: string
  /** Mark of the last `markBytes(offset)` bytes before the offset; null where nobody has looked at them. */
  readonly seam: string | null
}

/** Long enough to hold the time of a record: no two records of a file have the same. */
export const MARK_BYTES = 1024

export function markBytes(offset: number): number {
  return Math.min(MARK_BYTES, offset)
}

export function mark(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64url').slice(0, 22)
}

export const NOTHING_READ: Fingerprint = { offset: 0, head: mark(new Uint8Array(0)), seam: null }

/**
 * The fingerprint after `bytes` more. They stand in `input` at `at`, and before them the `markBytes` that came before.
 */
export function advance(print: Fingerprint, input: Uint8Array, at: number, bytes: number): Fingerprint {
  const offset = print.offset + bytes
  const end = at + bytes
  const seam = mark(input.subarray(end - markBytes(offset), end))
  if (print.offset >= MARK_BYTES) return { offset, head: print.head, seam }
  const start = at - print.offset
  return { offset, head: mark(input.subarray(start, start + markBytes(offset))), seam }
}
