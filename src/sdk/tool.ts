import type { Host } from './host.ts'

/** A command of its own that a component brings along, such as the part of it that needs rights: `flowfold NAME`. */
export interface Tool {
  /** One sentence. */
  readonly summary: string
  /** By name: `--name <value>`. Those without a default must be given. */
  readonly options: { readonly [name: string]: { readonly doc: string; readonly default?: string } }
  /**
   * Works until `signal` aborts. Throws a `SettingError` for an option that is wrong, and any other error for what it cannot
   * have.
   */
  run(
    options: { readonly [name: string]: string },
    host: Pick<Host, 'clock' | 'log'>,
    signal: AbortSignal,
  ): Promise<void>
}
