import type { OpenFile } from './open-file.ts'
import type { Sighting } from './survey.ts'
import type { TailedFile } from './tailed-file.ts'

/** What a file under an unknown name is to those that are known. */
export type Kinship =
  /** The missing one: renamed, compressed, or copied before it was truncated. */
  | { readonly kind: 'moved'; readonly file: TailedFile }
  /** A copy of one that is still there, perhaps about to be truncated. */
  | { readonly kind: 'copy' }
  /** A copy of the beginning of one that is gone; all of it has been read. */
  | { readonly kind: 'old_copy' }
  | { readonly kind: 'stranger' }

export function kinship(
  sighting: Sighting,
  open: OpenFile,
  { missing, present }: { readonly missing: Iterable<TailedFile>; readonly present: Iterable<TailedFile> },
): Kinship {
  for (const file of missing)
    if (isFamily(file, sighting) && hasMovedTo(file, sighting, open)) return { kind: 'moved', file }
  for (const file of present)
    if (isRotatedName(file, sighting) && file.startsWith(open)) return { kind: 'copy' }
  for (const file of open.isGzip ? [] : missing)
    if (isRotatedName(file, sighting) && file.hasRead(open)) return { kind: 'old_copy' }
  return { kind: 'stranger' }
}

function hasMovedTo(file: TailedFile, sighting: Sighting, open: OpenFile): boolean {
  if (sighting.place.path === `${file.path}.gz`) return true
  if (file.isOpen) return isRotatedName(file, sighting) && file.isWholeIn(open)
  return file.isIn(open)
}

/** Under the log's own name stands a new file, however much it looks like the old one. */
function isRotatedName(file: TailedFile, sighting: Sighting): boolean {
  return isFamily(file, sighting) && (sighting.rotatedAt !== null || sighting.log !== file.log)
}

/** Rotated files keep the name of their log and put something behind it. */
function isFamily(file: TailedFile, { log, place }: Sighting): boolean {
  return log === file.log || place.path.startsWith(`${file.log}.`)
}
