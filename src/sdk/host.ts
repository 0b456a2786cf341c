import type { Dictionary } from '../record/dictionary.ts'
import type { Clock } from '../util/clock.ts'
import type { Json } from '../util/json.ts'

/** All that a component sees of the world. It touches no `Date.now`, `setTimeout`, `console` or `process` itself. */
export interface Host {
  /** Id from the config: `events_log`, `file/archive`. */
  readonly id: string
  /** Name of this machine, for rows that do not name their node. */
  readonly node: string
  readonly clock: Clock
  readonly log: Logger
  /** What the user sees: stdout. */
  readonly out: Output
  readonly metrics: Meter
  /** The one dictionary of the process: ids in batches are its ids. */
  readonly dictionary: Dictionary
}

export interface Output {
  /** Never throws: what nobody takes is dropped. */
  write(text: string): void
  readonly isTty: boolean
  /** Width of the terminal, in characters; 120 where there is none. */
  readonly columns: number
  /** Whether text may be coloured: a terminal, and no `NO_COLOR`. */
  readonly colors: boolean
}

/** A fixed message for the operator, what varies in `fields`. Never one line per flow, never a secret. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  /** The state changed. */
  info(message: string, fields?: LogFields): void
  /** Degraded, nothing lost. */
  warn(message: string, fields?: LogFields): void
  /** Something was lost, or a person is needed. */
  error(message: string, fields?: LogFields): void
}

export type LogFields = { readonly [name: string]: Json | undefined }

/** Where a component announces its own metrics. Names get the prefix `flowfold_`, and the component's id as a label. */
export interface Meter {
  /** A count that only grows; the name ends in `_total`. */
  counter(name: string, doc: string, labels?: Labels): Counter
  /** The same, counted elsewhere and read when somebody asks. */
  total(name: string, doc: string, read: () => number, labels?: Labels): void
  /** A value read when somebody asks. */
  gauge(name: string, doc: string, read: () => number, labels?: Labels): void
}

/** Few and bounded values: reasons and states, never addresses or pods. */
export type Labels = { readonly [name: string]: string }

export interface Counter {
  add(amount: number): void
}
