import { dirname } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import type { Clock, Logger } from '../../src/sdk/index.ts'
import { fingerprintOf, type ResourceFile, readResourceFiles } from './resource-files.ts'

/** Events of the file system are hints that may be missed, above all where Kubernetes swaps a symlink; this look is not. */
const POLL_MS = 5000
/** What changed is believed once two looks this far apart saw the same: before that it may be half written. */
const SETTLE_MS = 250

/** Tells when the files behind patterns have changed and come to rest. */
export class FileWatch {
  readonly #patterns: readonly string[]
  readonly #clock: Clock
  readonly #changed: (files: readonly ResourceFile[]) => void
  readonly #watcher: FSWatcher
  /** What the files held when their owner last saw them. */
  #told: string
  /** What the last look saw, where that is something new. */
  #unsettled: string | null = null
  #isLookSoon = false
  #cancelLook = () => {}

  constructor(options: {
    readonly patterns: readonly string[]
    readonly clock: Clock
    readonly log: Logger
    /** What the owner has seen already. */
    readonly seen: readonly ResourceFile[]
    readonly changed: (files: readonly ResourceFile[]) => void
  }) {
    this.#patterns = options.patterns
    this.#clock = options.clock
    this.#changed = options.changed
    this.#told = fingerprintOf(options.seen)
    this.#watcher = watch(options.patterns.map(watchedPath), { ignoreInitial: true, depth: 0 })
    this.#watcher.on('all', () => this.#lookSoon())
    let isWarned = false
    this.#watcher.on('error', (error) => {
      if (isWarned) return
      isWarned = true
      options.log.warn('cannot watch filter files; looking at them every 5 s instead', {
        error: (error as Error).message,
      })
    })
    this.#lookAfter(POLL_MS)
  }

  close(): void {
    this.#cancelLook()
    void this.#watcher.close()
  }

  #lookSoon(): void {
    if (this.#isLookSoon) return
    this.#isLookSoon = true
    this.#lookAfter(SETTLE_MS)
  }

  #lookAfter(delayMs: number): void {
    this.#cancelLook()
    this.#cancelLook = this.#clock.after(delayMs, () => this.#look())
  }

  #look(): void {
    const files = readResourceFiles(this.#patterns)
    const fingerprint = fingerprintOf(files)
    const isNew = fingerprint !== this.#told
    const isSettled = fingerprint === this.#unsettled
    this.#unsettled = isNew && !isSettled ? fingerprint : null
    this.#isLookSoon = this.#unsettled !== null
    this.#lookAfter(this.#isLookSoon ? SETTLE_MS : POLL_MS)
    if (!isNew || !isSettled) return
    this.#told = fingerprint
    this.#changed(files)
  }
}

/** The file itself, or the folder where a glob begins. */
function watchedPath(pattern: string): string {
  const magic = pattern.search(/[*?[{(]/)
  return magic < 0 ? pattern : dirname(`${pattern.slice(0, magic)}_`)
}
