import { hostname } from 'node:os'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Clock, Dictionary, Host, Output } from '../sdk/index.ts'
import { Log } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** What the service has of the world around it. */
export interface World {
  readonly clock: Clock
  readonly log: Log
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

export function makeWorld({ service }: Pick<ResolvedConfig, 'service'>, { clock, out, err }: WorldIo): World {
  const { level, format } = service.logs
  const chosen = format === 'auto' ? (err.isTty ? 'text' : 'json') : format
  return {
    clock,
    out,
    log: new Log({ level, format: chosen }, clock, (text) => err.write(text)),
    node: ({ service }) => service.nodeName ?? hostname(),
  }
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
