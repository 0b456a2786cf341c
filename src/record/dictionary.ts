import type { Endpoint } from './flow.ts'

/** Someone who keeps ids from batch to batch, and so takes part when the dictionary drops what nobody uses. */
export interface DictionaryHolder {
  /** Names every id it still needs. */
  mark(keep: (id: number) => void): void
  /** Takes over the new ids: `renamed[old]`. Ids it did not mark have no new one. */
  remap(renamed: Uint32Array): void
}

/** What the tables hold for a text beside its characters; measured with Node 24. */
const BYTES_PER_TEXT = 64
/** A parsed value takes about this many times the bytes of its text; measured on endpoints. */
const PARSED_PER_BYTE = 2

/**
 * Texts to small integers and back: each distinct text is stored and decoded once, however many flows bear it.
 * Endpoints and other JSON fragments are texts too. Id 0 is "no text".
 *
 * One dictionary serves the whole process. It grows until `compactIfFull`, called between batches, finds it over its
 * bound; then the texts that no holder marks are dropped and `generation` grows by one. So pod churn cannot leak.
 */
export class Dictionary {
  /** Grows by one with each compaction; ids and caches of an earlier generation mean nothing. */
  generation = 0
  readonly maxBytes: number
  #ids = new Map<string, number>()
  #texts: string[] = ['']
  #parsed: unknown[] = []
  #bytes = 0
  /** Bytes at which the next compaction is due. */
  #fullBytes: number
  readonly #holders = new Set<DictionaryHolder>()

  constructor({ maxBytes = 64 * 2 ** 20 }: { readonly maxBytes?: number } = {}) {
    this.maxBytes = maxBytes
    this.#fullBytes = maxBytes
  }

  /** Number of ids given out; they run from 0 to `size - 1`. */
  get size(): number {
    return this.#texts.length
  }

  /** Memory it takes, near enough to bound it. */
  get bytes(): number {
    return this.#bytes
  }

  /** The id of `text`; the empty text is 0. */
  intern(text: string): number {
    if (text === '') return 0
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#texts.length
    this.#texts.push(text)
    this.#ids.set(text, id)
    this.#bytes += text.length + BYTES_PER_TEXT
    return id
  }

  text(id: number): string {
    return this.#texts[id]
  }

  /** The parsed value behind a `json` or `endpoint` column; undefined for id 0. The same object for the same id. */
  json(id: number): unknown {
    if (id === 0) return undefined
    if (this.#parsed[id] === undefined) {
      this.#parsed[id] = JSON.parse(this.text(id))
      this.#bytes += this.text(id).length * PARSED_PER_BYTE
    }
    return this.#parsed[id]
  }

  endpoint(id: number): Endpoint | undefined {
    return this.json(id) as Endpoint | undefined
  }

  hold(holder: DictionaryHolder): void {
    this.#holders.add(holder)
  }

  release(holder: DictionaryHolder): void {
    this.#holders.delete(holder)
  }

  /** Drops what no holder marks, when over the bound. Call only between batches: their ids change. */
  compactIfFull(): boolean {
    if (this.#bytes < this.#fullBytes) return false
    this.compact()
    return true
  }

  compact(): void {
    const live = new Uint8Array(this.size)
    for (const holder of this.#holders)
      holder.mark((id) => {
        live[id] = 1
      })
    const renamed = new Uint32Array(this.size)
    const texts = this.#texts
    this.#ids = new Map()
    this.#texts = ['']
    this.#parsed = []
    this.#bytes = 0
    for (let id = 1; id < live.length; id++) if (live[id] === 1) renamed[id] = this.intern(texts[id])
    // What is in use may fill it beyond the bound: then it doubles first, or every batch would compact in vain.
    this.#fullBytes = Math.max(this.maxBytes, 2 * this.#bytes)
    this.generation++
    for (const holder of this.#holders) holder.remap(renamed)
  }
}
