import { encodeFrame, type Frame } from './frames.ts'

interface Kept {
  readonly bytes: Buffer
  /** Records that are behind the source once this frame is taken in. */
  readonly end: number
}

/**
 * The last frames of a source, up to so many bytes. They stay after they were sent: a pipeline that was killed asks again for
 * what it had not stored.
 */
export class Backlog {
  readonly #maxBytes: number
  readonly #frames: Kept[] = []
  /** Of all frames ever added, how many are gone from the front. */
  #gone = 0
  #bytes = 0
  /** Frames before this one have been sent. */
  #sent = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  add(frame: Frame): void {
    const bytes = encodeFrame(frame)
    this.#frames.push({ bytes, end: frame.first + frame.records })
    this.#bytes += bytes.length
    while (this.#bytes > this.#maxBytes && this.#frames.length > 1) this.#forgetOldest()
  }

  /** Begins again with the first frame that reaches beyond `records`; for 0, with the first of all. */
  rewind(records: number): void {
    const index = records === 0 ? 0 : this.#frames.findIndex(({ end }) => end > records)
    this.#sent = this.#gone + (index < 0 ? this.#frames.length : index)
  }

  /** The next frame to send, or null; `skipped` when frames before it went unsent. */
  next(): { readonly bytes: Buffer; readonly skipped: boolean } | null {
    const skipped = this.#sent < this.#gone
    if (skipped) this.#sent = this.#gone
    const kept = this.#frames[this.#sent - this.#gone]
    if (kept === undefined) return null
    this.#sent++
    return { bytes: kept.bytes, skipped }
  }

  #forgetOldest(): void {
    const oldest = this.#frames.shift()
    if (oldest === undefined) return
    this.#gone++
    this.#bytes -= oldest.bytes.length
  }
}
