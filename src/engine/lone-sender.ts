import type { Configured, ResolvedConfig } from '../config/resolved.ts'
import {
  type DeliverySettings,
  Dictionary,
  type Logger,
  type Sender,
  type SenderDefinition,
} from '../sdk/index.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { made } from './start-error.ts'
import { hostOf, type World } from './world.ts'

/** A sender outside of a running service. */
export interface LoneSender {
  readonly sender: Sender
  readonly settings: DeliverySettings
  readonly log: Logger
}

/** Makes a sender of a config, and nothing else of it; throws `StartError`. */
export function loneSender(
  config: ResolvedConfig,
  { id, definition, settings }: Configured<SenderDefinition>,
  world: World,
): LoneSender {
  const host = hostOf({ config, world, metrics: new Metrics(), dictionary: new Dictionary() }, 'exporter', id)
  const sender = made(config, 'exporters', id, () => definition.create({ settings, host }))
  return { sender, settings: definition.delivery(settings), log: host.log }
}
