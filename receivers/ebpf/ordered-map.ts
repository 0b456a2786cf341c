interface Entry<K, V> {
  readonly key: K
  readonly value: V
  older: Entry<K, V> | null
  newer: Entry<K, V> | null
}

/**
 * A map that knows its oldest entry at once. JavaScript's own finds it by walking over all that were deleted before it,
 * which under churn is most of them.
 */
export class OrderedMap<K, V> {
  readonly #entries = new Map<K, Entry<K, V>>()
  #oldest: Entry<K, V> | null = null
  #newest: Entry<K, V> | null = null

  get size(): number {
    return this.#entries.size
  }

  get oldest(): { readonly key: K; readonly value: V } | null {
    return this.#oldest
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value
  }

  /** The entry is the newest then, also of a key that was there. */
  set(key: K, value: V): void {
    this.delete(key)
    const entry: Entry<K, V> = { key, value, older: this.#newest, newer: null }
    if (this.#newest === null) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
    this.#entries.set(key, entry)
  }

  delete(key: K): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    if (entry.older === null) this.#oldest = entry.newer
    else entry.older.newer = entry.newer
    if (entry.newer === null) this.#newest = entry.older
    else entry.newer.older = entry.older
  }
}
