import type { Endpoint } from '../../src/sdk/index.ts'

/** Who has an address. */
export interface Named {
  /** Undefined when it is known, but nobody is to be named: the port decides. */
  readonly endpoint: Endpoint | undefined
  /** By `portKey`: the programs behind an address that several share. Null when nobody asks for ports. */
  readonly ports: ReadonlyMap<number, Endpoint> | null
}

/**
 * Somebody who knows names for addresses: a table, the host, and whoever will be asked in a cluster. What no source knows
 * has no endpoint (id 0 in a batch), which is how a processor behind sees that it may name it.
 */
export interface NameSource {
  /** Grows when an answer that was given may be another one now. */
  readonly revision: number
  /** `address` as observations have it; null when this source does not know it. */
  named(address: string): Named | null
}

export function portKey(protocol: number, port: number): number {
  return protocol * 65536 + port
}

/** The first source that knows an address names it. */
export class Names implements NameSource {
  readonly #sources: readonly NameSource[]

  constructor(sources: readonly NameSource[]) {
    this.#sources = sources
  }

  get revision(): number {
    return this.#sources.reduce((sum, { revision }) => sum + revision, 0)
  }

  named(address: string): Named | null {
    for (const source of this.#sources) {
      const known = source.named(address)
      if (known !== null) return known
    }
    return null
  }

  endpoint(address: string, protocol: number, port: number): Endpoint | undefined {
    const known = this.named(address)
    return known?.ports?.get(portKey(protocol, port)) ?? known?.endpoint
  }
}
