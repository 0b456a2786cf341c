import { Buffer } from 'node:buffer'

/** What the next bytes of a file are. */
export type Stretch =
  /** Lines for the decoder; the last one may be unfinished. */
  | { readonly kind: 'lines'; readonly to: number }
  /** NULs where a line should begin: a hole that a writer left who kept its offset while the file was truncated. */
  | { readonly kind: 'hole'; readonly to: number }
  /** A line over the limit, or more of it; `ended` when its line feed is among these bytes. */
  | { readonly kind: 'too_long'; readonly to: number; readonly ended: boolean }

const LINE_FEED = 0x0a
const NULS = Buffer.alloc(4096)

/** The stretch that begins at `from`, which is the start of a line unless `insideLongLine`. */
export function nextStretch(
  input: Buffer,
  from: number,
  to: number,
  { maxLineBytes, insideLongLine }: { readonly maxLineBytes: number; readonly insideLongLine: boolean },
): Stretch {
  if (insideLongLine) return longLine(input, from, to)
  if (input[from] === 0) return { kind: 'hole', to: endOfHole(input, from, to) }
  const long = findLongLine(input, from, to, maxLineBytes)
  if (long === from) return longLine(input, from + maxLineBytes, to)
  return { kind: 'lines', to: long ?? to }
}

/** A line over the limit has no line feed among its first `maxLineBytes + 1` bytes, so a look every so often finds it. */
function findLongLine(input: Buffer, from: number, to: number, maxLineBytes: number): number | null {
  let start = from
  while (start + maxLineBytes < to) {
    const lineFeed = input.lastIndexOf(LINE_FEED, start + maxLineBytes)
    if (lineFeed < start) return start
    start = lineFeed + 1
  }
  return null
}

function longLine(input: Buffer, from: number, to: number): Stretch {
  const lineFeed = input.subarray(0, to).indexOf(LINE_FEED, from)
  return lineFeed < 0
    ? { kind: 'too_long', to, ended: false }
    : { kind: 'too_long', to: lineFeed + 1, ended: true }
}

function endOfHole(input: Buffer, from: number, to: number): number {
  let at = from
  // Holes are as long as the file was; whole pages of them are compared at a time.
  while (at + NULS.length <= to && input.compare(NULS, 0, NULS.length, at, at + NULS.length) === 0)
    at += NULS.length
  while (at < to && input[at] === 0) at++
  return at
}
