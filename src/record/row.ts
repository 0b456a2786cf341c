import type { Json } from '../util/json.ts'

/**
 * A row as it leaves: `ContainerNetworkLogs` column names, dynamic columns as objects. A column without a value is left
 * out; the three counts never are, because in KQL `a + b + c` is null when one of them is.
 */
export interface Row {
  /** RFC 3339, UTC, the precision the flows had. */
  TimeGenerated: string
  UUID: string
  Verdict?: string
  DropReason?: string
  IP?: JsonObject
  Layer4?: JsonObject
  Layer7?: JsonObject
  SourceNamespace?: string
  SourcePodName?: string
  SourceWorkloads?: Json
  SourceIdentity?: number
  SourceClusterName?: string
  DestinationNamespace?: string
  DestinationPodName?: string
  DestinationWorkloads?: Json
  DestinationIdentity?: number
  DestinationClusterName?: string
  FlowType?: string
  NodeName?: string
  Reply?: boolean
  EventType?: Json
  Service?: JsonObject
  TrafficDirection?: string
  TraceObservationPoint?: string
  IngressFlowCount: number
  EgressFlowCount: number
  UnknownDirectionFlowCount: number
  Policies?: JsonObject
  AdditionalFlowData?: JsonObject
  /** Absent where the source does not count them. */
  Packets?: number
  Bytes?: number
  Interface?: string
  /** `Reason` and `Location`, by the kernel's own names. */
  KernelDrop?: JsonObject
  /** `HandshakeRttUs`, `ConnectUs`, `SrttUs`, `Retransmits`: what was measured of them. */
  TcpHealth?: JsonObject
  WindowStart?: string
  WindowEnd?: string
  LastFlowTime?: string
  Revision?: number
  Evidence?: JsonObject
  Other?: true
}

export type JsonObject = { [key: string]: Json }

/** How many flows a row stands for. */
export function flowsOf(row: Row): number {
  return row.IngressFlowCount + row.EgressFlowCount + row.UnknownDirectionFlowCount
}
