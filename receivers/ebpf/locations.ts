import { KernelSymbols } from './kallsyms.ts'

const MOST = 4096

/** Names of the places where packets were dropped. There are few, and each is looked up once. */
export class Locations {
  readonly #symbols = new KernelSymbols()
  readonly #names = new Map<string, string>()

  /** Reads the kernel's table, which takes a tenth of a second: better at the start than in the middle of a flood. */
  prepare(): void {
    this.#symbols.prepare()
  }

  /** By address in hex, as far as any were met. */
  get names(): { readonly [address: string]: string } {
    return Object.fromEntries(this.#names)
  }

  /** Names those that are new; null when none is. */
  meet(addresses: Iterable<bigint>): { readonly [address: string]: string } | null {
    const fresh: { [address: string]: string } = {}
    for (const address of addresses) {
      const hex = address.toString(16)
      if (this.#names.has(hex) || this.#names.size >= MOST) continue
      fresh[hex] = this.#symbols.nameOf(address)
      this.#names.set(hex, fresh[hex])
    }
    return Object.keys(fresh).length === 0 ? null : fresh
  }
}
