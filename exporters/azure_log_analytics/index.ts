import { accessSync, constants } from 'node:fs'
import { z } from 'zod'
import {
  checkHttp,
  defineSender,
  deliveryOf,
  deliveryShape,
  httpShape,
  proxySecrets,
  SettingError,
} from '../../src/sdk/index.ts'
import { authSettings, CLOUDS, credentialOf, secretsOf } from './auth.ts'
import { Ingestion } from './ingestion.ts'
import { LogAnalyticsSender, RESTAMPED_DOC } from './log-analytics-sender.ts'
import { httpSettings, Transport } from './transport.ts'

const { proxy, tls } = httpShape()

export const azureLogAnalytics = defineSender({
  kind: 'sender',
  type: 'azure_log_analytics',
  summary: 'Sends rows to a table of a Log Analytics workspace, over the Logs Ingestion API.',
  metrics: [{ name: 'flowfold_azure_log_analytics_restamped_rows_total', doc: RESTAMPED_DOC }],
  settings: z.strictObject({
    endpoint: z
      .string()
      .regex(
        /^https:\/\/[^/?#]+\/?$/,
        'is no logs ingestion endpoint; it looks like "https://NAME.REGION.ingest.monitor.azure.com"',
      )
      .describe('Logs ingestion endpoint of the data collection rule, or of its data collection endpoint.'),
    rule_id: z
      .string()
      .regex(
        /^dcr-[0-9a-z]+$/i,
        'is no immutable id of a data collection rule; it looks like "dcr-" and 32 digits, and is not the resource id',
      )
      .describe('Immutable id of the data collection rule.'),
    stream: z
      .string()
      .regex(/^Custom-/, 'is no stream of a custom table: its name begins with "Custom-"')
      .default('Custom-ContainerNetworkLogs_CL')
      .describe('Stream of the rule.'),
    cloud: z
      .enum(['public', 'china', 'government'])
      .default('public')
      .describe('Azure cloud that the workspace is in.'),
    auth: authSettings.prefault({ kind: 'default' }).describe('How flowfold proves who it is.'),
    proxy,
    tls,
    ...deliveryShape(),
  }),
  check(settings) {
    const { auth } = settings
    checkHttp(httpSettings(settings))
    if (auth.kind !== 'client_certificate') return
    try {
      accessSync(auth.certificate_file, constants.R_OK)
    } catch (error) {
      throw new SettingError(['auth', 'certificate_file'], `cannot be read: ${(error as Error).message}`)
    }
  },
  delivery: deliveryOf,
  create({ settings, host }) {
    const { endpoint, rule_id: ruleId, stream, cloud, auth, proxy } = settings
    const target = {
      endpoint: endpoint.replace(/\/$/, ''),
      ruleId,
      stream,
      audience: CLOUDS[cloud].audience,
    }
    const transport = new Transport(settings, host)
    const credential = () => credentialOf(auth, cloud, transport)
    const secrets = [...secretsOf(auth), ...proxySecrets(proxy)]
    return new LogAnalyticsSender(new Ingestion(target, credential, transport, secrets), host)
  },
})
