import { closeSync, openSync, readdirSync, readSync, renameSync, statSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Logger } from '../../src/sdk/index.ts'
import type { Begun } from './begun-note.ts'
import { inoAt } from './open-file.ts'
import type { Place } from './place.ts'
import { isRotated } from './rotated-name.ts'

const LINE_FEED = 10

/**
 * Makes the files what the last commit says they are: rows beyond it are cut off, a rotation it announced is finished.
 * `begun` are files that got rows after it. Doing it twice changes nothing.
 */
export function recover(place: Place | null, begun: readonly Begun[], log: Logger): void {
  const marks = new Map<string, Pick<Place, 'path' | 'ino' | 'size'>>()
  const rotation = place?.rotate_to ? join(dirname(place.path), place.rotate_to) : null
  const done = rotation !== null && isRotated(rotation)
  if (place !== null && !done) marks.set(place.ino, place)
  // A later one with the same inode takes its place: that file was emptied, or the number was given out again.
  for (const later of begun) if (later.nth > (place?.nth ?? 0)) marks.set(later.ino, later)
  for (const mark of marks.values()) cutBack(mark, log)

  if (place === null || rotation === null || done) return
  if (marks.get(place.ino) === place && inoAt(place.path) === place.ino) renameSync(place.path, rotation)
}

function cutBack({ path, ino, size }: Pick<Place, 'path' | 'ino' | 'size'>, log: Logger): void {
  const file = locate(path, ino)
  if (file === null) {
    log.warn(
      'the file of the last commit is gone; if it was moved elsewhere, its last rows come a second time',
      { path },
    )
    return
  }
  const sizeNow = statSync(file).size
  if (sizeNow < size)
    log.error('the file is shorter than when it was committed: rows are missing; going on at its end', {
      path: file,
      missing_bytes: size - sizeNow,
    })
  if (sizeNow <= size) return
  if (!isLineBorder(file, size)) {
    log.error(
      'the file is not as it was left, somebody changed it; nothing is cut off, rows may come a second time',
      { path: file },
    )
    return
  }
  truncateSync(file, size)
  log.info('rows beyond the last commit were cut off; they are written again', {
    path: file,
    bytes: sizeNow - size,
  })
}

/** Where the file is now: somebody may have renamed it inside its folder. */
function locate(path: string, ino: string): string | null {
  if (inoAt(path) === ino) return path
  try {
    const folder = dirname(path)
    return (
      readdirSync(folder)
        .map((name) => join(folder, name))
        .find((file) => inoAt(file) === ino) ?? null
    )
  } catch {
    return null
  }
}

/** Our rows begin behind a line feed, or with one. */
function isLineBorder(path: string, size: number): boolean {
  if (size === 0) return true
  const around = Buffer.alloc(2)
  const fd = openSync(path, 'r')
  try {
    readSync(fd, around, 0, 2, size - 1)
  } finally {
    closeSync(fd)
  }
  return around.includes(LINE_FEED)
}
