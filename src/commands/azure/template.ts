import type { ExitCode, Terminal } from '../terminal.ts'
import { STREAM, TABLE, TABLE_COLUMNS, type TableColumn } from './table.ts'

export interface TemplateOptions {
  readonly plan: 'analytics' | 'basic'
  /** A data collection endpoint of its own, as private links want it. */
  readonly withEndpoint: boolean
}

/** Prints the Bicep file that makes everything in Azure that the exporter `azure_log_analytics` needs. */
export function template({ out }: Terminal, options: TemplateOptions): ExitCode {
  out.write(bicep(options))
  return 0
}

/** Source of types and versions: the Azure resource reference; of the role's id: Azure built-in roles. */
export function bicep({ plan, withEndpoint }: TemplateOptions): string {
  return `\
// The table that flowfold's rows go to, the data collection rule that takes them there, and the role that lets
// flowfold use it. Printed by \`flowfold azure template\`; print it anew when flowfold is updated.

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

${withEndpoint ? NETWORK : ''}var columns = [
${TABLE_COLUMNS.map(columnLine).join('\n')}
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2022-10-01' existing = {
  name: workspaceName
}

resource table 'Microsoft.OperationalInsights/workspaces/tables@2022-10-01' = {
  parent: workspace
  name: '${TABLE}'
  properties: {
    plan: '${plan === 'basic' ? 'Basic' : 'Analytics'}'
    schema: {
      name: '${TABLE}'
      columns: map(columns, column => {
        name: column.name
        type: column.type == 'datetime' ? 'dateTime' : column.type
        description: column.description
      })
    }
  }
}
${withEndpoint ? ENDPOINT : ''}
resource rule 'Microsoft.Insights/dataCollectionRules@2023-03-11' = {
  name: ruleName
  location: location
${withEndpoint ? '' : "  kind: 'Direct'\n"}  properties: {
    description: 'Rows of flowfold'
${withEndpoint ? '    dataCollectionEndpointId: endpoint.id\n' : ''}    streamDeclarations: {
      '${STREAM}': {
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
        streams: ['${STREAM}']
        destinations: ['workspace']
        transformKql: 'source'
        outputStream: '${STREAM}'
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
output endpoint string = ${withEndpoint ? 'endpoint.properties.logsIngestion.endpoint' : 'rule.properties.endpoints.logsIngestion'}

@description('For the setting rule_id.')
output ruleId string = rule.properties.immutableId

@description('For the setting stream.')
output stream string = '${STREAM}'
`
}

const ENDPOINT = `
resource endpoint 'Microsoft.Insights/dataCollectionEndpoints@2023-03-11' = {
  name: ruleName
  location: location
  properties: {
    description: 'Where rows of flowfold arrive'
    networkAcls: {
      publicNetworkAccess: publicNetworkAccess
    }
  }
}
`

const NETWORK = `\
@description('Whether the endpoint takes rows from outside of private links.')
@allowed(['Enabled', 'Disabled', 'SecuredByPerimeter'])
param publicNetworkAccess string = 'Enabled'

`

function columnLine({ name, type, doc }: TableColumn): string {
  const kind = type === 'bool' ? 'boolean' : type
  return `  { name: ${text(name)}, type: ${text(kind)}, description: ${text(doc)} }`
}

/** A string in Bicep. */
function text(value: string): string {
  return `'${value.replace(/\\|'|\$(?=\{)/g, '\\$&')}'`
}
