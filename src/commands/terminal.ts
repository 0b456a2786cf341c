import type { Clock, Output } from '../sdk/index.ts'

/** What a command has of the process it runs in. */
export interface Terminal {
  readonly clock: Clock
  readonly out: Output
  readonly err: Output
  readonly env: { readonly [name: string]: string | undefined }
  /** Calls `work` when the process is asked to stop (SIGTERM, SIGINT). Asked again, it stops at once. */
  onStop(work: () => void): void
  /** Calls `work` each time the process is asked to read its config again (SIGHUP). */
  onReload(work: () => void): void
}

/** How a command ended: well, failed while running, or told something it cannot do. A restart does not help with 78. */
export type ExitCode = 0 | 1 | 78
