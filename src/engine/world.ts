import { hostname } from 'node:os'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Clock, Output } from '../sdk/index.ts'
import type { Log } from '../telemetry/logger.ts'
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

export function nodeName({ service }: ResolvedConfig): string {
  return service.nodeName ?? hostname()
}
