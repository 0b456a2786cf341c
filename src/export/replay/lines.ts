import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import type { DeadLetterLine } from '../dead-letter.ts'

const CHUNK_BYTES = 2 ** 20
const WRITE_BYTES = 2 ** 20
const LINE_FEED = 10

/** The lines of a file without their line feeds; empty ones are left out. One that is unfinished counts as one. */
export function* linesOf(path: string): Generator<string> {
  const fd = openSync(path, 'r')
  try {
    let rest: Buffer = Buffer.alloc(0)
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const read = readSync(fd, chunk, 0, CHUNK_BYTES, null)
      if (read === 0) break
      rest = Buffer.concat([rest, chunk.subarray(0, read)])
      const end = rest.lastIndexOf(LINE_FEED)
      if (end < 0) continue
      yield* rest.subarray(0, end).toString().split('\n').filter(Boolean)
      rest = rest.subarray(end + 1)
    }
    if (rest.length > 0) yield rest.toString()
  } finally {
    closeSync(fd)
  }
}

/** Makes a file of lines, on the disk when it returns; none where that fails. */
export function writeLines(path: string, parts: Iterable<Iterable<string>>): void {
  const fd = openSync(path, 'w', 0o640)
  try {
    let text = ''
    const flush = () => {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      text = ''
    }
    for (const part of parts)
      for (const line of part) {
        text += `${line}\n`
        if (text.length >= WRITE_BYTES) flush()
      }
    flush()
    fsyncSync(fd)
  } catch (error) {
    rmSync(path)
    throw error
  } finally {
    closeSync(fd)
  }
}

/** What a line of a dead-letter file says; null when it is none: torn, or written by somebody else. */
export function letterIn(line: string): DeadLetterLine | null {
  try {
    const letter = JSON.parse(line) as DeadLetterLine | null
    const { exporter, row } = letter ?? {}
    const isLetter = typeof exporter === 'string' && typeof row?.UUID === 'string'
    return isLetter && typeof row.TimeGenerated === 'string' ? letter : null
  } catch {
    return null
  }
}
