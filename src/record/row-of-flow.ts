import type { Json } from '../util/json.ts'
import type { Dns, Flow, Layer7, Service } from './flow.ts'
import { rcodeName } from './names.ts'
import type { JsonObject, Row } from './row.ts'

/** How many flows a record stands for, by direction. */
export interface DirectionCounts {
  readonly ingress: number
  readonly egress: number
  readonly unknown: number
}

/** A flow as a row of its own, with all that the flow had; mapping as Microsoft's agent does it for this table. */
export function rowOfFlow(flow: Flow, uuid: string, counts: DirectionCounts, node: string): Row {
  const row: Row = {
    TimeGenerated: flow.time,
    UUID: flow.uuid ?? uuid,
    ...present({
      Verdict: flow.verdict,
      DropReason: flow.drop_reason_desc,
      IP: flow.IP,
      Layer4: flow.l4,
      Layer7: flow.l7 && layer7(flow.l7),
      SourceNamespace: flow.source?.namespace,
      SourcePodName: flow.source?.pod_name,
      SourceWorkloads: flow.source?.workloads,
      SourceIdentity: flow.source?.identity,
      SourceClusterName: flow.source?.cluster_name,
      DestinationNamespace: flow.destination?.namespace,
      DestinationPodName: flow.destination?.pod_name,
      DestinationWorkloads: flow.destination?.workloads,
      DestinationIdentity: flow.destination?.identity,
      DestinationClusterName: flow.destination?.cluster_name,
      FlowType: flow.Type,
      NodeName: withoutCluster(flow.node_name) ?? node,
      Reply: flow.is_reply,
      EventType: flow.event_type,
      Service: services(flow.source_service, flow.destination_service),
      TrafficDirection: flow.traffic_direction,
      TraceObservationPoint: flow.trace_observation_point,
    }),
    IngressFlowCount: counts.ingress,
    EgressFlowCount: counts.egress,
    UnknownDirectionFlowCount: counts.unknown,
    ...present({
      Policies: present({
        egress_allowed_by: flow.egress_allowed_by,
        ingress_allowed_by: flow.ingress_allowed_by,
        egress_denied_by: flow.egress_denied_by,
        ingress_denied_by: flow.ingress_denied_by,
      }),
      AdditionalFlowData: present({
        EthernetSource: flow.ethernet?.source,
        EthernetDestination: flow.ethernet?.destination,
        SourceLabels: flow.source?.labels,
        DestinationLabels: flow.destination?.labels,
        Summary: flow.Summary,
      }),
      Packets: flow.extensions?.packets,
      Bytes: flow.extensions?.bytes,
      Interface: flow.interface?.name,
      KernelDrop: flow.extensions?.kernel_drop,
      TcpHealth: present({
        HandshakeRttUs: flow.extensions?.handshake_rtt_us,
        ConnectUs: flow.extensions?.connect_us,
        SrttUs: flow.extensions?.srtt_us,
        Retransmits: flow.extensions?.retransmits,
      }),
    }),
  }
  return row
}

/** `cluster/node` as the table has it: `node`. */
export function withoutCluster(nodeName: string | undefined): string | undefined {
  return nodeName?.slice(nodeName.indexOf('/') + 1)
}

/** The four keys of the table's Service column; undefined when no service is known. */
export function services(
  source: Service | undefined,
  destination: Service | undefined,
): JsonObject | undefined {
  const columns = present({
    SourceService: source?.name,
    SourceServiceNamespace: source?.namespace,
    DestinationService: destination?.name,
    DestinationServiceNamespace: destination?.namespace,
  })
  return Object.keys(columns).length > 0 ? columns : undefined
}

/** Hubble leaves rcode 0 out and writes numbers; here it is always there, by its IANA name. */
function layer7(l7: Layer7): JsonObject {
  return present({ ...l7, dns: l7.dns && dnsNamed(l7.dns) })
}

function dnsNamed(dns: Dns): JsonObject {
  return present({ ...dns, rcode: rcodeName(dns.rcode ?? 0) })
}

/** The object without what is undefined, empty text or an empty object: such a column is left out. */
function present(columns: {
  readonly [name: string]: object | string | number | boolean | undefined
}): JsonObject {
  const kept: JsonObject = {}
  for (const [name, value] of Object.entries(columns)) if (!isNothing(value)) kept[name] = value as Json
  return kept
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === '') return true
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
