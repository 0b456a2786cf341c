/** A value of KQL: a dynamic one is what JSON makes of it, a datetime milliseconds, a null string the empty one. */
export type Value = null | string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

/** A timespan or a number of it: `5m`, `30s`. */
export const TIMESPANS: { readonly [unit: string]: number } = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
}

export const SCALARS: { readonly [name: string]: (...args: Value[]) => Value } = {
  not: (value) => (value === null ? null : !value),
  iff: (condition, yes, no) => (condition === true ? yes : no),
  coalesce: (...values) => values.find((value) => value !== null && value !== '') ?? values.at(-1)!,
  isnull: (value) => value === null,
  isnotnull: (value) => value !== null,
  isempty: (value) => value === null || value === '',
  isnotempty: (value) => value !== null && value !== '',
  tostring: (value) =>
    value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value),
  toint: (value) => {
    if (value === null || value === '' || typeof value === 'object') return null
    const number = Math.trunc(Number(value))
    return Number.isNaN(number) ? null : number
  },
  round: (value, digits) =>
    typeof value === 'number' ? Math.round(value * 10 ** Number(digits)) / 10 ** Number(digits) : null,
  bin: (value, size) => (value === null ? null : Math.floor(Number(value) / Number(size)) * Number(size)),
  strcat: (...values) => values.map((value) => SCALARS.tostring(value)).join(''),
  pack_array: (...values) => values,
  bag_keys: (value) => (value !== null && typeof value === 'object' ? Object.keys(value) : null),
  parse_json: (value) => (typeof value === 'string' ? JSON.parse(value) : value),
}

/** Each takes the values of its first and of its second argument over the rows of a group, and their number. */
export const AGGREGATES: {
  readonly [name: string]: (values: readonly Value[], others: readonly Value[], rows: number) => Value
} = {
  count: (_, __, rows) => rows,
  sum: (values) => total(values),
  sumif: (values, conditions) => total(values.filter((_, row) => conditions[row] === true)),

  countif: (conditions) => conditions.filter((condition) => condition === true).length,
  min: (values) => extreme(values, (a, b) => a < b),
  max: (values) => extreme(values, (a, b) => a > b),
  dcount: (values) =>
    new Set(values.filter((value) => value !== null).map((value) => JSON.stringify(value))).size,
  // Arrays are taken apart, nulls left out.
  make_set: (values, [most = Number.POSITIVE_INFINITY]) => {
    const elements = values.flatMap((value) => (Array.isArray(value) ? value : [value]))
    const distinct = new Map(
      elements.filter((value) => value !== null).map((value) => [JSON.stringify(value), value]),
    )
    return [...distinct.values()].slice(0, Number(most))
  },
}

function total(values: readonly Value[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === 'number' ? value : 0), 0)
}

function extreme(values: readonly Value[], isBetter: (a: number, b: number) => boolean): Value {
  const numbers = values.filter((value) => typeof value === 'number')
  return numbers.length === 0 ? null : numbers.reduce((best, value) => (isBetter(value, best) ? value : best))
}

/** What null means for a comparison is KQL's own: to be unequal to something is certain, to be less is not. */
export function compared(operator: string, left: Value, right: Value): Value {
  if (operator === '==' || operator === '!=') {
    if (left === null && right === null) return null
    return (left === right) === (operator === '==')
  }
  if (operator === '=~') return String(left).toLowerCase() === String(right).toLowerCase()
  if (operator === 'startswith')
    return String(left ?? '')
      .toLowerCase()
      .startsWith(String(right).toLowerCase())
  if (operator === 'contains')
    return String(left ?? '')
      .toLowerCase()
      .includes(String(right).toLowerCase())
  if (left === null || right === null) return null
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  if (operator === '>') return left > right
  if (operator === '>=') return left >= right
  throw new Error(`this evaluator does not know the operator ${operator}`)
}

export function calculated(operator: string, left: Value, right: Value, isWhole: boolean): Value {
  if (left === null || right === null) return null
  const [a, b] = [Number(left), Number(right)]
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b
  if (operator === '/') return b === 0 ? null : isWhole ? Math.trunc(a / b) : a / b
  throw new Error(`this evaluator does not know the operator ${operator}`)
}
