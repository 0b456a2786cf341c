import type { TestContext } from 'node:test'
import type { TokenCredential } from '@azure/identity'
import { azureLogAnalytics } from '../../../exporters/azure_log_analytics/index.ts'
import { Ingestion } from '../../../exporters/azure_log_analytics/ingestion.ts'
import { LogAnalyticsSender } from '../../../exporters/azure_log_analytics/log-analytics-sender.ts'
import { Transport, type TransportSettings } from '../../../exporters/azure_log_analytics/transport.ts'
import { fileOf, selfSigned } from '../../support/certificates.ts'
import { type Answer, type FaultyServer, faultyServer, type Seen } from '../../support/faulty-server.ts'
import { type TestHost, testHost } from '../../support/host.ts'

export const RULE = 'dcr-00000000000000000000000000000001'
export const STREAM = 'Custom-ContainerNetworkLogs_CL'

const { cert, key } = selfSigned()
const caFile = fileOf(cert)

/** Plays the Logs Ingestion API on a local TLS socket: these answers first, then it takes everything. */
export function logsApi(test: TestContext, answers: readonly Answer[] = []): Promise<FaultyServer> {
  return faultyServer(test, [...answers, { status: 204 }], { cert, key })
}

/** An error of the API's form. */
export function error(
  status: number,
  code: string,
  message: string,
  headers: { readonly [name: string]: string } = {},
): Answer {
  const body = JSON.stringify({ error: { code, message } })
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}

/** The exporter at this endpoint; its credential is the one thing that is not real. */
export function senderTo(
  endpoint: string,
  {
    credential = tokens('token-1'),
    host = testHost({ id: 'azure_log_analytics' }),
    ca = cert,
  }: {
    readonly credential?: () => Promise<TokenCredential>
    readonly host?: TestHost
    readonly ca?: string
  } = {},
): LogAnalyticsSender {
  const target = { endpoint, ruleId: RULE, stream: STREAM, audience: 'https://monitor.azure.com' }
  const transport = transportFor(ca === cert ? caFile : fileOf(ca), host)
  return new LogAnalyticsSender(new Ingestion(target, credential, transport), host)
}

/** As the settings make it, for those who trust this CA. */
export function transportFor(ca_file: string, host: Pick<TestHost, 'clock'>): Transport {
  const settings = azureLogAnalytics.settings.parse({
    endpoint: 'https://unused.ingest.monitor.azure.com',
    rule_id: RULE,
    proxy: 'none',
    tls: { ca_file },
  })
  return new Transport(settings as TransportSettings, host)
}

/** Gives one token after the other, a new one with each credential; the last one stays. */
export function tokens(...all: readonly string[]): () => Promise<TokenCredential> {
  let given = 0
  return async () => {
    const token = all[Math.min(given++, all.length - 1)]
    return { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) }
  }
}

export function entriesIn(request: Seen): readonly { readonly [column: string]: unknown }[] {
  return JSON.parse(request.body.toString())
}
