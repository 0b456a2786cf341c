import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** Why a disk of our own cannot be had here; false when it can. */
export const noSmallDisk: string | false =
  process.getuid?.() === 0 ? false : 'mounting a small disk needs root'

/** A disk of a few pages, to run full in a test. Returns its folder. */
export function smallDisk(test: TestContext, sizeKiB: number): string {
  const path = mkdtempSync(join(tmpdir(), 'flowfold-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', path])
  test.after(() => {
    execFileSync('umount', ['-l', path])
    rmdirSync(path)
  })
  return path
}

/** Makes a mounted disk read-only, or writable again. */
export function remount(path: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, path])
}
