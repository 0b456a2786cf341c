import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  checkHttp,
  defineSender,
  deliveryOf,
  deliveryShape,
  duration,
  type Host,
  httpShape,
  httpUrl,
  openHttp,
  SettingError,
  size,
} from '../../src/sdk/index.ts'
import { Acknowledgments } from './acknowledgments.ts'
import { Events } from './events.ts'
import { HecSender } from './hec-sender.ts'

const COLLECTOR_PATH = '/services/collector'

const settings = z.strictObject({
  endpoint: httpUrl().describe(
    `Base URL of the HTTP Event Collector, such as \`https://splunk:8088\`; \`${COLLECTOR_PATH}/event\` is added.`,
  ),
  index: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Index to write to; without it, the default one of the token.'),
  source: z.string().min(1).default('flowfold').describe('Source of the events.'),
  sourcetype: z
    .string()
    .min(1)
    .default('cilium:hubble:flow')
    .describe('Source type of the events; `deploy/splunk` has what Splunk should know of this one.'),
  host: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Host of the events; without it, the node that saw the flows.'),
  max_content_length: size({ minBytes: 1024 })
    .prefault('2MiB')
    .describe('Longest request, before compression.'),
  max_event_size: size({ minBytes: 1024 })
    .prefault('5MiB')
    .describe('Longest event. It may go alone in a longer request; a row beyond it goes to the dead letter.'),
  compression: z.enum(['none', 'gzip']).default('gzip').describe('Splunk takes `gzip`.'),
  ack: z
    .boolean()
    .default(false)
    .describe(
      'Waits until the indexer has each request on disk; the token must have acknowledgments turned on. Without it, what Splunk took into memory counts as delivered.',
    ),
  ack_poll_interval: duration({ minMs: 100 })
    .prefault('2s')
    .describe('Time between two questions whether requests are indexed.'),
  ack_timeout: duration({ minMs: 1000 })
    .prefault('2m')
    .describe('What is not indexed by then is sent again.'),
  ...httpShape(),
  ...deliveryShape(),
})

type Settings = z.output<typeof settings>

const OPEN_DOC = 'Requests that Splunk took and has not indexed yet'
const MISSED_DOC = 'Requests sent again because they were not indexed in time'

export const splunkHec = defineSender({
  kind: 'sender',
  type: 'splunk_hec',
  summary: 'Sends rows to a Splunk HTTP Event Collector, and waits for the indexer when asked to.',
  settings,
  metrics: [
    { name: 'flowfold_splunk_hec_acks_open', doc: OPEN_DOC },
    { name: 'flowfold_splunk_hec_acks_missed_total', doc: MISSED_DOC },
  ],
  check(settings) {
    if (settings.token === null && settings.token_file === null)
      throw new SettingError([], 'has no token; set `token_file` or `token`')
    if (new URL(settings.endpoint).pathname.includes(COLLECTOR_PATH))
      throw new SettingError(['endpoint'], `${COLLECTOR_PATH} would be added once more; take it away`)
    checkHttp(settings)
  },
  delivery(settings) {
    const delivery = deliveryOf(settings)
    const { ack, ack_timeout } = settings
    return ack ? { ...delivery, timeoutMs: delivery.timeoutMs + ack_timeout } : delivery
  },
  create: ({ settings, host }) => hecSender(settings, host),
})

function hecSender(settings: Settings, host: Host): HecSender {
  const { index, source, sourcetype } = settings
  // One connection more than payloads: questions about acknowledgments do not wait behind them.
  const http = openHttp(settings, 'Splunk', host, { connections: settings.concurrency + 1 })
  const url = `${settings.endpoint.replace(/\/+$/, '')}${COLLECTOR_PATH}`
  const channel = settings.ack ? { 'x-splunk-request-channel': randomUUID() } : {}
  const headers = { 'content-type': 'application/json', ...channel }
  return new HecSender({
    url,
    headers,
    compression: settings.compression,
    maxContentLength: settings.max_content_length,
    maxEventSize: settings.max_event_size,
    events: new Events({ host: settings.host, node: host.node, source, sourcetype, index }),
    http,
    acknowledgments: settings.ack ? acknowledgments(settings, host, { http, url, headers }) : null,
    host,
  })
}

function acknowledgments(
  { ack_poll_interval, ack_timeout }: Settings,
  { clock, metrics }: Host,
  { http, url, headers }: Pick<ConstructorParameters<typeof HecSender>[0], 'http' | 'url' | 'headers'>,
): Acknowledgments {
  const missed = metrics.counter('splunk_hec_acks_missed_total', MISSED_DOC)
  const acknowledgments = new Acknowledgments({
    http,
    url: `${url}/ack`,
    headers,
    pollMs: ack_poll_interval,
    timeoutMs: ack_timeout,
    clock,
    missed: () => missed.add(1),
  })
  metrics.gauge('splunk_hec_acks_open', OPEN_DOC, () => acknowledgments.open)
  return acknowledgments
}
