import { appendFileSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Clock, DeliverySettings, Logger, Row } from '../sdk/index.ts'

/** One line of a dead-letter file. */
export interface DeadLetterLine {
  readonly exporter: string
  /** RFC 3339. */
  readonly refusedAt: string
  readonly reason: string
  readonly row: Row
}

/** A backend that refuses everything must not fill the disk: beyond this, refused rows are only counted. */
const LARGEST_FILE_BYTES = 2 ** 30

/** The file of an exporter; null where there is none. A state in memory has no folder. */
export function deadLetterPath(
  setting: DeliverySettings['deadLetter'],
  exporter: string,
  stateDir: string,
): string | null {
  if (setting === 'none' || (setting === 'auto' && stateDir === 'memory')) return null
  return setting === 'auto' ? join(stateDir, 'dead_letter', `${exporter}.jsonl`) : setting.path
}

/** Where rows go that a backend refuses for good: a file that `flowfold replay` sends again, or nowhere. */
export class DeadLetter {
  readonly #exporter: string
  readonly path: string | null
  readonly #clock: Clock
  readonly #log: Logger
  readonly #maxBytes: number

  constructor(
    exporter: string,
    path: string | null,
    clock: Clock,
    log: Logger,
    maxBytes = LARGEST_FILE_BYTES,
  ) {
    this.#exporter = exporter
    this.path = path
    this.#clock = clock
    this.#log = log
    this.#maxBytes = maxBytes
  }

  /** 0 as well where nobody may look. */
  get bytes(): number {
    try {
      return this.path === null ? 0 : statSync(this.path).size
    } catch {
      return 0
    }
  }

  write(rows: readonly Row[], reason: string): void {
    if (this.path === null) return
    const refusedAt = new Date(this.#clock.now()).toISOString()
    const line = (row: Row): DeadLetterLine => ({ exporter: this.#exporter, refusedAt, reason, row })
    const text = rows.map((row) => `${JSON.stringify(line(row))}\n`).join('')
    try {
      if (this.bytes + text.length > this.#maxBytes)
        throw new Error('it is full; move it away, and a new one begins')
      mkdirSync(dirname(this.path), { recursive: true })
      // On the disk before the outbox forgets the rows.
      appendFileSync(this.path, text, { mode: 0o640, flag: 'as' })
    } catch (error) {
      this.#log.error('refused rows cannot be written to the dead letter; they are gone', {
        dead_letter: this.path,
        rows: rows.length,
        reason: (error as Error).message,
      })
    }
  }
}
