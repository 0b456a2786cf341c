/**
 * What an object of JSON is made of, and where its values go: the kernel's orders. `C` are the names of columns, `K`
 * the kinds of fragments. Keys that a shape does not name are skipped.
 */
export interface Shape<C extends string = string, K extends string = string> {
  readonly [key: string]: Reading<C, K>
}

export type Reading<C extends string = string, K extends string = string> = {
  /** Of the keys of one such group an object has at most one. */
  readonly oneOf?: string
  /**
   * A run of keys whose values recur together begins or ends with this one: the kernel compares its bytes as one. Only
   * `repeated`, `fragment` and `flag` can be in it, others break it.
   */
  readonly run?: 'begins steadily' | 'begins variedly' | 'ends'
} & (
  | { readonly as: 'skipped' }
  /** Skipped, and so often the same that knowing its bytes is faster than reading them. */
  | { readonly as: 'repeated'; readonly recurs: Recurrence }
  /** A value that JavaScript is asked about once and known by its bytes from then on. */
  | {
      readonly as: 'fragment'
      readonly kind: K
      readonly column: C
      readonly recurs: Recurrence | Alongside<C>
    }
  | { readonly as: 'text'; readonly column: C }
  /** The path of a URL. */
  | { readonly as: 'path'; readonly column: C }
  /** A whole number from 0 to 2^32 - 2, as number or as digits; the column gets it plus `plus`. */
  | { readonly as: 'number'; readonly column: C; readonly plus: 0 | 1 }
  | { readonly as: 'flag'; readonly column: C; readonly yes: number; readonly no: number }
  | {
      readonly as: 'object'
      readonly shape: Shape<C, K>
      /** What columns get because the object is there, whatever is in it. */
      readonly present?: readonly Preset<C>[]
    }
  /** RFC 3339 in UTC. */
  | { readonly as: 'time'; readonly seconds: C; readonly nanos: C }
)

/** From line to line a value is mostly the same, one of a few, or one of very many: a hint, for speed alone. */
export type Recurrence = 'steadily' | 'variedly' | 'rarely'

/** Mostly the same where the column, filled before, has the same value. */
export interface Alongside<C extends string> {
  readonly alongside: C
}

export interface Preset<C extends string = string> {
  readonly column: C
  /** A number, or a text whose id the column gets. */
  readonly value: number | string
}

/** The shape without what goes to columns that nobody reads: the kernel skips it. */
export function pruned<C extends string, K extends string>(
  shape: Shape<C, K>,
  isRead: (column: C) => boolean,
): Shape<C, K> {
  return Object.fromEntries(Object.entries(shape).map(([key, reading]) => [key, prune(reading, isRead)]))
}

function prune<C extends string, K extends string>(
  reading: Reading<C, K>,
  isRead: (column: C) => boolean,
): Reading<C, K> {
  if (reading.as === 'skipped' || reading.as === 'repeated' || reading.as === 'time') return reading
  if (reading.as === 'fragment')
    return isRead(reading.column)
      ? reading
      : { ...runOf(reading), as: 'repeated', recurs: hintOf(reading.recurs) }
  if (reading.as === 'flag')
    return isRead(reading.column) ? reading : { ...runOf(reading), as: 'repeated', recurs: 'variedly' }
  if (reading.as !== 'object') return isRead(reading.column) ? reading : { as: 'skipped' }
  const present = reading.present?.filter(({ column }) => isRead(column)) ?? []
  const shape = pruned(reading.shape, isRead)
  const isUnread = present.length === 0 && Object.values(shape).every(isSkipped)
  return isUnread ? { as: 'skipped' } : { ...reading, present, shape }
}

function hintOf<C extends string>(recurs: Recurrence | Alongside<C>): Recurrence {
  return typeof recurs === 'string' ? recurs : 'rarely'
}

function runOf({ run }: Reading): Pick<Reading, 'run'> {
  return run === undefined ? {} : { run }
}

export function isSkipped(reading: Reading): boolean {
  return reading.as === 'skipped' || reading.as === 'repeated'
}
