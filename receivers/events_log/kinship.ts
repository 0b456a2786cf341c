import { dirname, join } from 'node:path'
import { stemOf } from './backups.ts'
import { isMarkOfHole, type Mark, markBytes } from './fingerprint.ts'
import type { OpenFile } from './open-file.ts'
import type { Sighting } from './survey.ts'
import type { TailedFile } from './tailed-file.ts'

/** What a file under an unknown name is to those that are known. */
export type Kinship =
  /** The missing one: renamed, compressed, or copied before it was truncated. */
  | { readonly kind: 'moved'; readonly file: TailedFile }
  /** A copy of one that is still there, perhaps about to be truncated. */
  | { readonly kind: 'copy' }
  /** A copy of the beginning of one that is gone, with what was read of it, and perhaps more behind it. */
  | { readonly kind: 'old_copy'; readonly file: TailedFile }
  | { readonly kind: 'stranger' }

export function kinship(
  sighting: Sighting,
  open: OpenFile,
  missing: Iterable<TailedFile>,
  present: Iterable<TailedFile>,
): Kinship {
  const candidate = new Candidate(open)
  for (const file of missing) if (sighting.place.path === `${file.path}.gz`) return { kind: 'moved', file }
  for (const file of missing)
    if (isFamily(file, sighting) && hasMovedTo(file, sighting, candidate)) return { kind: 'moved', file }
  for (const file of present)
    if (isRotatedName(file, sighting) && isCopied(file, candidate)) return { kind: 'copy' }
  for (const file of missing)
    if (isRotatedName(file, sighting) && isBegunAlike(file, candidate)) return { kind: 'old_copy', file }
  return { kind: 'stranger' }
}

/** A file in question. Hundreds of known ones may be compared with it: what they all ask is looked up once. */
class Candidate {
  readonly open: OpenFile
  readonly #heads = new Map<number, string>()
  #size: number | null = null

  constructor(open: OpenFile) {
    this.open = open
  }

  /** Size of its content; 0 when a compressed file does not tell. */
  get size(): number {
    this.#size ??= this.open.contentBytes() ?? 0
    return this.#size
  }

  hasHeadOf({ print: { head } }: TailedFile): boolean {
    return this.#has(head)
  }

  /** Whether it has its first line, which no other file begins with, provided that lines bear their times. */
  beginsAs({ print: { head }, novelty }: TailedFile): boolean {
    return head.line !== null && novelty.newest !== null && this.#has(head.line)
  }

  #has({ bytes, mark }: Mark): boolean {
    let own = this.#heads.get(bytes)
    if (own === undefined) {
      own = this.open.markAt(0, bytes)
      this.#heads.set(bytes, own)
    }
    return own === mark
  }
}

/** Whether `other` holds what is known of the file. */
export function isContentOf(file: TailedFile, other: OpenFile): boolean {
  return isKnownBy(file, other) && !file.isNotAt(other.place.id) && other.holds(file.print)
}

/** Whether there is anything in `other` to know the file by: one that begins with a hole begins like all of its kind. */
function isKnownBy({ print: { head, offset, seam }, size }: TailedFile, other: OpenFile): boolean {
  if (head.bytes > 0) return true
  if (other.isGzip) return other.contentBytes() === size
  return seam !== null && !isMarkOfHole(seam, markBytes(offset))
}

function hasMovedTo(file: TailedFile, sighting: Sighting, candidate: Candidate): boolean {
  const here = file.openFile
  const other = candidate.open
  if (here === null)
    return (
      (candidate.hasHeadOf(file) && isContentOf(file, other)) ||
      (isAtOldPlace(file, sighting) && candidate.beginsAs(file))
    )
  // What is open here was removed or compressed: all of it must be there, not only what was read.
  const mayBe = isRotatedName(file, sighting) || isAtOldPlace(file, sighting)
  const bytes = here.contentBytes() ?? 0
  // All records begin alike: what has no whole line yet is only found where nothing else follows it.
  const isTelling = file.print.head.line !== null || candidate.size === bytes
  return mayBe && isTelling && here.agreesWith(other, bytes)
}

/** Devices get other numbers when a machine starts again, and inodes with them; a power cut may have taken the file's end. */
function isAtOldPlace({ path, novelty }: TailedFile, { place }: Sighting): boolean {
  return place.path === path && novelty.newest !== null
}

/** Whether `other` is all of the file, or what it was a while ago. */
function isCopied(file: TailedFile, candidate: Candidate): boolean {
  const { size } = candidate
  if (size >= file.print.head.bytes && !candidate.hasHeadOf(file)) return false
  if (file.open() !== null || file.openFile === null || file.isGzip) return false
  return size <= (file.openFile.contentBytes() ?? 0) && file.openFile.agreesWith(candidate.open, size)
}

/**
 * Whether `other` begins as the file does: a copy of it when there was less in it, or of what was left of it after it lost
 * its end. What is shorter than a line, or has no times, tells that only where not more stands there than was read.
 */
function isBegunAlike(file: TailedFile, candidate: Candidate): boolean {
  if (candidate.beginsAs(file)) return true
  const { head, offset } = file.print
  return head.bytes > 0 && candidate.size > 0 && candidate.size <= offset && candidate.hasHeadOf(file)
}

/** Under the log's own name stands a new file, however much it looks like the old one. */
function isRotatedName(file: TailedFile, sighting: Sighting): boolean {
  return isFamily(file, sighting) && (sighting.rotatedAt !== null || sighting.log !== file.log)
}

/** Rotated files keep the name of their log and put something behind it, or before its extension. */
function isFamily(file: TailedFile, { log, place }: Sighting): boolean {
  if (log === file.log) return true
  const stem = join(dirname(file.log), stemOf(file.log))
  return place.path.startsWith(stem) && /[-._]/.test(place.path.charAt(stem.length))
}
