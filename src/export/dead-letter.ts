import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock, Logger, Row } from '../sdk/index.ts'

/** One line of a dead-letter file. */
export interface DeadLetterLine {
  readonly exporter: string
  /** RFC 3339. */
  readonly refusedAt: string
  readonly reason: string
  readonly row: Row
}

/** Where rows go that a backend refuses for good: a file that `flowfold replay` sends again, or nowhere. */
export class DeadLetter {
  readonly #exporter: string
  readonly #path: string | null
  readonly #clock: Clock
  readonly #log: Logger

  constructor(exporter: string, path: string | null, clock: Clock, log: Logger) {
    this.#exporter = exporter
    this.#path = path
    this.#clock = clock
    this.#log = log
  }

  write(rows: readonly Row[], reason: string): void {
    if (this.#path === null) return
    const refusedAt = new Date(this.#clock.now()).toISOString()
    const line = (row: Row) => `${JSON.stringify({ exporter: this.#exporter, refusedAt, reason, row })}\n`
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      appendFileSync(this.#path, rows.map(line).join(''), { mode: 0o640 })
    } catch (error) {
      this.#log.error('refused rows cannot be written to the dead letter; they are gone', {
        dead_letter: this.#path,
        rows: rows.length,
        reason: (error as Error).message,
      })
    }
  }
}
