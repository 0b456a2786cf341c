import { createRequire } from 'node:module'
import type { pino } from 'pino'
import type { Clock, LogFields, Logger } from '../sdk/index.ts'

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly format: 'text' | 'json'
}

/** Same place, same message: this many in a while, then one line that says how many more there were. */
const REPEATS_SHOWN = 5
const REPEATS_WINDOW_MS = 60_000
/** Places remembered; a message is fixed text, so there are few. */
const MOST_PLACES = 1000

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof LEVELS)[number]

/** One line of the log. */
export interface LogLine {
  readonly level: Level
  readonly component: string
  readonly message: string
  readonly fields: LogFields
  readonly timeMs: number
}

/** The log of the whole process; components get a view of it that carries their id. */
export class Log {
  readonly #settings: LogSettings
  readonly #clock: Clock
  readonly #write: (text: string) => void
  readonly #also: (line: LogLine) => void
  readonly #places = new Map<string, { startMs: number; seen: number }>()

  /** With the first line, so that a quiet run does without. */
  #pino: ReturnType<typeof pino> | null = null

  /** `also` gets every line that is written. */
  constructor(
    settings: LogSettings,
    clock: Clock,
    write: (text: string) => void,
    also: (line: LogLine) => void = () => {},
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#write = write
    this.#also = also
  }

  /** A logger whose lines name the component. Lines that repeat are limited, unless a person asked for each. */
  of(component: string, { isLimited = true }: { readonly isLimited?: boolean } = {}): Logger {
    const at = (level: Level) => (message: string, fields?: LogFields) =>
      this.#log(level, component, message, fields, isLimited)
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }

  #log(level: Level, component: string, message: string, fields: LogFields = {}, isLimited: boolean): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#settings.level)) return
    const unseen = isLimited ? this.#admit(`${component}\0${message}`) : 0
    if (unseen === null) return
    const all = { ...fields, ...(unseen > 0 && { repeated: unseen }) }
    this.#pino ??= this.#open()
    this.#pino[level]({ component, ...all }, message)
    this.#also({ level, component, message, fields: all, timeMs: this.#clock.now() })
  }

  #open(): ReturnType<typeof pino> {
    const { level, format } = this.#settings
    const load: typeof pino = createRequire(import.meta.url)('pino')
    return load(
      {
        level,
        base: null,
        timestamp: () => `,"time":"${new Date(this.#clock.now()).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        messageKey: 'message',
      },
      { write: format === 'json' ? this.#write : (line: string) => this.#write(readable(line)) },
    )
  }

  /** Null when the line is one too many; else how many were left out since the last one shown. */
  #admit(place: string): number | null {
    const nowMs = this.#clock.now()
    const known = this.#places.get(place)
    if (known && nowMs - known.startMs < REPEATS_WINDOW_MS) {
      known.seen++
      return known.seen > REPEATS_SHOWN ? null : 0
    }
    if (!known && this.#places.size >= MOST_PLACES) this.#places.clear()
    this.#places.set(place, { startMs: nowMs, seen: 1 })
    return known ? Math.max(0, known.seen - REPEATS_SHOWN) : 0
  }
}

/** `2026-01-01T00:00:00.000Z warn  events_log: the file cannot be read  file=/var/log/x reason="..."` */
function readable(line: string): string {
  const { level, time, component, message, ...fields } = JSON.parse(line)
  const details = Object.entries(fields).map(([name, value]) => `  ${name}=${bare(value)}`)
  return `${time} ${level.padEnd(5)} ${component}: ${message}${details.join('')}\n`
}

function bare(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}
