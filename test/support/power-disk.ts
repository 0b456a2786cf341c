import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import koffi from 'koffi'

/** A sparse file: it takes what is written. */
const IMAGE_BYTES = 2 ** 30
/** `EXT4_IOC_SHUTDOWN`, of which xfstests make their power cuts. Source: fs/ext4/ext4.h. */
const SHUTDOWN = 0x8004587d
/** At once: neither data nor journal are written out before. */
const NO_LOG_FLUSH = 2

const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, void *value)') as (
  fd: number,
  request: number,
  value: Uint32Array,
) => number

/**
 * A disk with a file system of its own, whose power can be cut: what nobody has synced is then gone, unless the kernel
 * happened to write it.
 */
export class PowerDisk {
  readonly path: string
  readonly #folder: string
  readonly #image: string

  /** Throws where such a disk cannot be had. */
  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'flowfold-disk-'))
    this.path = join(this.#folder, 'disk')
    this.#image = join(this.#folder, 'image')
    mkdirSync(this.path)
    writeFileSync(this.#image, '')
    truncateSync(this.#image, IMAGE_BYTES)
  }

  static of(test: TestContext): PowerDisk {
    const disk = new PowerDisk()
    test.after(() => disk.#remove())
    run('mkfs.ext4', '-q', disk.#image)
    disk.#mount()
    return disk
  }

  /** Why there can be none here; false when there can. */
  static get missing(): string | false {
    if (process.getuid?.() !== 0) return 'mounting a disk needs root'
    const disk = new PowerDisk()
    try {
      run('mkfs.ext4', '-q', disk.#image)
      disk.#mount()
      disk.cutPower()
      return false
    } catch (error) {
      return `no disk can be had whose power could be cut: ${(error as Error).message.trim()}`
    } finally {
      disk.#remove()
    }
  }

  /** From here on every call to the file system fails. */
  cutPower(): void {
    const fd = openSync(this.path, 'r')
    const failed = ioctl(fd, SHUTDOWN, Uint32Array.of(NO_LOG_FLUSH)) !== 0
    closeSync(fd)
    if (failed) throw new Error(`ioctl: errno ${koffi.errno()}`)
  }

  /** Comes up again, with what has reached the disk. Nobody may have files open there. */
  restorePower(): void {
    run('umount', this.path)
    this.#mount()
  }

  #mount(): void {
    run('mount', '-o', 'loop', this.#image, this.path)
  }

  #remove(): void {
    spawnSync('umount', ['--lazy', this.path])
    rmSync(this.#folder, { recursive: true })
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'pipe' })
}
