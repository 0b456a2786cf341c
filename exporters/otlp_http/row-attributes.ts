import { ATTRIBUTES, type Json, type JsonObject, type Row } from '../../src/sdk/index.ts'

/** An attribute of rows, and what the row at hand says there. */
export interface Attribute {
  readonly name: string
  /** Name and value as the request has them. */
  readonly write: (value: Json) => string
  value: Json
  /** The number of the row that the value is of. */
  row: number
}

/** Takes what stands at one place of a row. */
type Take = (value: Json) => void

/** Names are remembered, but not without end: what a row holds is not ours to say. */
const MOST_NAMES = 2000

/**
 * Rows as attributes of log records: what `ATTRIBUTES` names under that name, whatever else an object holds under the
 * object's name and the key. Objects are spread; lists, and what they hold, stay as they are.
 */
export class RowAttributes {
  readonly #writer: (name: string) => Attribute['write']
  readonly #named = new Map<string, Attribute>()
  readonly #takes: ReadonlyMap<string, Take>
  #row = 0
  #held: Attribute[] = []

  /** `writer` makes what writes an attribute of that name. */
  constructor(writer: (name: string) => Attribute['write']) {
    this.#writer = writer
    const columns = [...ATTRIBUTES.keys()].filter((place) => !place.includes('.'))
    this.#takes = new Map(columns.map((column) => [column, this.#place(column)]))
  }

  /** Each name once. They are of this row until the next one comes. */
  of(row: Row): readonly Attribute[] {
    this.#row++
    this.#held = []
    for (const column in row) this.#takes.get(column)?.(row[column as keyof Row] as Json)
    return this.#held
  }

  #place(place: string): Take {
    switch (place) {
      // OpenTelemetry spells some values otherwise than Hubble.
      case 'IP.ipVersion':
        return this.#spelled(place, (version) => version.toLowerCase())
      case 'Layer7.http.protocol':
        return this.#spelled(place, (name) => name.replace(/^HTTP\//, ''))
      case 'Layer4':
        return this.#protocolAndFields()
      case 'Layer7.dns':
        return this.#layer7('dns')
      case 'Layer7.http':
        return this.#layer7('http')
      case 'Layer7.http.url':
        return this.#url(place)
      case 'SourceWorkloads':
      case 'DestinationWorkloads':
        return this.#workloads(named(place))
    }
    return keysBelow(place).length > 0 ? this.#fields(place, named(place)) : this.#plain(named(place))
  }

  /** What is no object goes under the name, an object's keys under names that begin with it. */
  #plain(name: string): Take {
    const attribute = this.#attribute(name)
    const spread = this.#spread(name, new Map())
    return (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) this.#set(attribute, value)
      else spread(value)
    }
  }

  #spelled(place: string, spell: (value: string) => string): Take {
    const attribute = this.#attribute(named(place))
    return (value) => this.#set(attribute, spell(String(value)))
  }

  /** Each key of an object by its own place; what has none goes under `prefix`. */
  #fields(place: string, prefix: string): Take {
    return this.#spread(prefix, new Map(keysBelow(place).map((key) => [key, this.#place(`${place}.${key}`)])))
  }

  #spread(prefix: string, takes: Map<string, Take>): Take {
    return (value) => {
      const object = value as JsonObject
      for (const key in object) {
        let take = takes.get(key)
        if (take === undefined) {
          take = this.#plain(`${prefix}.${snakeCase(key)}`)
          if (this.#named.size < MOST_NAMES) takes.set(key, take)
        }
        take(object[key])
      }
    }
  }

  /** `Layer4` has the protocol as a key, and under it what the protocol has. */
  #protocolAndFields(): Take {
    const attribute = this.#attribute(named('Layer4.*'))
    const fields = this.#fields('Layer4.*', named('Layer4'))
    return (value) => {
      for (const protocol in value as JsonObject) {
        this.#set(attribute, protocol.toLowerCase())
        fields((value as JsonObject)[protocol])
      }
    }
  }

  #layer7(protocol: string): Take {
    const attribute = this.#attribute('network.protocol.name')
    const fields = this.#fields(`Layer7.${protocol}`, named(`Layer7.${protocol}`))
    return (value) => {
      this.#set(attribute, protocol)
      fields(value)
    }
  }

  /** Name and kind of the first one, which is nearly always the only one; the list as well when it is not. */
  #workloads(name: string): Take {
    const [first, kind, all] = [`${name}.name`, `${name}.type`, `${name}s`].map((one) => this.#attribute(one))
    return (value) => {
      const list = value as readonly { readonly name?: string; readonly kind?: string }[]
      if (list[0]?.name !== undefined) this.#set(first, list[0].name)
      if (list[0]?.kind !== undefined) this.#set(kind, list[0].kind)
      if (list.length > 1) this.#set(all, value)
    }
  }

  /** Folded rows have the path alone, single flows the URL. */
  #url(place: string): Take {
    const path = this.#attribute(named(place))
    const full = this.#attribute('url.full')
    return (value) => this.#set(String(value).startsWith('/') ? path : full, value)
  }

  /** The last one counts where a row says something twice. */
  #set(attribute: Attribute, value: Json): void {
    attribute.value = value
    if (attribute.row === this.#row) return
    attribute.row = this.#row
    this.#held.push(attribute)
  }

  #attribute(name: string): Attribute {
    const known = this.#named.get(name) ?? this.#held.find((attribute) => attribute.name === name)
    if (known !== undefined) return known
    const attribute: Attribute = { name, write: this.#writer(name), value: null, row: 0 }
    if (this.#named.size < MOST_NAMES) this.#named.set(name, attribute)
    return attribute
  }
}

function named(place: string): string {
  return ATTRIBUTES.get(place)!
}

function keysBelow(place: string): string[] {
  const start = `${place}.`
  const below = [...ATTRIBUTES.keys()].filter((other) => other.startsWith(start))
  return [...new Set(below.map((other) => other.slice(start.length).split('.')[0]))]
}

/** `SourceIPs` as `source_ips`. */
function snakeCase(key: string): string {
  return key.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase()
}
