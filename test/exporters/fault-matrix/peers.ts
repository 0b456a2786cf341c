import { writeFileSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { azureLogAnalytics } from '../../../exporters/azure_log_analytics/index.ts'
import { Ingestion } from '../../../exporters/azure_log_analytics/ingestion.ts'
import { LogAnalyticsSender } from '../../../exporters/azure_log_analytics/log-analytics-sender.ts'
import { Transport, type TransportSettings } from '../../../exporters/azure_log_analytics/transport.ts'
import { otlpHttp } from '../../../exporters/otlp_http/index.ts'
import { splunkHec } from '../../../exporters/splunk_hec/index.ts'
import type { DeliverySettings, Host, Sender } from '../../../src/sdk/index.ts'
import { fileOf, selfSigned } from '../../support/certificates.ts'
import type { Answer, Seen } from '../../support/faulty-server.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** A row as it arrived: its UUID, and all of it as text. */
export interface Arrived {
  readonly uuid: string
  readonly text: string
}

/** An exporter against its backend, and how that one speaks. */
export interface Peer {
  readonly tls?: ServerOptions
  open(test: TestContext, url: string, host: Host): Opened
  /** Rows in a request; none in one that is no delivery of rows. */
  rowsIn(request: Seen): readonly Arrived[]
  /** It has the rows. `nth` counts the requests with rows, from 0. */
  takes(nth: number): Answer
  /** A refusal in the backend's words. */
  refuses(status: number, headers?: { readonly [name: string]: string }): Answer
  /** What it says to requests without rows. */
  besides?(request: Seen, acks: Acks): Answer
  /** Splunk only: the event at this place is bad. */
  stopsAt?(place: number): Answer
  /** OTLP only: it has all but so many. */
  takesAllBut?(rows: number): Answer
  /** Whether rows count as delivered only when the indexer says so. */
  readonly acknowledges: boolean
  /** Whether a 500 is final, as its protocol has it. */
  readonly isFinal500: boolean
}

export interface Opened {
  readonly sender: Sender
  readonly delivery: DeliverySettings
  /** The token that the backend knows from now on is the one that the exporter finds. */
  renewToken(): void
}

/** Which of the numbers asked for are indexed, and perhaps others. */
export type Acks = (asked: readonly number[]) => { readonly [ackId: string]: boolean }

export const OLD_TOKEN = 'old-token-for-tests'
export const NEW_TOKEN = 'new-token-for-tests'

/** Short waits, so that the matrix is done before anybody gets tired. */
const DELIVERY = {
  timeout: '400ms',
  retry: { initial_interval: '5ms', max_interval: '40ms' },
  concurrency: 2,
}
const JSON_TYPE = { 'content-type': 'application/json' }

const otlp: Peer = {
  acknowledges: false,
  isFinal500: true,
  open(test, url, host) {
    const { token_file, renewToken } = tokenFile(test)
    const settings = { endpoint: url, encoding: 'json', proxy: 'none', token_file, ...DELIVERY }
    return { ...opened(otlpHttp, settings, host), renewToken }
  },
  rowsIn({ body }) {
    const { resourceLogs } = JSON.parse(body.toString() || '{"resourceLogs":[]}') as OtlpRequest
    const records = resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    return records.map((record) => ({
      uuid: record.attributes.find(({ key }) => key === 'log.record.uid')!.value.stringValue,
      text: JSON.stringify(record),
    }))
  },
  takes: () => ({ status: 200, headers: JSON_TYPE, body: '{}' }),
  refuses: (status, headers = {}) => ({ status, headers, body: '{"message":"no"}' }),
  takesAllBut(rows) {
    const partialSuccess = { rejectedLogRecords: `${rows}`, errorMessage: 'too old' }
    return { status: 200, headers: JSON_TYPE, body: JSON.stringify({ partialSuccess }) }
  },
}

interface OtlpRequest {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly attributes: readonly {
          readonly key: string
          readonly value: { readonly stringValue: string }
        }[]
      }[]
    }[]
  }[]
}

function splunk(ack: boolean): Peer {
  return {
    acknowledges: ack,
    isFinal500: false,
    open(test, url, host) {
      const { token_file, renewToken } = tokenFile(test)
      const acks = { ack, ack_poll_interval: '100ms', ack_timeout: '1s' }
      const settings = { endpoint: url, proxy: 'none', token_file, ...acks, ...DELIVERY }
      return { ...opened(splunkHec, settings, host), renewToken }
    },
    rowsIn({ url, body }) {
      if (!url.endsWith('/event') || !body.includes('"UUID"')) return []
      const events = JSON.parse(`[${body.toString().replaceAll('}}{', '}},{')}]`) as {
        event: { UUID: string }
      }[]
      return events.map(({ event }) => ({ uuid: event.UUID, text: JSON.stringify(event) }))
    },
    takes: (nth) => said(200, { text: 'Success', code: 0, ...(ack && { ackId: nth }) }),
    refuses: (status, headers) => said(status, { text: 'no', code: HEC_CODES[status] ?? 6 }, headers),
    besides({ url, body }, acks) {
      // A bad event alone, to learn where numbers begin.
      if (!url.endsWith('/ack'))
        return said(400, { text: 'Invalid data format', code: 6, 'invalid-event-number': 0 })
      const asked = (JSON.parse(body.toString()) as { acks: number[] }).acks
      return said(200, { acks: acks(asked) })
    },
    stopsAt: (place) => said(400, { text: 'Invalid data format', code: 6, 'invalid-event-number': place }),
  }
}

const HEC_CODES: { readonly [status: number]: number } = { 401: 3, 403: 4, 429: 26, 500: 8, 503: 9 }

function said(status: number, body: object, headers: { readonly [name: string]: string } = {}): Answer {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) }
}

const certificate = selfSigned()
const caFile = fileOf(certificate.cert)

/** Azure's client, with tokens that the test hands out in place of Entra ID. */
const azure: Peer = {
  tls: certificate,
  acknowledges: false,
  isFinal500: false,
  open(_, url, host) {
    let token = OLD_TOKEN
    const rule = {
      ruleId: 'dcr-1',
      stream: 'Custom-ContainerNetworkLogs_CL',
      audience: 'https://monitor.azure.com',
    }
    const getToken = async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 })
    const settings = azureLogAnalytics.settings.parse({
      endpoint: 'https://unused.ingest.monitor.azure.com',
      rule_id: rule.ruleId,
      proxy: 'none',
      tls: { ca_file: caFile },
      ...DELIVERY,
    })
    const credential = async () => ({ getToken })
    const transport = new Transport(settings as TransportSettings, host)
    const ingestion = new Ingestion({ endpoint: url, ...rule }, credential, transport)
    return {
      sender: new LogAnalyticsSender(ingestion, host),
      delivery: azureLogAnalytics.delivery(settings),
      renewToken: () => {
        token = NEW_TOKEN
      },
    }
  },
  rowsIn({ body }) {
    const entries = JSON.parse(body.toString()) as { readonly UUID: string }[]
    return entries.map((entry) => ({ uuid: entry.UUID, text: JSON.stringify(entry) }))
  },
  takes: () => ({ status: 204 }),
  refuses: (status, headers) => said(status, { error: { code: `Code${status}`, message: 'no' } }, headers),
}

/** By type of exporter; one may speak in several ways. */
export const PEERS: { readonly [type: string]: { readonly [way: string]: Peer } } = {
  otlp_http: { otlp_http: otlp },
  splunk_hec: { splunk_hec: splunk(false), 'splunk_hec with ack': splunk(true) },
  azure_log_analytics: { azure_log_analytics: azure },
}

function opened(
  { settings: schema, create, delivery }: typeof otlpHttp,
  input: object,
  host: Host,
): Pick<Opened, 'sender' | 'delivery'> {
  const settings = schema.parse(input)
  return { sender: create({ settings, host }), delivery: delivery(settings) }
}

function tokenFile(test: TestContext) {
  const token_file = join(tempDir(test), 'token')
  writeFileSync(token_file, OLD_TOKEN)
  return { token_file, renewToken: () => writeFileSync(token_file, NEW_TOKEN) }
}
