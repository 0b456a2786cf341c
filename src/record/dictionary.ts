import { Kernel } from '../kernel/kernel.ts'
import type { Endpoint } from './flow.ts'

/** Someone who keeps ids from batch to batch, and so takes part when the dictionary drops what nobody uses. */
export interface DictionaryHolder {
  /** Names every id it still needs. */
  mark(keep: (id: number) => void): void
  /** Takes over the new ids: `renamed[old]`. Ids it did not mark have no new one. */
  remap(renamed: Uint32Array): void
}

/** What a decoded text takes beside its characters, and a parsed value for each byte of its text; Node 24. */
const BYTES_PER_STRING = 24
const PARSED_PER_BYTE = 2
/** Half of what the kernel can address: what is in use may double before it is compacted. */
const LARGEST_BYTES = 2 ** 30
const MOST_FRESH = 1024

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
  /** Where the texts are: the decoder's kernel finds them there by their bytes. */
  readonly kernel = new Kernel()
  #texts: (string | undefined)[] = ['']
  #parsed: unknown[] = [undefined]
  /** Bytes of what was decoded and parsed. */
  #cachedBytes = 0
  /** Bytes at which the next compaction is due. */
  #fullBytes: number
  /** Endpoints of this batch that nobody has looked at yet: they need not be parsed again. */
  readonly #fresh = new Map<number, Endpoint>()
  readonly #holders = new Set<DictionaryHolder>()

  constructor({ maxBytes = 64 * 2 ** 20 }: { readonly maxBytes?: number } = {}) {
    this.maxBytes = Math.min(maxBytes, LARGEST_BYTES)
    this.#fullBytes = this.maxBytes
  }

  /** Number of ids given out; they run from 0 to `size - 1`. */
  get size(): number {
    return this.kernel.exports.textCount()
  }

  /** Memory it takes, near enough to bound it. */
  get bytes(): number {
    return this.kernel.exports.bytes() + this.#cachedBytes
  }

  /** The id of `text`; the empty text is 0. */
  intern(text: string): number {
    return this.kernel.intern(text)
  }

  text(id: number): string {
    return this.#texts[id] ?? this.#decode(id)
  }

  /** The parsed value behind a `json` or `endpoint` column; undefined for id 0. The same object for the same id. */
  json(id: number): unknown {
    return this.#parsed[id] ?? (id === 0 ? undefined : this.#parse(id))
  }

  endpoint(id: number): Endpoint | undefined {
    return this.json(id) as Endpoint | undefined
  }

  /** The id of an endpoint's JSON; 0 for none. */
  internEndpoint(endpoint: Endpoint | undefined): number {
    if (endpoint === undefined) return 0
    const id = this.intern(JSON.stringify(endpoint))
    if (this.#fresh.size < MOST_FRESH) this.#fresh.set(id, endpoint)
    return id
  }

  /** The endpoint of an id, for whoever looks at it once and keeps what he needs. */
  takeEndpoint(id: number): Endpoint {
    const fresh = this.#fresh.get(id)
    if (fresh === undefined) return JSON.parse(this.#texts[id] ?? this.kernel.text(id)) as Endpoint
    this.#fresh.delete(id)
    return fresh
  }

  hold(holder: DictionaryHolder): void {
    this.#holders.add(holder)
  }

  release(holder: DictionaryHolder): void {
    this.#holders.delete(holder)
  }

  /** Drops what no holder marks, when over the bound. Call only between batches: their ids change. */
  compactIfFull(): boolean {
    this.#fresh.clear()
    if (this.bytes < this.#fullBytes) return false
    this.compact()
    return true
  }

  compact(): void {
    this.#fresh.clear()
    const renamed = this.kernel.compact((keep) => {
      for (const holder of this.#holders) holder.mark(keep)
    })
    this.#texts = ['']
    this.#parsed = [undefined]
    this.#cachedBytes = 0
    // What is in use may fill it beyond the bound: then it doubles first, or every batch would compact in vain.
    this.#fullBytes = Math.max(this.maxBytes, 2 * this.bytes)
    this.generation++
    for (const holder of this.#holders) holder.remap(renamed)
  }

  #decode(id: number): string {
    const text = this.kernel.text(id)
    put(this.#texts, id, text)
    this.#cachedBytes += text.length + BYTES_PER_STRING
    return text
  }

  #parse(id: number): unknown {
    const text = this.text(id)
    put(this.#parsed, id, JSON.parse(text))
    this.#cachedBytes += text.length * PARSED_PER_BYTE
    return this.#parsed[id]
  }
}

/** Sets an element without leaving holes, which would turn the array into a hash table. */
function put<T>(array: (T | undefined)[], index: number, value: T): void {
  while (array.length < index) array.push(undefined)
  array[index] = value
}
