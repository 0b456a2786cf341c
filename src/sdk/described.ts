import type { z } from 'zod'

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
  /**
   * Looks at what the schema cannot: files that settings name, texts in a language of their own. Throws a `SettingError`;
   * changes nothing and starts nothing.
   */
  check?(settings: z.output<S>): void
  /** The component's own metrics, for its README. */
  readonly metrics: readonly MetricDoc[]
}

export interface MetricDoc {
  /** With the prefix: `flowfold_events_log_files_open`. */
  readonly name: string
  readonly doc: string
}
