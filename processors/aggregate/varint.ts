/** Whole numbers from 0 to 2^53 in as few bytes as they need: seven bits a byte, the lowest first (LEB128). */
export class VarintWriter {
  #bytes = new Uint8Array(4096)
  #length = 0

  number(value: number): void {
    // Eight bytes hold 2^53.
    if (this.#length + 8 > this.#bytes.length) this.#grow(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** A text in UTF-8 behind its length in bytes. */
  text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.number(bytes.length)
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(by: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

/** Reads what `VarintWriter` wrote; throws where the bytes end too early. */
export class VarintReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  number(): number {
    let value = 0
    let factor = 1
    for (;;) {
      if (this.#at >= this.#bytes.length) throw new Error('ends in the middle of a number')
      const byte = this.#bytes[this.#at++]
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 0x80
    }
  }

  text(): string {
    const length = this.number()
    if (this.#at + length > this.#bytes.length) throw new Error('ends in the middle of a text')
    const text = new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + length))
    this.#at += length
    return text
  }
}
