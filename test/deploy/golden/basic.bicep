// The table that flowfold's rows go to, the data collection rule that takes them there, and the role that lets
// flowfold use it. Printed by `flowfold azure template`; print it anew when flowfold is updated.

@description('Log Analytics workspace, in the resource group of this deployment.')
param workspaceName string

@description('Region of the workspace.')
param location string = resourceGroup().location

@description('Object id of the identity that flowfold has.')
param principalId string

@description('Kind of that identity; managed identities and applications are service principals.')
@allowed(['ServicePrincipal', 'User', 'Group'])
param principalType string = 'ServicePrincipal'

@description('Name of the data collection rule.')
param ruleName string = 'flowfold'

var columns = [
  { name: 'TimeGenerated', type: 'datetime', description: 'Time of the first flow' }
  { name: 'UUID', type: 'string', description: 'Same row, same UUID: a repeat can be recognised' }
  { name: 'Verdict', type: 'string', description: 'FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED or TRANSLATED' }
  { name: 'DropReason', type: 'string', description: 'Hubble\'s name for why it was dropped' }
  { name: 'IP', type: 'dynamic', description: 'source, destination, ipVersion, encrypted' }
  { name: 'Layer4', type: 'dynamic', description: 'One of TCP, UDP, SCTP, ICMPv4, ICMPv6 with its ports or type' }
  { name: 'Layer7', type: 'dynamic', description: 'type and one of dns, http' }
  { name: 'SourceNamespace', type: 'string', description: 'Namespace of the sender' }
  { name: 'SourcePodName', type: 'string', description: 'Pod of the sender' }
  { name: 'SourceWorkloads', type: 'dynamic', description: 'Workloads of the sender, name and kind each' }
  { name: 'SourceIdentity', type: 'int', description: 'Cilium\'s identity of the sender' }
  { name: 'SourceClusterName', type: 'string', description: 'Cluster of the sender' }
  { name: 'DestinationNamespace', type: 'string', description: 'Namespace of the receiver' }
  { name: 'DestinationPodName', type: 'string', description: 'Pod of the receiver' }
  { name: 'DestinationWorkloads', type: 'dynamic', description: 'Workloads of the receiver, name and kind each' }
  { name: 'DestinationIdentity', type: 'int', description: 'Cilium\'s identity of the receiver' }
  { name: 'DestinationClusterName', type: 'string', description: 'Cluster of the receiver' }
  { name: 'FlowType', type: 'string', description: 'L3_L4, L7 or SOCK' }
  { name: 'NodeName', type: 'string', description: 'Node that saw it' }
  { name: 'Reply', type: 'boolean', description: 'Whether it answers an earlier packet; absent where unknown' }
  { name: 'EventType', type: 'dynamic', description: 'Cilium\'s event numbers: type, sub_type' }
  { name: 'Service', type: 'dynamic', description: 'SourceService, SourceServiceNamespace, DestinationService, DestinationServiceNamespace' }
  { name: 'TrafficDirection', type: 'string', description: 'INGRESS or EGRESS, seen from the endpoint' }
  { name: 'TraceObservationPoint', type: 'string', description: 'Where in the datapath it was seen' }
  { name: 'IngressFlowCount', type: 'int', description: 'Flows seen entering an endpoint' }
  { name: 'EgressFlowCount', type: 'int', description: 'Flows seen leaving an endpoint' }
  { name: 'UnknownDirectionFlowCount', type: 'int', description: 'Flows without a direction' }
  { name: 'Policies', type: 'dynamic', description: 'Policies that allowed or denied it, by direction' }
  { name: 'AdditionalFlowData', type: 'dynamic', description: 'Labels, MAC addresses, summary: single flows only' }
  { name: 'Packets', type: 'long', description: 'Packets of the flows, where their source counts them' }
  { name: 'Bytes', type: 'long', description: 'Bytes of these packets, Ethernet headers included' }
  { name: 'Interface', type: 'string', description: 'Network interface at which it was seen' }
  { name: 'KernelDrop', type: 'dynamic', description: 'Reason and Location of a drop, by the kernel\'s own names' }
  { name: 'TcpHealth', type: 'dynamic', description: 'HandshakeRttUs, ConnectUs, SrttUs, Retransmits: single flows only' }
  { name: 'WindowStart', type: 'datetime', description: 'Start of the 30 s of event time the row stands for' }
  { name: 'WindowEnd', type: 'datetime', description: 'End of that time' }
  { name: 'LastFlowTime', type: 'datetime', description: 'Time of the last flow' }
  { name: 'Revision', type: 'int', description: '0 is the row of the window; 1, 2, ... add flows that came after it was closed' }
  { name: 'Evidence', type: 'dynamic', description: 'Examples of what differed inside the group, and counts of TCP flags' }
  { name: 'Other', type: 'boolean', description: 'Flows that found no room under max_groups, by verdict and drop reason' }
  { name: 'FirstFlowTime', type: 'datetime', description: 'Time of the first flow, also where Azure put the time of arrival into TimeGenerated' }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2022-10-01' existing = {
  name: workspaceName
}

resource table 'Microsoft.OperationalInsights/workspaces/tables@2022-10-01' = {
  parent: workspace
  name: 'ContainerNetworkLogs_CL'
  properties: {
    plan: 'Basic'
    schema: {
      name: 'ContainerNetworkLogs_CL'
      columns: map(columns, column => {
        name: column.name
        type: column.type == 'datetime' ? 'dateTime' : column.type
        description: column.description
      })
    }
  }
}

resource rule 'Microsoft.Insights/dataCollectionRules@2023-03-11' = {
  name: ruleName
  location: location
  kind: 'Direct'
  properties: {
    description: 'Rows of flowfold'
    streamDeclarations: {
      'Custom-ContainerNetworkLogs_CL': {
        columns: map(columns, column => {
          name: column.name
          type: column.type
        })
      }
    }
    destinations: {
      logAnalytics: [
        {
          name: 'workspace'
          workspaceResourceId: workspace.id
        }
      ]
    }
    dataFlows: [
      {
        streams: ['Custom-ContainerNetworkLogs_CL']
        destinations: ['workspace']
        transformKql: 'source'
        outputStream: 'Custom-ContainerNetworkLogs_CL'
      }
    ]
  }
  dependsOn: [table]
}

var monitoringMetricsPublisher = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '3913510d-42f4-4e42-8a64-420c390055eb'
)

resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(rule.id, principalId, monitoringMetricsPublisher)
  scope: rule
  properties: {
    roleDefinitionId: monitoringMetricsPublisher
    principalId: principalId
    principalType: principalType
  }
}

@description('For the setting endpoint.')
output endpoint string = rule.properties.endpoints.logsIngestion

@description('For the setting rule_id.')
output ruleId string = rule.properties.immutableId

@description('For the setting stream.')
output stream string = 'Custom-ContainerNetworkLogs_CL'
