import { FIELDS, type FieldOrigin } from './columns.ts'

/**
 * Places of a row that no field speaks of. The attribute of an object is what the names of its other keys begin with, so
 * that nothing is left out that nobody thought of.
 */
const ELSEWHERE: { readonly [place: string]: string } = {
  UUID: 'log.record.uid',
  IP: 'cilium.ip',
  Layer4: 'cilium.l4',
  Layer7: 'cilium.l7',
  'Layer7.dns': 'cilium.dns',
  'Layer7.dns.ips': 'dns.answers',
  'Layer7.http': 'cilium.http',
  EventType: 'cilium.event_type',
  Service: 'cilium.service',
  'Service.SourceService': 'cilium.source_service.name',
  'Service.SourceServiceNamespace': 'cilium.source_service.namespace',
  'Service.DestinationService': 'cilium.destination_service.name',
  'Service.DestinationServiceNamespace': 'cilium.destination_service.namespace',
  IngressFlowCount: 'cilium.ingress_flow_count',
  EgressFlowCount: 'cilium.egress_flow_count',
  UnknownDirectionFlowCount: 'cilium.unknown_direction_flow_count',
  Policies: 'cilium.policies',
  AdditionalFlowData: 'cilium',
  Packets: 'flowfold.packets',
  Bytes: 'flowfold.bytes',
  TcpHealth: 'flowfold.tcp',
  WindowStart: 'flowfold.window.start',
  WindowEnd: 'flowfold.window.end',
  LastFlowTime: 'flowfold.last_flow_time',
  Revision: 'flowfold.revision',
  Evidence: 'flowfold.evidence',
  Other: 'flowfold.other',
}

/**
 * The OpenTelemetry attribute of each place in a row: `Layer7.dns.query` is `dns.question.name`; at `Layer4.*` the key
 * itself is the value. Only `TimeGenerated` has none: it is the time of the log record. Names are semantic conventions
 * where there are some (`source.*`, `network.*`, `http.*`, `dns.*`, `log.record.uid`), `k8s.src.*` and `k8s.dst.*` as
 * OpenTelemetry's eBPF instrumentation has them, and else ours.
 */
export const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ...FIELDS.filter(({ origin, place }) => isStored(origin) && !place.startsWith('Service.')).map(
    ({ place, otlp }) => [place, otlp] as const,
  ),
  ...Object.entries(ELSEWHERE),
])

/** Ports by who called whom are read where the packet's ports stand. */
function isStored({ kind }: FieldOrigin): boolean {
  return kind === 'column' || kind === 'endpoint'
}
