import type { Json, Row } from '../../sdk/index.ts'

/** A row in one line: `FORWARDED shop/web -> shop/api TCP 8080 reply`. */
export function rowTitle(row: Row): string {
  const verdict = row.DropReason === undefined ? row.Verdict : `${row.Verdict} (${row.DropReason})`
  if (row.Other) return [verdict, 'other'].join(' ')
  const from = peer(row.SourceNamespace, row.SourceWorkloads, row.SourcePodName, row.IP?.source)
  const to = peer(
    row.DestinationNamespace,
    row.DestinationWorkloads,
    row.DestinationPodName,
    row.IP?.destination,
  )
  return [
    verdict,
    `${from} -> ${to}`,
    layer4(row.Layer4, row.Reply === true),
    layer7(row.Layer7),
    row.Reply ? 'reply' : '',
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
}

/** The best name there is: workload, pod, address; `?` when the flows of the row agree on none. */
function peer(
  namespace: string | undefined,
  workloads: Json | undefined,
  pod: string | undefined,
  ip: Json | undefined,
) {
  const name = textAt(Array.isArray(workloads) ? workloads[0] : undefined, 'name') ?? pod
  if (name === undefined) return namespace === undefined ? String(ip ?? '?') : `${namespace}/*`
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** The port that was called: on a reply it is the sender's. */
function layer4(layer: Row['Layer4'], isReply: boolean): string {
  const [protocol, ports] = Object.entries(layer ?? {})[0] ?? ['', undefined]
  const [from, to] = [textAt(ports, 'source_port'), textAt(ports, 'destination_port')]
  const port = isReply ? (from ?? to) : (to ?? from)
  return port === undefined ? protocol : `${protocol} ${port}`
}

function layer7(layer: Row['Layer7']): string {
  const [protocol] = Object.keys(layer ?? {}).filter((key) => key === 'dns' || key === 'http')
  return protocol?.toUpperCase() ?? ''
}

function textAt(value: Json | undefined, key: string): string | undefined {
  const found =
    typeof value === 'object' && value !== null ? (value as { [key: string]: Json })[key] : undefined
  return found === undefined || found === null || typeof found === 'object' ? undefined : String(found)
}
