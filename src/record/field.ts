import type { FlowColumn } from './flow-columns.ts'

/** What kind of value a field has, and how the number in its cell stands for it. */
export type FieldCell =
  /** Dictionary id of a text. */
  | 'text'
  /** Dictionary id of JSON text. */
  | 'json'
  /** The number itself; 0 is none. */
  | 'number'
  /** 1 is true; 0 is none. */
  | 'flag'
  /** Value plus one; 0 is none. */
  | 'present'
  /** 1 is false, 2 is true, 0 is unknown. */
  | 'reply'
  /** Rcode plus one; written by its IANA name. */
  | 'rcode'
  /** HTTP status plus one; 1 is a request, which has none. */
  | 'status'

export type EndpointSide = 'source' | 'destination'
export type EndpointAttribute =
  | 'namespace'
  | 'pod_name'
  | 'workloads'
  | 'identity'
  | 'cluster_name'
  | 'labels'

/** Where a field's cells come from. */
export type FieldOrigin =
  | { readonly kind: 'column'; readonly column: FlowColumn }
  | { readonly kind: 'endpoint'; readonly side: EndpointSide; readonly attribute: EndpointAttribute }
  /** Port of the side that was called, or that called: the reply's source is the request's destination. */
  | { readonly kind: 'port'; readonly of: 'server' | 'client' }
  /** Destination port when the protocol is this one. */
  | { readonly kind: 'protocol_port'; readonly protocol: 'TCP' | 'UDP' }

export interface Field {
  /** As an aggregation key, a filter or the docs name it. */
  readonly name: string
  readonly doc: string
  /** Path below Hubble's `flow`. */
  readonly hubble: string
  /** Path in the row. `Layer4.*` is the object of the protocol at hand. */
  readonly place: string
  /** OpenTelemetry attribute; see reference of names in `exporters/otlp_http`. */
  readonly otlp: string
  readonly cell: FieldCell
  readonly origin: FieldOrigin
}

export function field<const N extends string>(
  name: N,
  doc: string,
  hubble: string,
  place: string,
  otlp: string,
  cell: FieldCell,
) {
  return {
    name,
    doc,
    hubble,
    place,
    otlp,
    cell,
    origin: { kind: 'column', column: name as FlowColumn },
  } as const
}

export function derived<const N extends string>(
  name: N,
  doc: string,
  hubble: string,
  place: string,
  otlp: string,
  origin: FieldOrigin,
) {
  return { name, doc, hubble, place, otlp, cell: 'number', origin } as const
}

export function endpointFields<const S extends EndpointSide>(
  side: S,
  prefix: string,
  who: string,
  otlp: string,
) {
  const of = <const A extends EndpointAttribute>(
    attribute: A,
    doc: string,
    place: string,
    otlpSuffix: string,
    cell: FieldCell,
  ) =>
    ({
      name: `${side}_${attribute}`,
      doc: `${doc} of the ${who}`,
      hubble: `${side}.${attribute}`,
      place,
      otlp: `${otlp}.${otlpSuffix}`,
      cell,
      origin: { kind: 'endpoint', side, attribute },
    }) as const
  return [
    of('namespace', 'Namespace', `${prefix}Namespace`, 'namespace', 'text'),
    of('pod_name', 'Pod', `${prefix}PodName`, 'name', 'text'),
    of('workloads', 'Workloads', `${prefix}Workloads`, 'owner', 'json'),
    of('identity', "Cilium's identity", `${prefix}Identity`, 'identity', 'number'),
    of('cluster_name', 'Cluster', `${prefix}ClusterName`, 'cluster', 'text'),
    of('labels', 'Labels', `AdditionalFlowData.${prefix}Labels`, 'labels', 'json'),
  ] as const
}
