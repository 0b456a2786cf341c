import { hash } from 'node:crypto'
import type { Dictionary } from '../../src/sdk/index.ts'

const LANES = 4

/**
 * The UUID of a row: the same for the same node, pipeline, window, key and revision, in every process. Texts go in by
 * their SHA-256, made once per text; the row's cells are then mixed into 128 bits by multiplication, which is all that
 * a few thousand rows a second can afford. It tells rows apart; it is no secret and no signature.
 */
export class RowUuid {
  readonly #dictionary: Dictionary
  readonly #seed: Uint32Array
  readonly #lanes = new Uint32Array(LANES)
  #generation: number
  /** Two words of the hash of each text. */
  #hashes: (readonly [number, number] | undefined)[] = []

  /** `seed` is what all rows share: node, pipeline, the names in the key. */
  constructor(dictionary: Dictionary, seed: readonly (string | number)[]) {
    this.#dictionary = dictionary
    this.#generation = dictionary.generation
    this.#seed = new Uint32Array(hash('sha256', JSON.stringify(seed), 'buffer').buffer.slice(0, LANES * 4))
  }

  begin(): void {
    this.#lanes.set(this.#seed)
  }

  addNumber(value: number): void {
    const lanes = this.#lanes
    // One round of MurmurHash3's 32-bit mixer per lane, each fed by its neighbour.
    let carried = Math.imul(value ^ lanes[LANES - 1], 0xcc9e2d51)
    for (let lane = 0; lane < LANES; lane++) {
      carried = (carried << 15) | (carried >>> 17)
      lanes[lane] = Math.imul(lanes[lane] ^ Math.imul(carried, 0x1b873593), 5) + 0xe6546b64
      carried = Math.imul(carried ^ lanes[lane], 0x85ebca6b) ^ (lanes[lane] >>> 13)
    }
  }

  /** The text behind a dictionary id. */
  addText(id: number): void {
    const [a, b] = this.#hashOf(id)
    this.addNumber(a)
    this.addNumber(b)
  }

  /** Version 8 of RFC 9562: its own hash of its own name, in the variant of that document. */
  end(): string {
    const [a, b, c, d] = this.#lanes
    const high = hex(b)
    const low = hex(c)
    return `${hex(a)}-${high.slice(0, 4)}-8${high.slice(5)}-a${low.slice(1, 4)}-${low.slice(4)}${hex(d)}`
  }

  #hashOf(id: number): readonly [number, number] {
    if (this.#generation !== this.#dictionary.generation) {
      this.#hashes = []
      this.#generation = this.#dictionary.generation
    }
    const known = this.#hashes[id]
    if (known) return known
    const digest = hash('sha256', this.#dictionary.text(id), 'buffer')
    const made = [digest.readUInt32LE(0), digest.readUInt32LE(4)] as const
    this.#hashes[id] = made
    return made
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
