import { closeSync, openSync, readSync } from 'node:fs'

export interface Stretch {
  readonly bytes: Buffer
  /** Where what was read ends. */
  readonly end: number
}

/**
 * Reads a file into one buffer, stretch by stretch. `take` says how many bytes it is done with; the rest, a line that
 * is not whole yet, stands at the beginning of the next stretch.
 */
export function readChunks(path: string, buffer: Buffer, take: (stretch: Stretch) => number): void {
  const file = openSync(path, 'r')
  let held = 0
  for (;;) {
    const read = readSync(file, buffer, held, buffer.length - held, null)
    if (read === 0) break
    const end = held + read
    const done = take({ bytes: buffer, end })
    buffer.copyWithin(0, done, end)
    held = end - done
  }
  closeSync(file)
}
