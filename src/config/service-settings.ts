import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { duration, httpUrl, size } from '../sdk/index.ts'
import type { Endpoint, ServiceConfig } from './resolved.ts'

const pipelineSettings = z.strictObject({
  receivers: z.array(z.string()).min(1).describe('Ids of the receivers that feed it'),
  processors: z
    .array(z.string())
    .default([])
    .describe('Ids of what happens to the flows, in this order; one that folds comes last'),
  exporters: z.array(z.string()).min(1).describe('Ids of the exporters; each gets every row'),
})

/** Everything below `service`. */
export const serviceSettings = z
  .strictObject({
    pipelines: z
      .record(z.string(), pipelineSettings)
      .refine(
        (pipelines) => Object.keys(pipelines).length > 0,
        'must not be empty; a pipeline is named "logs" or "logs/name"',
      )
      .describe('Pipelines by id, `logs` or `logs/name`'),
    state_dir: z
      .string()
      .min(1)
      .default('/var/lib/flowfold')
      .describe('Folder of the state: positions, open windows, rows on their way. `memory` keeps nothing'),
    durability: z
      .enum(['process', 'power'])
      .default('process')
      .describe('What a commit survives: the end of the process, or a power cut too (one fsync a commit)'),
    commit_interval: duration({ minMs: 100, maxMs: 60_000 })
      .prefault('1s')
      .describe('Time between commits: how much is read again after a crash, never twice counted'),
    shutdown_timeout: duration({ minMs: 1000 })
      .prefault('20s')
      .describe('Time to hand everything over when asked to stop; keep it below the grace period of the pod'),
    node_name: z
      .string()
      .min(1)
      .optional()
      .describe('Name of this node in rows whose flows do not tell; the host name unless set'),
    dictionary_bytes: size({ minBytes: 2 ** 20 })
      .prefault('32MiB')
      .describe('Memory for names and endpoints that flows repeat; past it, it starts afresh'),
    telemetry: z
      .strictObject({
        metrics: z
          .strictObject({
            level: z.enum(['none', 'normal']).default('normal').describe('`none` turns own metrics off'),
            endpoint: endpoint()
              .prefault('localhost:8888')
              .describe('Where Prometheus finds `/metrics`; `none` turns it off'),
          })
          .prefault({}),
        logs: z
          .strictObject({
            level: z
              .enum(['debug', 'info', 'warn', 'error'])
              .default('info')
              .describe('The least that is logged'),
            format: z
              .enum(['auto', 'text', 'json'])
              .default('auto')
              .describe('`auto` is text on a terminal and JSON elsewhere'),
            otlp: z
              .strictObject({
                endpoint: httpUrl().describe(
                  'Base URL of the backend, such as `http://collector:4318`; `/v1/logs` is added',
                ),
                encoding: z.enum(['proto', 'json']).default('proto').describe('How requests are written'),
                headers: z
                  .record(z.string(), z.string())
                  .default({})
                  .meta({ secret: true })
                  .describe('Headers of every request. Their values are never shown'),
              })
              .optional()
              .describe('Backend that gets the lines as well, as OpenTelemetry log records'),
          })
          .prefault({}),
      })
      .prefault({}),
    health: z
      .strictObject({
        endpoint: endpoint()
          .prefault('localhost:13133')
          .describe(
            'Where probes find `/healthz` and `/readyz`, and `flowfold balance` asks; `none` turns it off',
          ),
      })
      .prefault({}),
  })
  .superRefine(({ telemetry, health }, context) => {
    const message = collision(health.endpoint, telemetry.metrics.endpoint)
    if (message !== null && telemetry.metrics.level !== 'none')
      context.addIssue({ code: 'custom', path: ['telemetry', 'metrics', 'endpoint'], message })
  })

/** Two endpoints of which only one could be had, in words; null when both can. */
function collision(one: Endpoint | null, other: Endpoint | null): string | null {
  if (one === null || other === null || one.port !== other.port || one.host === other.host) return null
  const isAny = [one, other].some(({ host }) => ANY_HOSTS.has(host))
  const areLocal = [one, other].every(({ host }) => LOCAL_HOSTS.has(host))
  if (!isAny && !areLocal) return null
  return `has port ${one.port} as service.health.endpoint has, at another host; give both the same host, or another port`
}

const ANY_HOSTS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const LOCAL_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1'])

/** The settings as the engine takes them. */
export function serviceConfig(settings: z.output<typeof serviceSettings>): ServiceConfig {
  const { telemetry, health } = settings
  return {
    stateDir: settings.state_dir,
    durability: settings.durability,
    commitIntervalMs: settings.commit_interval,
    shutdownTimeoutMs: settings.shutdown_timeout,
    nodeName: settings.node_name ?? null,
    dictionaryBytes: settings.dictionary_bytes,
    logs: logsConfig(telemetry.logs),
    metricsEndpoint: telemetry.metrics.level === 'none' ? null : telemetry.metrics.endpoint,
    healthEndpoint: health.endpoint,
  }
}

function logsConfig({
  otlp,
  ...logs
}: z.output<typeof serviceSettings>['telemetry']['logs']): ServiceConfig['logs'] {
  if (otlp === undefined) return logs
  const { endpoint, ...others } = otlp
  return { ...logs, otlp: { url: `${endpoint.replace(/\/+$/, '')}/v1/logs`, ...others } }
}

/** `localhost:8888`, `0.0.0.0:8888`, `[::1]:8888`; null for `none`. */
function endpoint() {
  return z.string().transform((text, context): Endpoint | null => {
    if (text === 'none') return null
    const parsed = parseEndpoint(text)
    if (parsed !== null) return parsed
    context.addIssue({
      code: 'custom',
      message: `"${text}" is no endpoint; write "host:port", such as "localhost:8888", or "none"`,
    })
    return z.NEVER
  })
}

export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s/[\]]+)):(\d{1,5})$/.exec(text)
  if (match === null || Number(match[3]) > 65_535) return null
  const host = match[1] ?? match[2]
  // `${env:POD_IP}:8888` is that of either family.
  return host.includes(':') && !isIPv6(host) ? null : { host, port: Number(match[3]) }
}
