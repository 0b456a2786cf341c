import { readdirSync, renameSync, statSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Logger } from '../../src/sdk/index.ts'
import type { Begun } from './begun-note.ts'
import { isBorder } from './formats.ts'
import { fileIdAt, lookAt } from './open-file.ts'
import type { Place } from './place.ts'

/**
 * Makes the files what the last commit says they are: rows beyond it are cut off, a rotation it announced is finished.
 * `begun` are files that got rows after it. Doing it twice changes nothing.
 */
export function recover(place: Place | null, begun: readonly Begun[], log: Logger): void {
  const marks = new Map<string, Mark>()
  // A file that was rotated is complete.
  const pending = place !== null && (place.rotate_to === null || fileIdAt(place.path) === place.id)
  if (pending) marks.set(place.id, place)
  // The same file again, later, counts: somebody cut it short, and we began anew in it.
  for (const later of begun) if (later.nth > (place?.nth ?? 0)) marks.set(later.id, later)
  for (const mark of marks.values()) cutBack(mark, log)
  if (pending && place.rotate_to !== null && marks.get(place.id) === place)
    renameSync(place.path, join(dirname(place.path), place.rotate_to))
}

/** A file, and where what counts in it ends. */
type Mark = Pick<Place, 'path' | 'id' | 'size'>

function cutBack({ path, id, size }: Mark, log: Logger): void {
  const file = locate(path, id)
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
  if (!lookAt(file, (bytes) => isBorder(bytes, size))) {
    log.error(
      'the file is not as it was left, somebody changed it; nothing is cut off, rows may come a second time',
      { path: file },
    )
    return
  }
  truncateSync(file, size)
  log.info('rows that were not committed are cut off; they are written again', {
    path: file,
    bytes: sizeNow - size,
  })
}

/** Where the file is now: somebody may have renamed it inside its folder. */
function locate(path: string, id: string): string | null {
  if (fileIdAt(path) === id) return path
  try {
    const folder = dirname(path)
    return (
      readdirSync(folder)
        .map((name) => join(folder, name))
        .find((file) => fileIdAt(file) === id) ?? null
    )
  } catch {
    return null
  }
}
