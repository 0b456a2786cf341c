import { readFileSync } from 'node:fs'
import type { Clock } from '../util/clock.ts'

const LOOK_EVERY_MS = 1000

/**
 * A small file that somebody may replace at any time, as Kubernetes does with mounted Secrets. It is read again, at most
 * once a second; while it cannot be read, what it last said holds.
 */
export class WatchedFile {
  readonly #path: string
  readonly #clock: Clock
  #text: string
  #readAtMs: number

  /** Throws when there is no such file, or no permission to read it. */
  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
    this.#text = readFileSync(path, 'utf8')
    this.#readAtMs = clock.now()
  }

  text(): string {
    const nowMs = this.#clock.now()
    if (Math.abs(nowMs - this.#readAtMs) >= LOOK_EVERY_MS) {
      this.#readAtMs = nowMs
      try {
        this.#text = readFileSync(this.#path, 'utf8')
      } catch {
        // Between the removal of the old file and the appearance of the new one.
      }
    }
    return this.#text
  }
}
