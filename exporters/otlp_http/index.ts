import { z } from 'zod'
import {
  checkHttp,
  defineSender,
  deliveryOf,
  deliveryShape,
  httpShape,
  httpUrl,
  openHttp,
  SettingError,
  size,
} from '../../src/sdk/index.ts'
import { ENCODINGS } from './encodings.ts'
import { OtlpSender } from './otlp-sender.ts'

const LOGS_PATH = '/v1/logs'

const settings = z.strictObject({
  endpoint: httpUrl()
    .nullable()
    .default(null)
    .describe(`Base URL of the backend, such as \`http://collector:4318\`; \`${LOGS_PATH}\` is added.`),
  logs_endpoint: httpUrl()
    .nullable()
    .default(null)
    .describe('The whole URL for logs, taken as it is; instead of `endpoint`.'),
  encoding: z
    .enum(['proto', 'json'])
    .default('proto')
    .describe('`proto` is half as long; `json` can be read on the wire.'),
  compression: z
    .enum(['none', 'gzip', 'zstd'])
    .default('gzip')
    .describe('Every OTLP backend takes `gzip`; `zstd` costs less, where it is taken.'),
  resource: z
    .strictObject({
      attributes: z
        .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
        .default({})
        .describe(
          'Attributes of the resource, such as `k8s.cluster.name`. Unless set here, `service.name` is `flowfold` and `k8s.node.name` this node.',
        ),
    })
    .prefault({})
    .describe('Who the rows come from.'),
  max_payload_bytes: size({ minBytes: 1024 })
    .prefault('4MiB')
    .describe('Longest request, before compression. A single row beyond it goes to the dead letter.'),
  ...httpShape(),
  ...deliveryShape(),
})

export const otlpHttp = defineSender({
  kind: 'sender',
  type: 'otlp_http',
  summary: 'Sends rows as OpenTelemetry log records over HTTP.',
  settings,
  metrics: [],
  check(settings) {
    logsUrl(settings)
    checkHttp(settings)
  },
  delivery: deliveryOf,
  create({ settings, host }) {
    const { encoding, compression, resource, max_payload_bytes } = settings
    return new OtlpSender({
      url: logsUrl(settings),
      encoding: ENCODINGS[encoding],
      compression,
      maxPayloadBytes: max_payload_bytes,
      resource: { 'service.name': 'flowfold', 'k8s.node.name': host.node, ...resource.attributes },
      http: openHttp(settings, 'Bearer', host),
      host,
    })
  },
})

/** As the OTLP exporter specification wants it: the path is added to a base URL, never to a whole one. */
function logsUrl({ endpoint, logs_endpoint }: z.output<typeof settings>): string {
  if (endpoint !== null && logs_endpoint !== null)
    throw new SettingError(['logs_endpoint'], 'there is an `endpoint` as well; remove one of the two')
  if (logs_endpoint !== null) return logs_endpoint
  if (endpoint === null)
    throw new SettingError([], 'does not say where to send; set `endpoint`, such as "http://collector:4318"')
  const url = new URL(endpoint)
  const path = url.pathname.replace(/\/+$/, '')
  if (path.endsWith(LOGS_PATH))
    throw new SettingError(
      ['endpoint'],
      `${LOGS_PATH} would be added once more; take it away, or write \`logs_endpoint\``,
    )
  url.pathname = `${path}${LOGS_PATH}`
  return url.href
}
