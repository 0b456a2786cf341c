import { ATTRIBUTES, type Json, type JsonObject, type Row } from '../../src/sdk/index.ts'

export type RowAttributes = { [name: string]: Json }

/** Puts what stands at one place of a row under its attributes. */
type Write = (value: Json, to: RowAttributes) => void

/**
 * A row as attributes of a log record: what `ATTRIBUTES` names under that name, whatever else an object holds under the
 * object's name and the key. Objects are spread; lists, and what they hold, stay as they are.
 */
export function rowAttributes(row: Row): RowAttributes {
  const attributes: RowAttributes = {}
  for (const column in row) WRITERS.get(column)?.(row[column as keyof Row] as Json, attributes)
  return attributes
}

/** Values that OpenTelemetry spells otherwise than Hubble. */
const SPELLED: { readonly [place: string]: () => Write } = {
  'IP.ipVersion': () => spelled('IP.ipVersion', (version) => version.toLowerCase()),
  Layer4: protocolAndFields,
  'Layer7.dns': () => layer7('dns'),
  'Layer7.http': () => layer7('http'),
  'Layer7.http.protocol': () => spelled('Layer7.http.protocol', (name) => name.replace(/^HTTP\//, '')),
  'Layer7.http.url': url,
  SourceWorkloads: () => workloads(attribute('SourceWorkloads')),
  DestinationWorkloads: () => workloads(attribute('DestinationWorkloads')),
}

const WRITERS: ReadonlyMap<string, Write> = new Map(
  [...ATTRIBUTES.keys()].filter((place) => !place.includes('.')).map((column) => [column, writer(column)]),
)

function writer(place: string): Write {
  if (SPELLED[place]) return SPELLED[place]()
  return keysBelow(place).length > 0 ? fields(place, attribute(place)) : plain(attribute(place))
}

function plain(name: string): Write {
  return (value, to) => spread(name, value, to)
}

function spelled(place: string, spell: (value: string) => string): Write {
  const name = attribute(place)
  return (value, to) => {
    to[name] = spell(String(value))
  }
}

/** Each key of an object by its own writer; what has none goes under `prefix`. */
function fields(place: string, prefix: string): Write {
  const known = new Map(keysBelow(place).map((key) => [key, writer(`${place}.${key}`)]))
  return (value, to) => {
    const object = value as JsonObject
    for (const key in object) {
      const write = known.get(key)
      if (write) write(object[key], to)
      else spread(`${prefix}.${snakeCase(key)}`, object[key], to)
    }
  }
}

function spread(name: string, value: Json, to: RowAttributes): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    to[name] = value
    return
  }
  const object = value as JsonObject
  for (const key in object) spread(`${name}.${snakeCase(key)}`, object[key], to)
}

/** `Layer4` has the protocol as a key, and under it what the protocol has. */
function protocolAndFields(): Write {
  const name = attribute('Layer4.*')
  const write = fields('Layer4.*', attribute('Layer4'))
  return (value, to) => {
    for (const protocol in value as JsonObject) {
      to[name] = protocol.toLowerCase()
      write((value as JsonObject)[protocol], to)
    }
  }
}

function layer7(protocol: string): Write {
  const write = fields(`Layer7.${protocol}`, attribute(`Layer7.${protocol}`))
  return (value, to) => {
    to['network.protocol.name'] = protocol
    write(value, to)
  }
}

/** Name and kind of the first one, which is nearly always the only one; the list as well when it is not. */
function workloads(name: string): Write {
  return (value, to) => {
    const list = value as readonly { readonly name?: string; readonly kind?: string }[]
    if (list[0]?.name !== undefined) to[`${name}.name`] = list[0].name
    if (list[0]?.kind !== undefined) to[`${name}.type`] = list[0].kind
    if (list.length > 1) to[`${name}s`] = value
  }
}

/** Folded rows have the path alone, single flows the URL. */
function url(): Write {
  const path = attribute('Layer7.http.url')
  return (value, to) => {
    to[String(value).startsWith('/') ? path : 'url.full'] = value
  }
}

function attribute(place: string): string {
  return ATTRIBUTES.get(place)!
}

function keysBelow(place: string): string[] {
  const start = `${place}.`
  const below = [...ATTRIBUTES.keys()].filter((other) => other.startsWith(start))
  return [...new Set(below.map((other) => other.slice(start.length).split('.')[0]))]
}

const snakeNames = new Map<string, string>()
const MOST_SNAKE_NAMES = 1000

/** `SourceIPs` as `source_ips`. */
function snakeCase(key: string): string {
  const known = snakeNames.get(key)
  if (known !== undefined) return known
  const snake = key.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase()
  if (snakeNames.size < MOST_SNAKE_NAMES) snakeNames.set(key, snake)
  return snake
}
