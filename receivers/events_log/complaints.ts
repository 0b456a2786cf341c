import type { Logger } from '../../src/sdk/index.ts'

/** What cannot be read: said once when it begins, and once when it is over. */
export class Complaints {
  readonly #log: Logger
  #blocked: ReadonlyMap<string, string> = new Map()

  constructor(log: Logger) {
    this.#log = log
  }

  /** All that is blocked now, by path, with the reason. */
  are(blocked: ReadonlyMap<string, string>): void {
    for (const [path, reason] of blocked)
      if (!this.#blocked.has(path))
        this.#log.warn('cannot read; trying again at every poll', { path, reason })
    for (const path of this.#blocked.keys())
      if (!blocked.has(path)) this.#log.info('can read again', { path })
    this.#blocked = blocked
  }
}
