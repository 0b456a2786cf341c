import {
  type BigIntStats,
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { SettingError } from '../../src/sdk/index.ts'

/** What a file holds, to look at. */
export interface FileBytes {
  readonly size: number
  /** As many of the bytes as there are. */
  read(position: number, length: number): Buffer
}

/** A file open for appending. It stays this file, whatever becomes of its name. Everything here throws what Node throws. */
export class OpenFile implements FileBytes {
  readonly path: string
  /** Tells it from every other file, past ones included. */
  readonly id: string
  readonly #fd: number
  /** Bytes in it, as far as we know. */
  size: number

  /** Opens it, or makes it with exactly this mode, and its folder. */
  constructor(path: string, mode: number) {
    this.path = path
    this.#fd = openOrMake(path, mode)
    try {
      const stat = fstatSync(this.#fd, { bigint: true })
      if (!stat.isFile())
        throw new SettingError(['path'], `${path} is no regular file; name one, or a new one`)
      this.id = idOf(stat)
      this.size = Number(stat.size)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Appends all of it or throws; then a part may be there. */
  append(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) {
      const more = writeSync(this.#fd, bytes, written)
      if (more === 0) throw Object.assign(new Error('it takes no bytes'), { code: 'EIO', syscall: 'write' })
      written += more
    }
    this.size += bytes.length
  }

  read(position: number, length: number): Buffer {
    return readAt(this.#fd, position, length)
  }

  /** Removes what stands beyond `size`; where that fails too, `recover` does it before the next write. */
  tryToCut(size: number): void {
    try {
      ftruncateSync(this.#fd, size)
    } catch {}
  }

  /** What somebody else did to the file since our last write. */
  fate(): 'untouched' | 'moved' | 'shorter' | 'longer' {
    const stat = fstatSync(this.#fd, { bigint: true })
    if (fileIdAt(this.path) !== idOf(stat)) return 'moved'
    const size = Number(stat.size)
    if (size === this.size) return 'untouched'
    return size < this.size ? 'shorter' : 'longer'
  }

  sync(): void {
    fsyncSync(this.#fd)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** The id of the file at a path; null when nothing is there. */
export function fileIdAt(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat ? idOf(stat) : null
}

/** The number of an inode is given out again when its file is gone, so the time of birth belongs to it. */
function idOf({ ino, birthtimeNs }: BigIntStats): string {
  return `${ino}.${birthtimeNs}`
}

/** Makes names in a folder safe against power loss: new, renamed, removed. A folder that is gone has none. */
export function syncFolder(path: string): void {
  if (!existsSync(path)) return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function openOrMake(path: string, mode: number): number {
  mkdirSync(dirname(path), { recursive: true })
  let fd: number
  try {
    fd = openSync(path, 'ax+', mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return openSync(path, 'a+')
  }
  try {
    // The umask took its share.
    fchmodSync(fd, mode)
  } catch {
    // Some network file systems have no modes.
  }
  return fd
}

/** A look at a file that is not open. */
export function lookAt<T>(path: string, look: (bytes: FileBytes) => T): T {
  const fd = openSync(path, 'r')
  try {
    return look({
      size: Number(fstatSync(fd).size),
      read: (position, length) => readAt(fd, position, length),
    })
  } finally {
    closeSync(fd)
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let filled = 0
  for (;;) {
    const more = readSync(fd, bytes, filled, length - filled, position + filled)
    filled += more
    if (more === 0 || filled === length) return bytes.subarray(0, filled)
  }
}
