/** Random numbers that a seed repeats (mulberry32: small, fast, good enough to look like traffic). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** From 0 up to, not including, 1. */
  unit(): number {
    return this.uint32() / 2 ** 32
  }

  /** A whole number from `from` up to, not including, `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from))
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length)]
  }

  /** By Zipf's law: the n-th item comes 1/n as often as the first. */
  pickPopular<T>(items: readonly T[]): T {
    return items[Math.floor((items.length + 1) ** this.unit()) - 1]
  }

  /** Text of `length` characters from `alphabet`. */
  text(length: number, alphabet: string): string {
    let text = ''
    for (let i = 0; i < length; i++) text += alphabet[this.between(0, alphabet.length)]
    return text
  }

  uuid(): string {
    const [a, b, c, d] = [this.uint32(), this.uint32(), this.uint32(), this.uint32()]
    const version = (b & 0xffff0fff) | 0x4000
    const variant = (c & 0x3fffffff) | 0x80000000
    return `${hex16(a >>> 16)}${hex16(a)}-${hex16(version >>> 16)}-${hex16(version)}-${hex16(variant >>> 16)}-${hex16(variant)}${hex16(d >>> 16)}${hex16(d)}`
  }

  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const other = this.between(0, i + 1)
      ;[items[i], items[other]] = [items[other], items[i]]
    }
    return items
  }
}

const HEX16 = Array.from({ length: 65536 }, (_, number) => number.toString(16).padStart(4, '0'))

function hex16(number: number): string {
  return HEX16[number & 0xffff]
}
