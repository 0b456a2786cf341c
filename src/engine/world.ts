import { hostname } from 'node:os'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Clock, Dictionary, Host, Output } from '../sdk/index.ts'
import { Log } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { OwnLogs } from '../telemetry/own-logs.ts'

/** What the service has of the world around it. */
export interface World {
  readonly clock: Clock
  readonly log: Log
  /** Null where the log goes to stderr alone. */
  readonly ownLogs: OwnLogs | null
  readonly out: Output
  /** Name of this machine, from the config or the system. */
  node(config: ResolvedConfig): string
}

/** What the process lends. */
export interface WorldIo {
  readonly clock: Clock
  readonly out: Output
  /** Where the log goes: stderr. */
  readonly err: Output
}

export async function makeWorld(
  config: Pick<ResolvedConfig, 'service'>,
  { clock, out, err }: WorldIo,
): Promise<World> {
  const { level, format, otlp } = config.service.logs
  const chosen = format === 'auto' ? (err.isTty ? 'text' : 'json') : format
  const told = (reason: string | null) => {
    if (reason === null) log.of('service').info('own log lines reach telemetry.logs.otlp again')
    else log.of('service').warn('own log lines do not reach telemetry.logs.otlp; they stand here', { reason })
  }
  const ownLogs = otlp ? await openOwnLogs(otlp, nodeName(config), clock, told) : null
  const log = new Log(
    { level, format: chosen },
    clock,
    (text) => err.write(text),
    ownLogs ? (line) => ownLogs.take(line) : undefined,
  )
  return { clock, out, log, ownLogs, node: nodeName }
}

function nodeName({ service }: Pick<ResolvedConfig, 'service'>): string {
  return service.nodeName ?? hostname()
}

async function openOwnLogs(...parts: Parameters<typeof OwnLogs.open>): Promise<OwnLogs> {
  // Loaded by those who want it.
  const { OwnLogs } = await import('../telemetry/own-logs.ts')
  return OwnLogs.open(...parts)
}

/** What the components of a config share. */
export interface Shared {
  readonly config: ResolvedConfig
  readonly world: World
  readonly metrics: Metrics
  readonly dictionary: Dictionary
}

/** What one component sees of all this. */
export function hostOf(
  { config, world, metrics, dictionary }: Shared,
  kind: 'receiver' | 'processor' | 'exporter',
  id: string,
  labels: { readonly pipeline?: string } = {},
): Host {
  const { clock, log, out } = world
  return {
    id,
    node: world.node(config),
    clock,
    log: log.of(id),
    out,
    metrics: metrics.meter({ [kind]: id, ...labels }),
    dictionary,
  }
}
