import type { z } from 'zod'
import type { SenderDefinition, SinkDefinition } from './exporter.ts'
import type { FoldDefinition, ProcessorDefinition } from './processor.ts'
import type { ReceiverDefinition } from './receiver.ts'
import type { Tool } from './tool.ts'

export type AnyProcessorDefinition = ProcessorDefinition | FoldDefinition
export type AnyExporterDefinition = SinkDefinition | SenderDefinition
export type AnyDefinition = ReceiverDefinition | AnyProcessorDefinition | AnyExporterDefinition

/**
 * All components of this build by type. Each is loaded when a config names it, so nobody pays for what is not used.
 */
export interface Catalog {
  readonly receivers: { readonly [type: string]: () => Promise<ReceiverDefinition> }
  readonly processors: { readonly [type: string]: () => Promise<AnyProcessorDefinition> }
  readonly exporters: { readonly [type: string]: () => Promise<AnyExporterDefinition> }
  /** Commands that components bring along, by name. */
  readonly tools?: { readonly [name: string]: Tool }
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

export function defineSender<S extends z.ZodType>(definition: SenderDefinition<S>): SenderDefinition {
  return definition as unknown as SenderDefinition
}
