import { isMarkOfHole, markBytes } from './fingerprint.ts'
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
  missing: Iterable<TailedFile>,
  present: Iterable<TailedFile>,
): Kinship {
  const candidate = new Candidate(open)
  for (const file of missing)
    if (isFamily(file, sighting) && hasMovedTo(file, sighting, candidate)) return { kind: 'moved', file }
  for (const file of present)
    if (isRotatedName(file, sighting) && isCopied(file, candidate)) return { kind: 'copy' }
  for (const file of open.isGzip ? [] : missing)
    if (isRotatedName(file, sighting) && isCopiedAndRead(file, candidate)) return { kind: 'old_copy' }
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
    let mark = this.#heads.get(head.bytes)
    if (mark === undefined) {
      mark = this.open.markAt(0, head.bytes)
      this.#heads.set(head.bytes, mark)
    }
    return mark === head.mark
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
  if (sighting.place.path === `${file.path}.gz`) return true
  const here = file.openFile
  const other = candidate.open
  if (here === null) return candidate.hasHeadOf(file) && isContentOf(file, other)
  // What is open here was removed or compressed: all of it must be there, not only what was read.
  return isRotatedName(file, sighting) && here.agreesWith(other, here.contentBytes() ?? 0)
}

/** Whether `other` is all of the file, or what it was a while ago. */
function isCopied(file: TailedFile, candidate: Candidate): boolean {
  const { size } = candidate
  if (size >= file.print.head.bytes && !candidate.hasHeadOf(file)) return false
  if (file.open() !== null || file.openFile === null || file.isGzip) return false
  return size <= (file.openFile.contentBytes() ?? 0) && file.openFile.agreesWith(candidate.open, size)
}

/** Whether `other` is what the file was when not more had been written than has been read; only its beginning tells. */
function isCopiedAndRead(file: TailedFile, candidate: Candidate): boolean {
  const { head, offset } = file.print
  const { size } = candidate
  return size > 0 && size <= offset && head.bytes > 0 && candidate.hasHeadOf(file)
}

/** Under the log's own name stands a new file, however much it looks like the old one. */
function isRotatedName(file: TailedFile, sighting: Sighting): boolean {
  return isFamily(file, sighting) && (sighting.rotatedAt !== null || sighting.log !== file.log)
}

/** Rotated files keep the name of their log and put something behind it. */
function isFamily(file: TailedFile, { log, place }: Sighting): boolean {
  return log === file.log || place.path.startsWith(`${file.log}.`)
}
