export interface PublishedQuery {
  readonly query: string
  /** Names that it uses and that the built-in table itself does not have. */
  readonly unknown?: readonly string[]
}

const TIMES = 'TimeGenerated between (datetime(2026-09-01) .. datetime(2026-10-01))'
const FLOWS = 'IngressFlowCount + EgressFlowCount + UnknownDirectionFlowCount'
const NAMES = `Caller = tostring(SourceWorkloads[0].name), Callee = tostring(DestinationWorkloads[0].name)`
const PORT = 'coalesce(tostring(L4.TCP.destination_port), tostring(L4.UDP.destination_port))'

/**
 * The questions that Microsoft's documentation, its table reference and its lab ask of `ContainerNetworkLogs`: the same
 * columns, in the same way, in our words. Source: azure-aks-docs, container-network-observability-guide.md;
 * azure-monitor-docs, reference/queries/containernetworklogs.md; aks-labs, acns-lab.md.
 */
export const PUBLISHED: { readonly [name: string]: PublishedQuery } = {
  'DNS errors': {
    query: `ContainerNetworkLogs
      | where ${TIMES}
      | extend L4 = parse_json(Layer4), L7 = parse_json(Layer7)
      | where L4.UDP.destination_port == 53 and Reply == true
      | extend ${NAMES}, Answer = tostring(L7.dns.rcode)
      | where Answer != "NOERROR"
      | summarize Flows = sum(${FLOWS}) by SourceNamespace, Caller, DestinationNamespace, Callee, Answer, Verdict
      | order by Flows desc`,
  },
  'drops by workload': {
    query: `ContainerNetworkLogs
      | where ${TIMES}
      | where Verdict == "DROPPED"
      | extend ${NAMES}
      | summarize Flows = sum(${FLOWS})
          by SourceNamespace, Caller, DestinationNamespace, Callee, DropReason, bin(TimeGenerated, 5m)
      | order by TimeGenerated desc, Flows desc`,
  },
  'drops in a namespace': {
    query: `ContainerNetworkLogs
      | where ${TIMES}
      | where Verdict == "DROPPED" and SourceNamespace == "sandbox"
      | extend ${NAMES}
      | summarize Flows = sum(${FLOWS}) by Caller, DestinationNamespace, Callee, DropReason, TrafficDirection
      | order by Flows desc`,
  },
  'top talkers': {
    query: `ContainerNetworkLogs
      | where ${TIMES}
      | extend ${NAMES}
      | summarize Flows = sum(${FLOWS}) by SourceNamespace, Caller
      | top 10 by Flows desc`,
  },
  'HTTP errors': {
    query: `ContainerNetworkLogs
      | where ${TIMES}
      | extend L7 = parse_json(Layer7)
      | where isnotnull(L7.http)
      | extend Status = tostring(L7.http.code), ${NAMES}
      | where Status startswith "4" or Status startswith "5"
      | summarize Flows = sum(${FLOWS}), Codes = dcount(Status) by Caller, Callee, Status
      | order by Flows desc`,
  },
  'L7 drops': {
    query: `ContainerNetworkLogs
      | where ${TIMES}
      | where FlowType == "L7" and Verdict == "DROPPED"
      | extend ${NAMES}
      | summarize Flows = sum(${FLOWS}) by Caller, Callee
      | order by Flows desc`,
  },
  'dropped rows': { query: 'ContainerNetworkLogs | where Verdict == "DROPPED" | limit 100' },
  'verdicts that contain DROPPED': {
    query: 'ContainerNetworkLogs | where Verdict contains "DROPPED" | take 10000',
  },
  'top addresses, bytes and protocols': {
    query: `ContainerNetworkLogs
      | summarize Value = sum(IngressFlowCount) by Entity = tostring(IP.Source)
      | union (ContainerNetworkLogs | summarize Value = sum(EgressFlowCount) by Entity = tostring(IP.Destination))
      | union (ContainerNetworkLogs | summarize Value = sum(BytesSent) by Entity = tostring(IP.Source))
      | union (ContainerNetworkLogs | summarize Value = sum(BytesReceived) by Entity = tostring(IP.Destination))
      | union (ContainerNetworkLogs | summarize Value = count() by Entity = Protocol)`,
    unknown: ['BytesSent', 'BytesReceived', 'Protocol'],
  },
  'lab: drops by pod': {
    query: `ContainerNetworkLogs
      | where SourceNamespace == "sandbox" or DestinationNamespace == "sandbox"
      | where Verdict == "DROPPED"
      | summarize Rows = count() by TrafficDirection, SourcePodName, DestinationPodName
      | order by Rows desc
      | take 20`,
  },
  'lab: blocked sources': {
    query: `ContainerNetworkLogs
      | where DestinationNamespace == "orders" and DestinationPodName contains "postgres"
      | where TrafficDirection == "EGRESS" and Verdict == "DROPPED"
      | extend From = tostring(IP.source), To = tostring(IP.destination), L4 = parse_json(Layer4)
      | extend Port = ${PORT}
      | project TimeGenerated, From, To, Port, Verdict
      | order by TimeGenerated desc`,
  },
  'lab: DNS verdicts': {
    query: `ContainerNetworkLogs
      | where SourceNamespace == "storefront" and SourcePodName contains "bff" and TrafficDirection == "EGRESS"
      | extend L4 = parse_json(Layer4)
      | extend Port = ${PORT}
      | where Port == "53"
      | summarize Rows = count() by Verdict
      | order by Verdict asc`,
  },
  'lab: DNS and HTTPS': {
    query: `ContainerNetworkLogs
      | where SourceNamespace == "storefront" and SourcePodName contains "bff" and TrafficDirection == "EGRESS"
      | extend To = tostring(IP.destination), L4 = parse_json(Layer4)
      | extend Port = ${PORT}
      | where Port in ("53", "443") and isnotempty(To)
      | project TimeGenerated, To, Port, Verdict
      | order by TimeGenerated asc`,
  },
  'lab: timeline': {
    query: `ContainerNetworkLogs
      | where SourceNamespace == "sandbox" or DestinationNamespace == "sandbox"
      | summarize Allowed = countif(Verdict == "FORWARDED"), Dropped = countif(Verdict == "DROPPED")
          by bin(TimeGenerated, 1m), TrafficDirection
      | render timechart`,
  },
  'lab: drop rate': {
    query: `ContainerNetworkLogs
      | where SourceNamespace == "sandbox" or DestinationNamespace == "sandbox"
      | summarize All = count(), Dropped = countif(Verdict == "DROPPED")
          by TrafficDirection, SourcePodName, DestinationPodName
      | extend Rate = round((Dropped * 100.0) / All, 2)
      | order by Dropped desc`,
  },
}
