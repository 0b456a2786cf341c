import { z } from 'zod'
import type { Endpoint } from '../../src/sdk/index.ts'
import { type AddressRange, network, parseAddress, parseRange } from './address.ts'
import type { Named, NameSource } from './names.ts'

const word = (doc: string) => z.string().min(1).optional().describe(doc)

/** Names that the config gives to addresses. */
export const namesSetting = z
  .array(
    z.strictObject({
      address: z
        .string()
        .refine(
          (text) => parseRange(text) !== null,
          'is no address; write for example "10.0.0.0/24" or "fd99::2"',
        )
        .describe('Address or range. Of several that hold an address, the narrowest names it.'),
      namespace: word('Namespace of who has it.'),
      pod: word('Pod, or machine.'),
      workload: word('Workload: what is asked for in rows.'),
      kind: word('Kind of the workload, such as `Deployment` or `Service`.'),
      cluster: word('Cluster.'),
      labels: z
        .record(z.string().min(1), z.string())
        .default({})
        .describe('Labels, as label selectors of `filter` ask for them.'),
    }),
  )
  .default([])
  .describe(
    'Names for addresses, where no Kubernetes tells them. They go before what is found out about this host.',
  )

export type NamesSetting = z.output<typeof namesSetting>

/** The table of the config. */
export class NamesTable implements NameSource {
  readonly revision = 0
  /** By length of prefix, the longest first; within one, by the network. */
  readonly #byPrefix: readonly (readonly [AddressRange, ReadonlyMap<bigint, Named>])[]

  constructor(entries: NamesSetting) {
    const ranges = entries.map((entry) => ({ range: parseRange(entry.address)!, named: namedBy(entry) }))
    const groups = Map.groupBy(ranges, ({ range }) => `${range.bits}/${range.prefix}`)
    this.#byPrefix = [...groups.values()]
      .map((group) => {
        // Of two entries for one range the first counts, as it does for a reader.
        const networks = group.toReversed().map(({ range, named }) => [range.value, named] as const)
        return [group[0].range, new Map(networks)] as const
      })
      .sort(([a], [b]) => b.prefix - a.prefix)
  }

  named(address: string): Named | null {
    const parsed = this.#byPrefix.length === 0 ? null : parseAddress(address)
    if (parsed === null) return null
    for (const [{ bits, prefix }, networks] of this.#byPrefix) {
      const named = bits === parsed.bits ? networks.get(network(parsed, prefix)) : undefined
      if (named !== undefined) return named
    }
    return null
  }
}

function namedBy({ namespace, pod, workload, kind, cluster, labels }: NamesSetting[number]): Named {
  const endpoint: Endpoint = {
    ...(namespace !== undefined && { namespace }),
    ...(Object.keys(labels).length > 0 && {
      labels: Object.entries(labels).map(([key, value]) => `k8s:${key}=${value}`),
    }),
    ...(pod !== undefined && { pod_name: pod }),
    ...(workload !== undefined && { workloads: [{ name: workload, ...(kind !== undefined && { kind }) }] }),
    ...(cluster !== undefined && { cluster_name: cluster }),
  }
  return { endpoint, ports: null }
}
