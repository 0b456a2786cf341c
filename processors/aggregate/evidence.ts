import type { FieldName } from '../../src/sdk/index.ts'

/** Examples of what differs inside a group, so that a row about many pods or requests can still name some. */
export interface EvidenceList {
  /** Its name in the row's `Evidence`. */
  readonly name:
    | 'SourcePods'
    | 'DestinationPods'
    | 'SourceIPs'
    | 'DestinationIPs'
    | 'DnsQueries'
    | 'HttpRequests'
    | 'Policies'
  /** The fields it speaks for: a row writes the list where it cannot write one of them. */
  readonly fields: readonly FieldName[]
}

export const EVIDENCE: readonly EvidenceList[] = [
  { name: 'SourcePods', fields: ['source_namespace', 'source_pod_name'] },
  { name: 'DestinationPods', fields: ['destination_namespace', 'destination_pod_name'] },
  { name: 'SourceIPs', fields: ['ip_source'] },
  { name: 'DestinationIPs', fields: ['ip_destination'] },
  { name: 'DnsQueries', fields: ['dns_query'] },
  { name: 'HttpRequests', fields: ['http_method', 'http_path'] },
  {
    name: 'Policies',
    fields: ['egress_allowed_by', 'ingress_allowed_by', 'egress_denied_by', 'ingress_denied_by'],
  },
]
