import type { z } from 'zod'
import type { SinkDefinition } from './exporter.ts'
import type { FoldDefinition, ProcessorDefinition } from './processor.ts'
import type { ReceiverDefinition } from './receiver.ts'

/**
 * What every definition tells of its component. The one declaration of settings gives the type, the defaults, the lint,
 * the table in the component's README and `config/schema.json`.
 */
export interface Described<S extends z.ZodType> {
  /** As in YAML, and the name of the component's folder. */
  readonly type: string
  /** One sentence. */
  readonly summary: string
  /** An object schema; each setting carries a `.describe(...)`. */
  readonly settings: S
  /** The component's own metrics, for its README. */
  readonly metrics: readonly MetricDoc[]
}

export interface MetricDoc {
  /** With the prefix: `flowfold_events_log_files_open`. */
  readonly name: string
  readonly doc: string
}

export type AnyProcessorDefinition = ProcessorDefinition | FoldDefinition
export type AnyDefinition = ReceiverDefinition | AnyProcessorDefinition | SinkDefinition

/**
 * All components of this build by type. Each is loaded when a config names it, so nobody pays for what is not used.
 */
export interface Catalog {
  readonly receivers: { readonly [type: string]: () => Promise<ReceiverDefinition> }
  readonly processors: { readonly [type: string]: () => Promise<AnyProcessorDefinition> }
  readonly exporters: { readonly [type: string]: () => Promise<SinkDefinition> }
}

/** Keeps a definition's settings type while it is written down. */
export function defineReceiver<S extends z.ZodType>(definition: ReceiverDefinition<S>): ReceiverDefinition {
  return definition as unknown as ReceiverDefinition
}

export function defineProcessor<S extends z.ZodType>(
  definition: ProcessorDefinition<S>,
): ProcessorDefinition {
  return definition as unknown as ProcessorDefinition
}

export function defineFold<S extends z.ZodType>(definition: FoldDefinition<S>): FoldDefinition {
  return definition as unknown as FoldDefinition
}

export function defineSink<S extends z.ZodType>(definition: SinkDefinition<S>): SinkDefinition {
  return definition as unknown as SinkDefinition
}
