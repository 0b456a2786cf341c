import type { Endpoint } from '../../src/sdk/index.ts'
import { type Named, type NameSource, portKey } from './names.ts'
import type { Survey, Tenant, Workload } from './survey.ts'

/** As Cilium names the machine itself: identity 1. Source: cilium `pkg/identity/numericidentity.go`. */
const HOST: Endpoint = { identity: 1, labels: ['reserved:host'] }

/** What a look around this machine told: its own programs, those in other namespaces, and its hosts file. */
export class HostNames implements NameSource {
  revision = 0
  #named: ReadonlyMap<string, Named> = new Map()

  get size(): number {
    return this.#named.size
  }

  named(address: string): Named | null {
    return this.#named.get(address) ?? null
  }

  learn({ hostAddresses, listeners, tenants, hosts }: Survey): void {
    const named = new Map<string, Named>()
    for (const { address, name } of hosts)
      named.set(address, { endpoint: { workloads: [{ name, kind: 'Host' }] }, ports: null })
    const seen = new Set<string>()
    for (const tenant of tenants)
      for (const address of tenant.addresses) {
        // Namespaces may have the same addresses; then neither is named, because one of the names would be wrong.
        if (seen.has(address)) named.delete(address)
        else named.set(address, { endpoint: endpointOf(tenant), ports: null })
        seen.add(address)
      }
    const programs = listeners.map(({ protocol, port, workload }) => {
      return [portKey(protocol, port), { ...HOST, workloads: [workload] }] as const
    })
    const host: Named = { endpoint: HOST, ports: new Map<number, Endpoint>(programs) }
    for (const address of hostAddresses) named.set(address, host)
    if (JSON.stringify(plain(named)) === JSON.stringify(plain(this.#named))) return
    this.#named = named
    this.revision++
  }
}

function endpointOf({ workload, podName, labels }: Tenant): Endpoint {
  return {
    ...(labels.length > 0 && { labels }),
    ...(podName !== undefined && { pod_name: podName }),
    workloads: [workload satisfies Workload],
  }
}

/** So that looking again and finding the same costs nobody anything. */
function plain(named: ReadonlyMap<string, Named>) {
  return [...named].map(([address, { endpoint, ports }]) => [address, endpoint, ports && [...ports]])
}
