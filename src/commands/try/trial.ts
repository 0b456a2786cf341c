import type { PipelineConfig, ResolvedConfig } from '../../config/resolved.ts'
import type { ReceiverDefinition, SinkDefinition } from '../../sdk/index.ts'

const RECORDING = 'recording'

/** A pipeline's processors between other ends, with the state in memory: running it changes nothing. */
export function trial(
  config: ResolvedConfig,
  pipeline: PipelineConfig,
  source: ReceiverDefinition,
  sinks: ReadonlyMap<string, SinkDefinition>,
): ResolvedConfig {
  const bare = { settings: {}, input: {} }
  return {
    ...config,
    receivers: new Map([[RECORDING, { id: RECORDING, definition: source, ...bare }]]),
    exporters: new Map([...sinks].map(([id, definition]) => [id, { id, definition, ...bare }])),
    pipelines: [{ ...pipeline, receivers: [RECORDING], exporters: [...sinks.keys()] }],
    service: {
      ...config.service,
      stateDir: 'memory',
      durability: 'process',
      metricsEndpoint: null,
      healthEndpoint: null,
      logs: { level: 'warn', format: 'text' },
    },
  }
}
