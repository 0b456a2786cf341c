import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

export interface RotatingWriterOptions {
  readonly path: string
  /** A write that would pass this size rotates first. */
  readonly maxBytes?: number
  /** Rotated files that are kept; 0 keeps all. */
  readonly maxBackups?: number
  readonly compress?: boolean
  /** Milliseconds since the epoch, for the names of rotated files. */
  readonly now?: () => number
}

/**
 * Writes a log as Hubble's exporter does, through lumberjack: one write for each line, at an offset of its own (no append
 * mode); close, rename to `events-<UTC time>.log`, create; rotated files compressed by way of `.gz.tmp`, the oldest removed.
 */
export class RotatingWriter {
  readonly path: string
  readonly #options: RotatingWriterOptions
  #fd: number
  #offset: number
  #lastRotationMs = 0

  constructor(options: RotatingWriterOptions) {
    this.#options = options
    this.path = options.path
    this.#fd = openSync(options.path, 'a+')
    closeSync(this.#fd)
    this.#fd = openSync(options.path, 'r+')
    this.#offset = fstatSync(this.#fd).size
  }

  write(text: string): void {
    const bytes = Buffer.from(text)
    const { maxBytes = Number.POSITIVE_INFINITY } = this.#options
    if (this.#offset > 0 && this.#offset + bytes.length > maxBytes) this.rotate()
    writeSync(this.#fd, bytes, 0, bytes.length, this.#offset)
    this.#offset += bytes.length
  }

  /** Moves the file away and begins a new one; returns where it went. */
  rotate(): string {
    const backup = this.moveAway()
    this.create()
    if (this.#options.compress) this.compress(backup)
    this.prune()
    return backup
  }

  /** The first half of a rotation: for a moment there is no file of the log's name. */
  moveAway(): string {
    const { now = Date.now } = this.#options
    this.#lastRotationMs = Math.max(now(), this.#lastRotationMs + 1)
    const backup = backupPath(this.path, this.#lastRotationMs)
    closeSync(this.#fd)
    renameSync(this.path, backup)
    return backup
  }

  create(): void {
    this.#fd = openSync(this.path, 'w')
    this.#offset = 0
  }

  compress(backup: string): string {
    writeFileSync(`${backup}.gz.tmp`, gzipSync(readFileSync(backup)))
    renameSync(`${backup}.gz.tmp`, `${backup}.gz`)
    unlinkSync(backup)
    return `${backup}.gz`
  }

  /** Rotated files, oldest first. */
  backups(): string[] {
    const stem = `${basename(this.path, extname(this.path))}-`
    const names = readdirSync(dirname(this.path)).filter((name) => name.startsWith(stem))
    return names.sort().map((name) => join(dirname(this.path), name))
  }

  prune(keep = this.#options.maxBackups ?? 0): void {
    if (keep === 0) return
    for (const path of this.backups().slice(0, -keep)) unlinkSync(path)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Where lumberjack moves `path` at `atMs`. */
export function backupPath(path: string, atMs: number): string {
  const extension = extname(path)
  const time = new Date(atMs).toISOString().slice(0, -1).replaceAll(':', '-')
  return join(dirname(path), `${basename(path, extension)}-${time}${extension}`)
}
