import { isGlobal, parseAddress } from './address.ts'
import type { Named, NameSource } from './names.ts'

/** As Cilium names who is outside: identity 2. Source: cilium `pkg/identity/numericidentity.go`. */
const WORLD: Named = { endpoint: { identity: 2, labels: ['reserved:world'] }, ports: null }

/** Whoever has an address of the internet, and no other name, is the world. */
export const worldNames: NameSource = {
  revision: 0,
  named(address) {
    const parsed = parseAddress(address)
    return parsed !== null && isGlobal(parsed) ? WORLD : null
  },
}
