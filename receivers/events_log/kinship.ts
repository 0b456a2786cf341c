import type { OpenFile } from './open-file.ts'
import type { Sighting } from './survey.ts'
import type { TailedFile } from './tailed-file.ts'

/**
 * Whose content stands under a name that nobody knows: the missing file that moved there, was copied there before it was
 * truncated, or was compressed there; null when it is new.
 */
export function whoMovedTo(
  sighting: Sighting,
  open: OpenFile,
  missing: Iterable<TailedFile>,
): TailedFile | null {
  for (const file of missing) if (isFamily(file, sighting) && hasMovedTo(file, sighting, open)) return file
  return null
}

/** The file that a rotated one is being copied from, by somebody who is about to truncate it. */
export function whoIsCopiedTo(
  sighting: Sighting,
  open: OpenFile,
  present: Iterable<TailedFile>,
): TailedFile | null {
  if (open.isGzip) return null
  for (const file of present) {
    const isRotatedName = sighting.rotatedAt !== null || sighting.log !== file.log
    if (isRotatedName && isFamily(file, sighting) && !file.isGzip && file.startsWith(open)) return file
  }
  return null
}

function hasMovedTo(file: TailedFile, sighting: Sighting, open: OpenFile): boolean {
  const isRotatedName = sighting.rotatedAt !== null || sighting.log !== file.log
  if (file.isOpen) return isRotatedName && file.sharesHead(open)
  if (file.print.offset > 0) return file.isIn(open)
  // Of a file that nobody has read there is only the name to go by: its own, compressed, or for the log the next in time.
  if (sighting.place.path === `${file.path}.gz`) return true
  return file.path === file.log && sighting.rotatedAt !== null
}

/** Rotated files keep the name of their log and put something behind it. */
function isFamily(file: TailedFile, { log, place }: Sighting): boolean {
  return log === file.log || place.path.startsWith(`${file.log}.`)
}
