import { backupOf } from './backups.ts'
import { advance, type Fingerprint, headOf, MARK_BYTES, mark, markBytes, UNSEEN } from './fingerprint.ts'
import { Novelty } from './novelty.ts'
import { failure, type Handles, OpenFile, type Place } from './open-file.ts'
import type { SavedFile } from './position.ts'

export type Read =
  /** `input[from, to)` is what follows the offset; `atEnd` when the file has no more for now. */
  | { readonly kind: 'bytes'; readonly from: number; readonly to: number; readonly atEnd: boolean }
  /** It is not where it was last seen: look again. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'blocked'; readonly reason: string }

/**
 * One content and how far it has been read. It may change its name, its inode and its compression: it stays the same
 * file as long as its fingerprint says so.
 */
export class TailedFile {
  /** The path it is, or was, followed under. */
  log: string
  readonly #handles: Handles
  #place: Place
  #print: Fingerprint
  #open: OpenFile | null = null
  #size: number
  /** What its place looked like when the last read came to the end. */
  #endStamp: string | null = null
  /** Its inode holds other content now. */
  #displaced = false
  /** A read found other bytes than were read before. */
  #isDoubtful = false
  /** The inode that proved to hold other content. */
  #notAt: string | null = null
  /** The offset is inside a line over the limit. */
  insideLongLine = false
  /** Nothing more will come of it, whatever its size says. */
  ended = false
  /** Which of its flows are new. */
  novelty = new Novelty()
  /** Why it cannot be read, as far as the last look or read could tell. */
  blocked: string | null = null
  /** Its name is that of a rotated file, or another file has its name now. */
  rotated = false
  /** When it was last seen to change, or to be rotated. */
  changedAtMs = 0
  /** It was being written to at the stored position, and nobody has seen it since. */
  mayHaveGrown = false
  /** Looks in a row that found it nowhere. */
  missedLooks = 0

  private constructor(log: string, handles: Handles, place: Place, print: Fingerprint, size: number) {
    this.log = log
    this.#handles = handles
    this.#place = place
    this.#print = print
    this.#size = size
  }

  /** A file of which nothing has been read. */
  static begin(log: string, open: OpenFile, handles: Handles, nowMs: number): TailedFile {
    const file = new TailedFile(log, handles, { ...open.place, stamp: '' }, UNSEEN, 0)
    file.#open = open
    file.seenAt(open.place, nowMs)
    return file
  }

  static resume(saved: SavedFile, handles: Handles): TailedFile {
    const place: Place = { path: saved.path, id: saved.id, stamp: '', bytes: saved.size, modifiedMs: 0 }
    const { offset, head, seam } = saved
    const file = new TailedFile(saved.log, handles, place, { offset, head, seam }, saved.size)
    file.mayHaveGrown = saved.live ?? false
    file.rotated = !file.mayHaveGrown
    file.insideLongLine = saved.inside_long_line ?? false
    file.ended = saved.ended ?? false
    file.novelty = new Novelty(saved.newest, saved.repeats_to)
    return file
  }

  toJson(): SavedFile {
    const { newest, repeatsTo } = this.novelty
    return {
      log: this.log,
      path: this.path,
      id: this.id,
      size: this.#size,
      ...this.#print,
      ...((this.mayHaveGrown || !this.rotated) && { live: true }),
      ...(this.insideLongLine && { inside_long_line: true }),
      ...(this.ended && { ended: true }),
      ...(newest !== null && { newest }),
      ...(repeatsTo > 0 && { repeats_to: repeatsTo }),
    }
  }

  get path(): string {
    return this.#place.path
  }

  /** From its name; null when that is not a rotated file's. */
  get rotatedAt(): string | null {
    return backupOf(this.path)?.rotatedAt ?? null
  }

  get id(): string {
    return this.#place.id
  }

  get print(): Fingerprint {
    return this.#print
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#print.offset === 0
  }

  /** Bytes of content known to be there, read or not. */
  get size(): number {
    return this.#size
  }

  get openFile(): OpenFile | null {
    return this.#open
  }

  get unreadBytes(): number {
    return this.ended ? 0 : Math.max(0, this.#size - this.#print.offset)
  }

  /** Whether a read could bring something new. */
  get hasMore(): boolean {
    return this.#isThere && this.unreadBytes > 0 && this.#place.stamp !== this.#endStamp
  }

  get isOpen(): boolean {
    return this.#open !== null
  }

  /** Open, and found under no name: its content lives only as long as it is held. */
  get isHeld(): boolean {
    return this.isOpen && this.missedLooks > 0
  }

  get isGzip(): boolean {
    return this.#open?.isGzip ?? false
  }

  /** Why a compressed file ends before its end; null when it does not. */
  get damage(): string | null {
    return this.#open?.damage ?? null
  }

  get isDisplaced(): boolean {
    return this.#displaced
  }

  /** Found nowhere, and not open either. */
  get isMissed(): boolean {
    return this.missedLooks > 0 && !this.isOpen
  }

  /** Found nowhere, although not all of it has been read. */
  get isAwaited(): boolean {
    return this.isMissed && this.lostBytes > 0
  }

  /** Bytes that nobody will read if it is gone; as far as known, so at least one where it may have grown unseen. */
  get lostBytes(): number {
    return Math.max(this.unreadBytes, this.mayHaveGrown ? 1 : 0)
  }

  /** Read as far as it goes, and to be closed when nobody writes to it any more. */
  get isFinished(): boolean {
    const isOver = this.rotated || this.damage !== null
    return isOver && this.#isThere && !this.hasMore && (this.isOpen || this.unreadBytes > 0)
  }

  /** Compressed, sound, and read to its end: nobody writes to it any more. */
  get isComplete(): boolean {
    return this.isGzip && this.#place.stamp === this.#endStamp && this.damage === null
  }

  /**
   * Whether this is what stands at `place`, our inode. What may not be opened is ours until it may; `cut` when a part is
   * ours, and at most the rest is not; `moved` when another inode is there by now.
   */
  compareTo(place: Place): 'same' | 'cut' | 'other' | 'moved' {
    if (this.#displaced || place.id !== this.id) return 'other'
    if (!this.#isDoubtful && place.path === this.path && place.stamp === this.#place.stamp) return 'same'
    if (this.#open?.place.id === place.id) return this.#likenessTo(this.#open)
    const found = OpenFile.open(place.path, this.#handles)
    if (found.kind !== 'found') return found.kind === 'blocked' ? 'same' : 'moved'
    const open = found.value
    const verdict = open.place.id === place.id ? this.#likenessTo(open) : 'moved'
    if ((verdict === 'same' || verdict === 'cut') && this.#open === null) this.#open = open
    else open.close()
    return verdict
  }

  #likenessTo(open: OpenFile): 'same' | 'cut' | 'other' {
    // Of a compressed file only reading tells for sure.
    const isRefuted = open.isGzip && this.#isDoubtful
    if (!isRefuted && open.holds(this.#print)) return 'same'
    return this.novelty.newest !== null && open.begins(this.#print) ? 'cut' : 'other'
  }

  /**
   * It lost its end, as files do in a power cut when nobody synced them, and may have got another one. Nobody knows where
   * the one begins: it is read again, and what was read before is passed over. Returns the bytes that were not read and are
   * gone, as far as known.
   */
  cutBack(): number {
    const { offset } = this.#print
    const size = this.#open?.contentBytes() ?? 1
    const lostBytes = Math.max(0, this.#size - Math.max(offset, size))
    this.#print = UNSEEN
    if (this.#open !== null) this.#saw(this.#open.bytesAt(0, MARK_BYTES))
    this.novelty.repeatTo(offset)
    this.#size = size
    this.insideLongLine = false
    // A compressed file is read forwards only.
    if (this.isGzip) this.close()
    return lostBytes
  }

  /** Where its content has been ruled out. */
  isNotAt(id: string): boolean {
    return id === this.#notAt
  }

  /** It was found at `place`, as `compareTo` said. */
  seenAt(place: Place, nowMs: number): void {
    const changed = place.stamp !== this.#place.stamp
    this.#place = place
    this.mayHaveGrown = false
    this.missedLooks = 0
    this.blocked = null
    this.#isDoubtful = false
    if (changed) this.#measure(nowMs)
  }

  /**
   * Its content was found elsewhere. What can be read on through the open file is read there, unless a copy took its very
   * place: that one will be written to.
   */
  movedTo(open: OpenFile, nowMs: number): void {
    this.#displaced = false
    if (open.place.path === this.path) this.close()
    if (this.#open === null) this.#open = open
    else open.close()
    this.seenAt(open.place, nowMs)
  }

  /** It was found nowhere. While it is open it can be read on, and may even grow. Its folder may be away with it. */
  seenNowhere(nowMs: number, { isFolderThere }: { readonly isFolderThere: boolean }): void {
    this.missedLooks = isFolderThere ? this.missedLooks + 1 : 1
    if (this.#open === null) return
    const { stamp, bytes } = this.#open.look()
    if (stamp === this.#place.stamp) return
    this.#place = { ...this.#place, stamp, bytes }
    this.#measure(nowMs)
  }

  /** Whether the open file, if it is open, still has what was read of it. */
  get isIntact(): boolean {
    return this.#open === null || this.#open.holds(this.#print)
  }

  /** Whether a part of what was read of it is no longer there. */
  get isCut(): boolean {
    return this.#open !== null && this.#likenessTo(this.#open) === 'cut'
  }

  /** Other content has taken its inode: truncated, overwritten, reused. Hands out the open file, which has it. */
  displace(): OpenFile | null {
    const open = this.#open
    this.#open = null
    this.#displaced = true
    this.#notAt = this.id
    return open
  }

  /** Leaves out what is there. With `mayGrow` it is read from its unfinished line on. */
  skipToEnd({ mayGrow }: { readonly mayGrow: boolean }): void {
    const offset = mayGrow && !this.isGzip ? (this.#open?.endOfLines() ?? this.#size) : this.#size
    const bytes = markBytes(offset)
    const seam = this.isGzip ? null : (this.#open?.markAt(offset - bytes, bytes) ?? null)
    this.#print = { ...this.#print, offset, seam }
  }

  /**
   * Puts what follows the offset into `input`, and in front of it the bytes that came before: when they are others than
   * those that were read, the file was truncated and written anew, however long it is by now.
   */
  async read(input: Uint8Array): Promise<Read> {
    const obstacle = this.open()
    if (obstacle !== null) return obstacle
    const before = markBytes(this.#print.offset)
    try {
      const to = await (this.#open as OpenFile).read(input, this.#print.offset - before)
      if (to < before || !this.#isOurs(input, before)) {
        this.#isDoubtful = true
        return { kind: 'elsewhere' }
      }
      if (this.#print.offset === before) this.#saw(input.subarray(0, to))
      return this.#took(before, to, to < input.length)
    } catch (error) {
      this.close()
      return obstacleOf(failure(this.path, error))
    }
  }

  /** Opens it unless it is open; tells what is in the way. */
  open(): Exclude<Read, { kind: 'bytes' }> | null {
    if (this.#open !== null) return null
    const found = OpenFile.open(this.path, this.#handles)
    if (found.kind !== 'found') return obstacleOf(found)
    if (found.value.place.id === this.id) this.#open = found.value
    else found.value.close()
    return this.#open === null ? { kind: 'elsewhere' } : null
  }

  /** `bytes` that stand in `input` at `at` are done with. */
  consume(input: Uint8Array, at: number, bytes: number): void {
    this.#print = advance(this.#print, input, at, bytes)
    this.novelty.passed(this.#print.offset)
  }

  close(): void {
    this.#open?.close()
    this.#open = null
  }

  /** Where its content is known to be, and nothing is in the way. */
  get #isThere(): boolean {
    return !this.#displaced && !this.#isDoubtful && !this.isMissed && this.blocked === null
  }

  /** Whether what a read brought goes on from what is known: its first `before` bytes are the last ones that were read. */
  #isOurs(input: Uint8Array, before: number): boolean {
    const { offset, head, seam } = this.#print
    if (offset === before && mark(input.subarray(0, head.bytes)) !== head.mark) return false
    return seam === null || mark(input.subarray(0, before)) === seam
  }

  #took(from: number, to: number, atEnd: boolean): Read {
    const end = this.#print.offset - from + to
    // A compressed file knows its size for sure only when it has come to its end.
    this.#size = atEnd && this.isGzip ? end : Math.max(this.#size, end)
    if (atEnd) this.#endStamp = this.#place.stamp
    return { kind: 'bytes', from, to, atEnd }
  }

  /** Learns what the file begins with. */
  #saw(first: Uint8Array): void {
    const { head } = this.#print
    if (head.bytes < MARK_BYTES && first.length > head.bytes)
      this.#print = { ...this.#print, head: headOf(first) }
  }

  #measure(nowMs: number): void {
    this.changedAtMs = nowMs
    // What breaks off may have been completed.
    if (this.damage !== null) this.close()
    this.open()
    // A compressed file that does not tell its size has more until a read says otherwise.
    this.#size =
      this.#open === null ? this.#place.bytes : (this.#open.contentBytes() ?? this.#print.offset + 1)
    if (this.#open !== null && this.#print.head.bytes < MARK_BYTES)
      this.#saw(this.#open.bytesAt(0, MARK_BYTES))
  }
}

function obstacleOf(
  why: { kind: 'absent' } | { kind: 'blocked'; reason: string },
): Exclude<Read, { kind: 'bytes' }> {
  return why.kind === 'blocked' ? why : { kind: 'elsewhere' }
}
