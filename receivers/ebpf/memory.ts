/** Past it, all are looked up anew. */
const MOST_REMEMBERED = 65_536

/** What was found out about something once. */
export class Memory<K, V> {
  readonly #found = new Map<K, V>()
  readonly #find: (key: K) => V

  constructor(find: (key: K) => V) {
    this.#find = find
  }

  get(key: K): V {
    const known = this.#found.get(key)
    if (known !== undefined) return known
    if (this.#found.size >= MOST_REMEMBERED) this.#found.clear()
    const found = this.#find(key)
    this.#found.set(key, found)
    return found
  }

  forget(): void {
    this.#found.clear()
  }
}
