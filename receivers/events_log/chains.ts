import type { TailedFile } from './tailed-file.ts'

/** A log: the files that bear or bore its name, oldest first. */
interface Chain {
  readonly files: TailedFile[]
  /** Time of the last flow that was read. */
  lastEventMs: number
}

/** Files known at most; far more than rotation leaves behind. */
const MOST_FILES = 20_000
/** A rotated file that has rested for so long has lost its writer. */
const QUIET_MS = 5_000
/** A file moves twice, when it is renamed and when it is compressed, and each may hide it from one look. */
const LOOKS_UNTIL_GONE = 3

/** All files that are followed, by log, and whose turn it is. */
export class Chains {
  readonly #chains = new Map<string, Chain>()
  #inflating: TailedFile | null = null

  get all(): TailedFile[] {
    return [...this.#chains.values()].flatMap(({ files }) => files)
  }

  get logs(): Iterable<string> {
    return this.#chains.keys()
  }

  get isFull(): boolean {
    return this.all.length >= MOST_FILES
  }

  get unreadBytes(): number {
    return this.all.reduce((bytes, file) => bytes + file.unreadBytes, 0)
  }

  /** Puts a file behind all others of its log, or before `successor`. */
  add(file: TailedFile, successor?: TailedFile): void {
    const { files } = this.#chain(file.log)
    files.splice(successor === undefined ? files.length : files.indexOf(successor), 0, file)
  }

  /** The file that bears the log's own name. */
  live(log: string): TailedFile | null {
    const last = this.#chains.get(log)?.files.at(-1)
    return last === undefined || last.rotated || last.rotatedAt !== null ? null : last
  }

  after(file: TailedFile): TailedFile | undefined {
    const { files } = this.#chain(file.log)
    return files[files.indexOf(file) + 1]
  }

  forget(file: TailedFile): void {
    const { files } = this.#chain(file.log)
    files.splice(files.indexOf(file), 1)
    file.close()
    if (files.length === 0) this.#chains.delete(file.log)
  }

  /** The log is followed under another path now. */
  rename(from: string, to: string): void {
    const chain = this.#chain(from)
    this.#chains.delete(from)
    for (const file of chain.files) file.log = to
    this.#chain(to).files.unshift(...chain.files)
  }

  /** The file to read from: the oldest with more, of the log that is furthest behind in event time. */
  next(): TailedFile | null {
    // A compressed file is read through, so that there is memory for one at a time.
    if (this.#inflating?.hasMore) return this.#inflating
    let next: TailedFile | null = null
    let lastEventMs = Number.POSITIVE_INFINITY
    for (const chain of this.#chains.values()) {
      if (next !== null && chain.lastEventMs >= lastEventMs) continue
      // What comes after a file that is on its way to another name waits for it.
      const file = chain.files.find(({ hasMore, isAwaited }) => hasMore || isAwaited)
      if (file === undefined || file.isAwaited) continue
      next = file
      lastEventMs = chain.lastEventMs
    }
    this.#inflating = next?.isGzip ? next : null
    return next
  }

  sawEvent(log: string, eventMs: number): void {
    const chain = this.#chains.get(log)
    if (chain !== undefined) chain.lastEventMs = eventMs
  }

  /** Brings the files into the order of their rotation and marks those that are rotated; tells how many are new. */
  markRotated(nowMs: number): number {
    let rotations = 0
    for (const { files } of this.#chains.values()) {
      if (files.length > 1) sortByRotation(files)
      for (const file of files) {
        if (file.rotated || (file === files.at(-1) && file.rotatedAt === null)) continue
        file.rotated = true
        file.changedAtMs = nowMs
        rotations++
      }
    }
    return rotations
  }

  /** Rotated files that have been read to their end, and that nobody writes to any more. */
  finished(nowMs: number): TailedFile[] {
    return this.all.filter((file) => file.isFinished && nowMs - file.changedAtMs >= QUIET_MS)
  }

  /** Files that are nowhere any more. */
  gone(): TailedFile[] {
    return this.all.filter((file) => file.missedLooks >= LOOKS_UNTIL_GONE && !file.isOpen)
  }

  #chain(log: string): Chain {
    let chain = this.#chains.get(log)
    if (chain === undefined) {
      chain = { files: [], lastEventMs: Number.NEGATIVE_INFINITY }
      this.#chains.set(log, chain)
    }
    return chain
  }
}

/** Files whose names tell no time keep their places. */
function sortByRotation(files: TailedFile[]): void {
  const timed = files.filter(({ rotatedAt }) => rotatedAt !== null)
  timed.sort((a, b) => ((a.rotatedAt ?? '') < (b.rotatedAt ?? '') ? -1 : 1))
  for (const [index, file] of files.entries())
    if (file.rotatedAt !== null) files[index] = timed.shift() ?? file
}
