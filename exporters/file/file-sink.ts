import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  FatalError,
  type Host,
  type Json,
  type RowBatch,
  SettingError,
  type Sink,
  type WriteResult,
} from '../../src/sdk/index.ts'
import { type Begun, BegunNote } from './begun-note.ts'
import type { FileFormat } from './file-format.ts'
import type { FileMetrics } from './metrics.ts'
import { syncFolder } from './open-file.ts'
import type { Place } from './place.ts'
import { explain, isExpected, isPassing } from './problem.ts'
import { recover } from './recovery.ts'
import type { RotatedFiles } from './rotated-files.ts'
import { rotatedName } from './rotated-name.ts'
import { RowFile } from './row-file.ts'

/** After a rotation that failed. */
const ROTATE_AGAIN_MS = 60_000

export interface FileSinkOptions {
  readonly path: string
  readonly mode: number
  /** 0: any size. */
  readonly maxBytes: number
  /** 0: any age. */
  readonly maxAgeMs: number
}

export interface FileSinkParts {
  readonly host: Host
  readonly metrics: FileMetrics
  readonly format: FileFormat
  readonly rotated: RotatedFiles
  /** Where the last commit left it. */
  readonly place: Place | null
}

/**
 * Appends rows to a file, each exactly once.
 *
 * A commit stores which file it is and how long; what stands beyond that after a crash is cut off and written again.
 * A file no commit knows yet is named in a note before the first row goes into it. A rotation is announced by one
 * commit and done after it, so a restart finds the old name or the new one, and knows what to do with either.
 *
 * After an error the file is closed, and the next write begins as after a crash.
 */
export class FileSink implements Sink {
  readonly #options: FileSinkOptions
  readonly #host: Host
  readonly #metrics: FileMetrics
  readonly #rotated: RotatedFiles
  readonly #format: FileFormat
  readonly #note: BegunNote
  /** Files with rows that a process before us did not get committed; null until we looked. */
  #leftBehind: readonly Begun[] | null = null
  /** How far we came, committed or not; null before the first file. */
  #place: Place | null
  /** What `position` said last. */
  #told: Place | null = null
  #committedNth: number
  /** The file at `#place`; null after an error. */
  #file: RowFile | null = null
  /** Taken from us since the last commit, possibly with rows. */
  #taken: RowFile[] = []
  #rotateAfterMs = 0

  constructor(options: FileSinkOptions, { host, metrics, format, rotated, place }: FileSinkParts) {
    this.#options = options
    this.#host = host
    this.#metrics = metrics
    this.#format = format
    this.#rotated = rotated
    this.#note = new BegunNote(options.path)
    this.#place = place
    this.#committedNth = place?.nth ?? 0
    metrics.gauge('file_size_bytes', () => this.#place?.size ?? 0)
    this.#open()
    rotated.tidy()
  }

  write(rows: RowBatch): WriteResult {
    if (rows.flows.length === 0) return { kind: 'written', bytes: 0 }
    try {
      const file = this.#fileAtPath()
      this.#announce()
      const bytes = this.#append(file, rows)
      this.#metrics.bytesWritten.add(bytes)
      return { kind: 'written', bytes }
    } catch (error) {
      this.#file?.close()
      this.#file = null
      if (!isExpected(error)) throw error
      this.#metrics.writeFailures.add(1)
      return { kind: 'retry', reason: explain(error, this.#options.path) }
    }
  }

  position(): Json {
    const place = this.#place
    const rotate = place !== null && this.#isDue(place)
    this.#told = rotate ? { ...place, rotate_to: rotatedName(place.path, this.#host.clock.now()) } : place
    return this.#told
  }

  committed(): void {
    const told = this.#told
    if (told === null || told.nth !== this.#place?.nth) return
    this.#told = null
    this.#committedNth = told.nth
    for (const file of this.#taken.splice(0)) file.close()
    try {
      this.#note.clear()
      if (told.rotate_to !== null && told.size === this.#place.size) this.#rotate(told, told.rotate_to)
    } catch (error) {
      if (!isExpected(error)) throw error
      this.#rotateAfterMs = this.#host.clock.now() + ROTATE_AGAIN_MS
      this.#host.log.warn('rotation failed; rows are written all the same, and it is tried again', {
        reason: explain(error, this.#options.path),
      })
    }
  }

  sync(): void {
    const { path } = this.#options
    try {
      for (const file of this.#taken) file.sync()
      this.#file?.sync()
      syncFolder(dirname(path))
    } catch (error) {
      if (!isExpected(error)) throw error
      throw new FatalError(
        `exporter ${this.#host.id}: ${explain(error, path)}; nobody knows which rows the disk kept, so this ends here, ` +
          'and the next start writes them again from the last commit on',
      )
    }
  }

  async close(): Promise<void> {
    for (const file of this.#taken.splice(0)) file.close()
    this.#file?.close()
    this.#file = null
    await this.#rotated.close()
  }

  /** Opens the file at the start. What a setting can mend is said now; a full disk is waited for. */
  #open(): void {
    const { path } = this.#options
    try {
      this.#reopen()
    } catch (error) {
      if (!isExpected(error)) throw error
      if (!isPassing(error)) throw new SettingError(['path'], explain(error, path))
      this.#host.log.warn('the file cannot be opened now; it is tried again with the next rows', {
        reason: explain(error, path),
      })
    }
  }

  #reopen(): RowFile {
    const place = this.#place
    this.#leftBehind ??= this.#note.read()
    recover(place, this.#leftBehind, this.#host.log)
    if (this.#leftBehind.length > 0) this.#note.clear()
    this.#leftBehind = []
    const file = this.#openAtPath()
    const same =
      place?.rotate_to === null &&
      place.path === file.path &&
      place.id === file.id &&
      place.size === file.size
    if (!same) return this.#begin(file)
    this.#file = file
    return file
  }

  /** The file that bears our name: one that takes no more rows makes way. */
  #openAtPath(): RowFile {
    const { path, mode } = this.#options
    return RowFile.open(path, mode, this.#format, (reason) => {
      const to = rotatedName(path, this.#host.clock.now())
      this.#host.log.warn('nothing can follow what the file holds; it is set aside, and a new one begun', {
        reason,
        to,
      })
      renameSync(path, join(dirname(path), to))
      this.#metrics.rotations.add(1)
    })
  }

  /** From here on all that stands in `file` is somebody else's, or done with. */
  #begin(file: RowFile): RowFile {
    this.#place = {
      path: file.path,
      nth: (this.#place?.nth ?? 0) + 1,
      id: file.id,
      size: file.size,
      since_ms: this.#host.clock.now(),
      rotate_to: null,
    }
    this.#file = file
    return file
  }

  /** The file that bears our name now: a new one when somebody moved or changed ours. */
  #fileAtPath(): RowFile {
    const file = this.#file ?? this.#reopen()
    const fate = file.fate()
    if (fate === 'untouched') return file
    const { level, message } = FATES[fate]
    this.#host.log[level](message, { path: file.path })
    const next = this.#openAtPath()
    this.#taken.push(file)
    return this.#begin(next)
  }

  /** Notes a file that no commit knows before its first row. */
  #announce(): void {
    const { path, nth, id, size } = this.#place!
    if (nth === this.#committedNth || this.#note.has(nth)) return
    this.#note.add({ path, nth, id, size })
  }

  #append(file: RowFile, rows: RowBatch): number {
    const bytes = file.write(rows)
    const place = this.#place!
    const isFirst = file.size === bytes
    this.#place = { ...place, size: file.size, since_ms: isFirst ? this.#host.clock.now() : place.since_ms }
    return bytes
  }

  #isDue({ size, since_ms }: Place): boolean {
    const { maxBytes, maxAgeMs } = this.#options
    const nowMs = this.#host.clock.now()
    if (this.#file === null || size === 0 || nowMs < this.#rotateAfterMs) return false
    return (maxBytes > 0 && size >= maxBytes) || (maxAgeMs > 0 && nowMs - since_ms >= maxAgeMs)
  }

  /** A file that somebody else moved meanwhile needs no other name. */
  #rotate(told: Place, to: string): void {
    const file = this.#file
    if (file === null || file.fate() === 'moved') return
    renameSync(file.path, join(dirname(file.path), to))
    this.#place = told
    this.#file = null
    file.close()
    this.#metrics.rotations.add(1)
    this.#host.log.info('the file was rotated', { to, bytes: told.size })
    this.#rotated.tidy()
    this.#reopen()
  }
}

const FATES = {
  moved: { level: 'warn', message: 'somebody moved or deleted the file; going on in a new one' },
  shorter: {
    level: 'error',
    message:
      'somebody cut the file short, rows may be missing; to rotate it from outside, move it, do not truncate',
  },
  longer: { level: 'warn', message: 'somebody else writes to the file; give each writer a file of its own' },
} as const
