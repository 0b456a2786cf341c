import {
  COLUMNS,
  type ColumnName,
  type Dictionary,
  type Field,
  rcodeName,
  type Service,
  services,
} from '../../src/sdk/index.ts'
import { type Groups, KEY_PARTS } from './groups.ts'
import { MIXED } from './loops.ts'
import { TextMemo } from './text-memo.ts'

/** Writes one column of a group's row, `,"Verdict":"DROPPED"`; nothing where the group has no value for it. */
export type ColumnText = (group: number) => string

/** Writes one member of an object: `,"source":"10.0.0.1"`. */
type MemberText = ColumnText

/**
 * The columns of rows that come from a group's cells, each as a function that writes it. What is decided here, once for
 * a layout, is not asked again for every row.
 */
export function columnTexts(groups: Groups, dictionary: Dictionary, dnsRcode: 'name' | 'number') {
  const writer = new Writer(groups, dictionary, dnsRcode)
  const texts = new Map<ColumnName, ColumnText>()
  for (const { name } of COLUMNS) {
    const text = writer.column(name)
    if (text) texts.set(name, text)
  }
  return texts
}

/** A field of the layout, and where a group has its cell. */
interface Place {
  readonly field: Field
  readonly path: readonly string[]
  /** The cell as JSON text; empty where the group has none, or flows that differ. */
  readonly value: (group: number) => string
  readonly cell: (group: number) => number
}

class Writer {
  readonly #dictionary: Dictionary
  readonly #dnsRcode: 'name' | 'number'
  readonly #quoted: TextMemo
  readonly #places: readonly Place[]

  constructor(groups: Groups, dictionary: Dictionary, dnsRcode: 'name' | 'number') {
    this.#dictionary = dictionary
    this.#dnsRcode = dnsRcode
    this.#quoted = new TextMemo(dictionary, (id) => JSON.stringify(dictionary.text(id)))
    this.#places = [...this.#keyPlaces(groups), ...this.#carriedPlaces(groups)]
  }

  column(name: ColumnName): ColumnText | null {
    const places = this.#places.filter(({ path }) => path[0] === name)
    if (places.length === 0) return null
    switch (name) {
      case 'Layer4':
        return layer4(places)
      case 'Layer7':
        return layer7(places)
      case 'Service':
        return this.#service(places)
      default:
        return places[0].path.length === 1
          ? member(name, places[0].value)
          : object(name, places.map(asMember))
    }
  }

  #keyPlaces(groups: Groups): Place[] {
    const { keyParts } = groups.layout
    const { table } = groups
    return keyParts.flatMap((part, index) => {
      const cell = (group: number) => table.keys[group * table.stride + KEY_PARTS + index]
      if (part.kind === 'field') return [this.#place(part.field, cell)]
      return part.fields.map((field) => {
        const { attribute } = field.origin
        const texts = new TextMemo(this.#dictionary, (id) => {
          const value = this.#dictionary.endpoint(id)?.[attribute]
          return value === undefined ? '' : JSON.stringify(value)
        })
        const path = field.place.split('.')
        return { field, path, cell, value: (group: number) => texts.at(cell(group)) }
      })
    })
  }

  #carriedPlaces(groups: Groups): Place[] {
    return groups.layout.carried.map((field, index) => {
      const column = groups.carried[index]
      return this.#place(field, (group) => column.cells[group])
    })
  }

  #place(field: Field, cell: (group: number) => number): Place {
    const text = this.#textOf(field)
    const value = (group: number) => {
      const content = cell(group)
      return content === 0 || content === MIXED ? '' : text(content)
    }
    return { field, path: field.place.split('.'), cell, value }
  }

  /** How a cell that holds a value is written. */
  #textOf({ cell: kind }: Field): (cell: number) => string {
    switch (kind) {
      case 'text':
        return (cell) => this.#quoted.at(cell)
      case 'json':
        return (cell) => this.#dictionary.text(cell)
      case 'number':
        return (cell) => `${cell}`
      case 'flag':
        return () => 'true'
      case 'present':
        return (cell) => `${cell - 1}`
      case 'reply':
        return (cell) => (cell === 2 ? 'true' : 'false')
      case 'rcode':
        return this.#dnsRcode === 'name' ? (cell) => `"${rcodeName(cell - 1)}"` : (cell) => `${cell - 1}`
      case 'status':
        return (cell) => (cell === 1 ? '' : `${cell - 1}`)
    }
  }

  #service(places: readonly Place[]): ColumnText {
    const serviceOf = (side: string) => {
      const place = places.find(({ path }) => path[1] === side)
      return (group: number): Service | undefined => {
        const text = place?.value(group)
        return text ? (JSON.parse(text) as Service) : undefined
      }
    }
    const [source, destination] = [serviceOf('source'), serviceOf('destination')]
    return (group) => {
      const columns = services(source(group), destination(group))
      return columns ? `,"Service":${JSON.stringify(columns)}` : ''
    }
  }
}

function member(name: string, value: (group: number) => string): MemberText {
  const head = `,"${name}":`
  return (group) => {
    const text = value(group)
    return text === '' ? '' : head + text
  }
}

function asMember({ path, value }: Place): MemberText {
  return member(path.at(-1)!, value)
}

/** An object that is left out when it would be empty. */
function object(name: string, members: readonly MemberText[]): ColumnText {
  return (group) => {
    const text = joined(members, group)
    return text === '' ? '' : `,"${name}":{${text.slice(1)}}`
  }
}

/** The protocol's own object; where flows differ in their protocol, ports alone say nothing. */
function layer4(places: readonly Place[]): ColumnText | null {
  const anyProtocol = places.filter(({ path }) => path[1] === '*' && path.length === 3).map(asMember)
  // Ports of one protocol name it themselves.
  const named = places.filter(({ path }) => path[1] !== '*')
  const byName = object(
    'Layer4',
    named.map((place) => object(place.path[1], [asMember(place)])),
  )
  const protocol = places.find(({ field }) => field.name === 'l4_protocol')
  if (!protocol) return named.length === 0 ? null : byName
  const members = [...anyProtocol, ...named.map(asMember)]
  return (group) => {
    const name = protocol.value(group)
    return name === '' ? byName(group) : `,"Layer4":{${name}:{${joined(members, group).slice(1)}}}`
  }
}

/** A record without any value that can be written is still written, as `{}`: that it is there is worth saying. */
function layer7(places: readonly Place[]): ColumnText {
  const members = ['dns', 'http'].map((record) => {
    const inside = places.filter(({ path }) => path[1] === record)
    const texts = inside.map(asMember)
    const marks = inside.filter(({ field }) => field.cell === 'status' || field.cell === 'rcode')
    return (group: number) => {
      const text = joined(texts, group)
      const isThere = text !== '' || marks.some(({ cell }) => cell(group) !== 0 && cell(group) !== MIXED)
      return isThere ? `,"${record}":{${text.slice(1)}}` : ''
    }
  })
  const type = places.filter(({ path }) => path.length === 2).map(asMember)
  return object('Layer7', [...type, ...members])
}

function joined(members: readonly MemberText[], group: number): string {
  let text = ''
  for (const write of members) text += write(group)
  return text
}
