/**
 * Records of a ring as they lie there: a header of eight bytes, of which the first four are length and flags, then the record,
 * filled up to eight bytes. Source: Linux `kernel/bpf/ringbuf.c`.
 */
export const BUSY = 0x80000000
export const DISCARDED = 0x40000000
const LENGTH = 0x3fffffff
const HEADER_BYTES = 8

/** Header and record, rounded up. */
export function recordBytes(header: number): number {
  return (HEADER_BYTES + (header & LENGTH) + 7) & ~7
}

/**
 * Calls `visit` with offset and length of every record of a span, until it says `stop`; ends where a header cannot be. No
 * generator: there are a hundred thousand a second, and each would leave three objects behind.
 */
export function visitRecords(span: Buffer, visit: (at: number, length: number) => 'next' | 'stop'): void {
  for (let at = 0; at + HEADER_BYTES <= span.length; ) {
    const header = span.readUInt32LE(at)
    const length = header & LENGTH
    if (at + HEADER_BYTES + length > span.length) return
    if (!(header & DISCARDED) && visit(at + HEADER_BYTES, length) === 'stop') return
    at += recordBytes(header)
  }
}
