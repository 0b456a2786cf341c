import { Buffer } from 'node:buffer'
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { type Fingerprint, isHole, mark, markBytes } from './fingerprint.ts'
import { Gunzip, headOfGzip, isGzip, sizeOfGzip } from './gunzip.ts'

/** A file as it stands on disk. */
export interface Place {
  readonly path: string
  /** Device, inode, and when the inode came to be: numbers of removed files are given to new ones. */
  readonly id: string
  /** Changes whenever the file is written to. */
  readonly stamp: string
  /** Bytes on disk. */
  readonly bytes: number
  readonly modifiedMs: number
}

/** What one finds at a path. */
export type Found<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'absent' }
  /** It may be there, and nobody lets us see: no permission, an I/O error. */
  | { readonly kind: 'blocked'; readonly reason: string }

const LINE_FEED = 0x0a
const LAST_LINE_BYTES = 64 * 1024

/** How many files are open. */
export interface Handles {
  used: number
}

export function lookAt(path: string): Found<Place> {
  return attempt(path, () => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stat?.isFile() ? { kind: 'found', value: placeOf(path, stat) } : { kind: 'absent' }
  })
}

/** An open file: its content, compressed or not, by position. */
export class OpenFile {
  readonly place: Place
  readonly isGzip: boolean
  readonly #fd: number
  readonly #handles: Handles
  #gunzip: Gunzip | null = null
  #isClosed = false

  private constructor(fd: number, place: Place, handles: Handles) {
    this.#fd = fd
    this.#handles = handles
    this.place = place
    this.isGzip = isGzip(fd)
  }

  static open(path: string, handles: Handles): Found<OpenFile> {
    return attempt(path, () => {
      // A pipe in a file's place would otherwise keep us waiting for its writer.
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      try {
        const stat = fstatSync(fd, { bigint: true })
        if (!stat.isFile()) return closed(fd, { kind: 'absent' })
        const file = new OpenFile(fd, placeOf(path, stat), handles)
        handles.used++
        return { kind: 'found', value: file }
      } catch (error) {
        closeSync(fd)
        throw error
      }
    })
  }

  /** As it stands now, under whatever name. */
  look(): Place {
    return placeOf(this.place.path, fstatSync(this.#fd, { bigint: true }))
  }

  /** Size of the content; null when a compressed file does not tell. */
  contentBytes(): number | null {
    const { bytes } = this.look()
    return this.isGzip ? sizeOfGzip(this.#fd, bytes) : bytes
  }

  /** Fills `into` with content from `position` on; fewer bytes mean that it ends there, for now. */
  read(into: Uint8Array, position: number): number | Promise<number> {
    if (!this.isGzip) return readSync(this.#fd, into, 0, into.length, position)
    this.#gunzip ??= new Gunzip(this.#fd)
    return this.#gunzip.read(into, position)
  }

  /** Why a compressed file ends before its end; null when it does not, or is not there yet. */
  get damage(): string | null {
    return this.#gunzip?.damage ?? null
  }

  /** `bytes` of content at `position`, or fewer where it ends. Of a compressed file only the first ones can be had. */
  bytesAt(position: number, bytes: number): Buffer {
    if (this.isGzip) return position === 0 ? headOfGzip(this.#fd, bytes) : Buffer.alloc(0)
    const stretch = Buffer.alloc(bytes)
    return stretch.subarray(0, readSync(this.#fd, stretch, 0, bytes, position))
  }

  markAt(position: number, bytes: number): string {
    return mark(this.bytesAt(position, bytes))
  }

  /** Where its unfinished last line begins, if that is near the end; its end else. */
  endOfLines(): number {
    const { bytes } = this.look()
    const tail = this.bytesAt(Math.max(0, bytes - LAST_LINE_BYTES), LAST_LINE_BYTES)
    const lineFeed = tail.lastIndexOf(LINE_FEED)
    return lineFeed < 0 ? bytes : bytes - tail.length + lineFeed + 1
  }

  /** Whether this is the content the fingerprint was taken of. Of a compressed file only reading tells for sure. */
  holds({ offset, head, seam }: Fingerprint): boolean {
    const bytes = markBytes(offset)
    if (this.markAt(0, head.bytes) !== head.mark) return false
    if (this.isGzip) return offset <= (this.contentBytes() ?? offset)
    return seam === null || this.markAt(offset - bytes, bytes) === seam
  }

  /** Whether this begins with the line that the content began with that the fingerprint was taken of. */
  begins({ head: { line } }: Fingerprint): boolean {
    return line !== null && this.markAt(0, line.bytes) === line.mark
  }

  /** Whether the first `size` bytes are the same here and in `other`, as far as their ends tell. */
  agreesWith(other: OpenFile, size: number): boolean {
    const bytes = markBytes(size)
    const isSame = (at: number) => this.markAt(at, bytes) === other.markAt(at, bytes)
    if (size === 0 || !isSame(0)) return false
    if (!this.isGzip && !other.isGzip) return isSame(size - bytes)
    return !isHole(this.bytesAt(0, bytes)) || this.contentBytes() === other.contentBytes()
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#gunzip?.close()
    closeSync(this.#fd)
    this.#handles.used--
  }
}

function placeOf(path: string, stat: BigIntStats): Place {
  return {
    path,
    id: `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`,
    stamp: `${stat.size}:${stat.mtimeNs}`,
    bytes: Number(stat.size),
    modifiedMs: Number(stat.mtimeMs),
  }
}

function attempt<T>(path: string, look: () => Found<T>): Found<T> {
  try {
    return look()
  } catch (error) {
    return failure(path, error)
  }
}

/** What an error of a file operation says about the file. */
export function failure(path: string, error: unknown): Exclude<Found<never>, { kind: 'found' }> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === '') throw error
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' }
  if (code === 'EACCES' || code === 'EPERM')
    return { kind: 'blocked', reason: `no permission to read ${path}: run as a user that may, often root` }
  return { kind: 'blocked', reason: error instanceof Error ? error.message : String(error) }
}

function closed<T>(fd: number, result: T): T {
  closeSync(fd)
  return result
}
