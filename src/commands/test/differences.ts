import type { RowPattern } from '../../config/tests.ts'
import { COLUMNS, type Row, rowTime } from '../../sdk/index.ts'

/** Where a row is not what a test says. */
export interface Difference {
  /** `Layer4.TCP.destination_port` */
  readonly place: string
  /** Undefined where nothing should be. */
  readonly expected: unknown
  /** Undefined where nothing is. */
  readonly actual: unknown
}

const TIMES = new Set<string>(COLUMNS.filter(({ type }) => type === 'datetime').map(({ name }) => name))

/** Where a row differs from a pattern; none when it matches. `exact` looks at all that the row has, but not at its UUID. */
export function differences(pattern: RowPattern, row: Row, match: 'partial' | 'exact'): Difference[] {
  const isExact = match === 'exact'
  const actual: RowPattern = isExact && !('UUID' in pattern) ? { ...row, UUID: undefined } : { ...row }
  return keysOf(pattern, actual, isExact).flatMap((column) => {
    const [wanted, found] = [pattern[column], actual[column]]
    if (TIMES.has(column) && sameTime(wanted, found)) return []
    return compare(column, wanted, found, isExact)
  })
}

function compare(place: string, expected: unknown, actual: unknown, isExact: boolean): Difference[] {
  const isWanted = expected !== undefined && expected !== null
  if (!isWanted && actual === undefined) return []
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length)
    return expected.flatMap((item, index) => compare(`${place}[${index}]`, item, actual[index], isExact))
  if (isObject(expected) && isObject(actual))
    return keysOf(expected, actual, isExact).flatMap((key) =>
      compare(`${place}.${key}`, expected[key], actual[key], isExact),
    )
  return isWanted && expected === actual ? [] : [{ place, expected: expected ?? undefined, actual }]
}

function keysOf(expected: RowPattern, actual: RowPattern, isExact: boolean): string[] {
  return [...new Set([...Object.keys(expected), ...(isExact ? Object.keys(actual) : [])])]
}

/** However many digits of a second were written. */
function sameTime(expected: unknown, actual: unknown): boolean {
  if (typeof expected !== 'string' || typeof actual !== 'string') return false
  const [wanted, found] = [rowTime(expected), rowTime(actual)]
  return wanted !== null && wanted.seconds === found?.seconds && wanted.nanos === found.nanos
}

function isObject(value: unknown): value is RowPattern {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
