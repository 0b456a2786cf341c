import type { AnyExporterDefinition, AnyProcessorDefinition, ReceiverDefinition } from '../sdk/index.ts'

/** A configuration that has passed every check: what the engine runs. */
export interface ResolvedConfig {
  readonly receivers: ReadonlyMap<string, Configured<ReceiverDefinition>>
  readonly processors: ReadonlyMap<string, Configured<AnyProcessorDefinition>>
  readonly exporters: ReadonlyMap<string, Configured<AnyExporterDefinition>>
  readonly pipelines: readonly PipelineConfig[]
  readonly service: ServiceConfig
  /** Where a setting stands, `prod.yaml:14:5`; for errors that only show when a component is made. */
  placeOf(path: readonly (string | number)[]): string
}

/** One component of the config: which, and how it was set. */
export interface Configured<D> {
  /** `type` or `type/name`. */
  readonly id: string
  readonly definition: D
  /** What the definition's schema made of the input. */
  readonly settings: unknown
  /** The input itself, expanded; secrets included, so never print it as it is. */
  readonly input: unknown
}

export interface PipelineConfig {
  /** `logs` or `logs/name`. */
  readonly id: string
  readonly receivers: readonly string[]
  /** A fold, if there is one, comes last. */
  readonly processors: readonly string[]
  readonly exporters: readonly string[]
}

export interface ServiceConfig {
  /** `memory` keeps nothing: for trials. */
  readonly stateDir: string
  /** `process`: safe against the death of the process. `power`: against the machine's as well, with fsync. */
  readonly durability: 'process' | 'power'
  readonly commitIntervalMs: number
  readonly shutdownTimeoutMs: number
  readonly nodeName: string | null
  readonly dictionaryBytes: number
  readonly logs: {
    readonly level: 'debug' | 'info' | 'warn' | 'error'
    readonly format: 'text' | 'json' | 'auto'
    /** A backend that gets the lines as well. */
    readonly otlp?: {
      readonly url: string
      readonly encoding: 'proto' | 'json'
      readonly headers: { readonly [name: string]: string }
    }
  }
  /** Null where turned off. */
  readonly metricsEndpoint: Endpoint | null
  readonly healthEndpoint: Endpoint | null
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}
