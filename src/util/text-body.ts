import { Buffer } from 'node:buffer'

/** `latin1` is for strings of which each character is a byte. */
export type Charset = 'utf8' | 'latin1'

/** Bytes of one character of a string, at most. */
const WIDTHS: { readonly [charset in Charset]: number } = { utf8: 3, latin1: 1 }

/** A body in the making, from strings that become bytes one after the other, so that none of them is held. */
export class TextBody {
  readonly #charset: Charset
  readonly #start: number
  #bytes: Buffer
  #end: number

  /** `room` is how many bytes are expected; there may be more. A head of `headRoom` bytes at most can come before them. */
  constructor(charset: Charset, room: number, headRoom = 0) {
    this.#charset = charset
    this.#start = headRoom
    this.#end = headRoom
    this.#bytes = Buffer.allocUnsafeSlow(headRoom + room)
  }

  /** Bytes that were added. */
  get length(): number {
    return this.#end - this.#start
  }

  /** Tells how many bytes it took. */
  add(text: string): number {
    const room = this.#bytes.length - this.#end
    if (text.length * WIDTHS[this.#charset] > room) {
      const needed = Buffer.byteLength(text, this.#charset)
      if (needed > room) this.#grow(this.#end + needed)
    }
    const written = this.#bytes.write(text, this.#end, this.#charset)
    this.#end += written
    return written
  }

  /** Takes back what was added last. */
  cut(length: number): void {
    this.#end = this.#start + length
  }

  /** All that was added, behind the head. Nothing is added any more. */
  end(head = ''): Uint8Array {
    const bytes = Buffer.from(head, this.#charset)
    const start = this.#start - bytes.length
    bytes.copy(this.#bytes, start)
    return this.#bytes.subarray(start, this.#end)
  }

  #grow(least: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(least, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#end)
    this.#bytes = grown
  }
}
