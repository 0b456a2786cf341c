export type JsonRecord = { readonly [key: string]: unknown }

/** Hubble leaves zeros out; so a whole number is one that fits Hubble's uint32 and is not its -1 (`ttl` 4294967295). */
export const MAX_UINT = 2 ** 32 - 2

export function isObject(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a proto field by its name or its lowerCamelCase; protojson writes either. `null` is absent. */
export function read(object: JsonRecord, name: string): unknown {
  return object[name] ?? object[lowerCamel(name)] ?? undefined
}

export function object(value: unknown): JsonRecord | undefined {
  return isObject(value) ? value : undefined
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function texts(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const found = value.filter((item) => typeof item === 'string')
  return found.length === 0 ? undefined : found
}

/** A whole number from 0 to `max`, written as number or as digits. */
export function uint(value: unknown, max = MAX_UINT): number | undefined {
  const number = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value
  return Number.isInteger(number) && (number as number) >= 0 && (number as number) <= max
    ? Math.abs(number as number) // -0 is 0
    : undefined
}

/** A whole number of 32 bits with sign. */
export function int(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,10}$/.test(value) ? Number(value) : value
  return Number.isInteger(number) && number === ((number as number) | 0) ? (number as number) | 0 : undefined
}

/** 64-bit numbers are text in Hubble's JSON; a plain number becomes one. */
export function digits(value: unknown): string | undefined {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return value
  return Number.isSafeInteger(value) && (value as number) >= 0 ? String(value) : undefined
}

/**
 * The name of an enum value. A number the writer had no name for keeps its digits. Zero, by number or by name, is
 * proto's way of saying nothing, and Hubble leaves it out: so do we.
 */
export function enumName(value: unknown, names: ReadonlyMap<number, string>): string | undefined {
  const number = typeof value === 'number' ? int(value) : undefined
  const name = number === undefined ? text(value) : (names.get(number) ?? String(number))
  return name === names.get(0) ? undefined : name
}

/** Drops what is undefined; undefined when nothing is left. */
export function compact<T extends object>(value: T): Defined<T> | undefined {
  const kept: { [name: string]: unknown } = {}
  let isEmpty = true
  for (const name in value) {
    if (value[name] === undefined) continue
    kept[name] = value[name]
    isEmpty = false
  }
  return isEmpty ? undefined : (kept as Defined<T>)
}

/** Members that are absent rather than undefined. */
export type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

const lowerCamelNames = new Map<string, string>()

function lowerCamel(name: string): string {
  let camel = lowerCamelNames.get(name)
  if (camel === undefined) {
    camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    lowerCamelNames.set(name, camel)
  }
  return camel
}
