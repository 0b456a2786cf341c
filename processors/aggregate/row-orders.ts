import { COLUMNS, type ColumnName, type Field, type FieldName, type RowOrder } from '../../src/sdk/index.ts'
import { type Groups, KEY_OTHER, KEY_PARTS, SUMMED } from './groups.ts'
import { ATTRIBUTES, type Questions } from './questions.ts'

export interface RowOrderOptions {
  readonly groups: Groups
  readonly questions: Questions
  /** For rows whose flows name no node. */
  readonly node: string
  readonly dnsRcode: 'name' | 'number'
}

/** A field of the layout, and where a group has its cell. */
interface Place {
  readonly field: Field
  readonly path: readonly string[]
  /** Of the cell in the record, in bytes. */
  readonly at: number
  /** Writes the value behind a head. */
  readonly member: (head: string) => RowOrder
}

/** The columns of rows, in their order: what is decided here, once for a layout, is not asked again for every row. */
export function rowOrders(options: RowOrderOptions): RowOrder[] {
  const { groups, questions } = options
  const { shape, layout } = groups
  const places = [...keyPlaces(options), ...carriedPlaces(options)]
  const column = (name: ColumnName) =>
    columnOf(
      name,
      places.filter(({ path }) => path[0] === name),
      options,
    )
  const ofOther = (name: ColumnName, about: 0 | 1): RowOrder[] => [
    { write: 'said', head: `,"${name}":`, at: KEY_OTHER * 4, question: questions.ofOther, about },
    ...column(name),
  ]
  const sumOf = (column: (typeof SUMMED)[number]) => shape.sums + SUMMED.indexOf(column) * 8
  const sum = (name: ColumnName, column: (typeof SUMMED)[number]): RowOrder => ({
    write: 'sum',
    head: `,"${name}":`,
    at: sumOf(column),
  })
  const own: { readonly [name in ColumnName]?: readonly RowOrder[] } = {
    TimeGenerated: [{ write: 'time', head: ',"TimeGenerated":', at: shape.times }],
    UUID: [{ write: 'uuid', head: ',"UUID":' }],
    Verdict: ofOther('Verdict', 0),
    DropReason: ofOther('DropReason', 1),
    NodeName: nodeName(places, options.node),
    IngressFlowCount: [sum('IngressFlowCount', 'ingress_flows')],
    EgressFlowCount: [sum('EgressFlowCount', 'egress_flows')],
    UnknownDirectionFlowCount: [sum('UnknownDirectionFlowCount', 'unknown_flows')],
    Packets: [{ write: 'total', head: ',"Packets":', at: sumOf('packets'), high: null }],
    Bytes: [{ write: 'total', head: ',"Bytes":', at: sumOf('bytes'), high: sumOf('bytes_high') }],
    WindowStart: [{ write: 'second', head: ',"WindowStart":', at: 0, plus: 0 }],
    WindowEnd: [{ write: 'second', head: ',"WindowEnd":', at: 0, plus: layout.windowS }],
    LastFlowTime: [{ write: 'time', head: ',"LastFlowTime":', at: shape.times + 8 }],
    Revision: [{ write: 'revision', head: ',"Revision":' }],
    Evidence: [evidence(options, places)],
    Other: [{ write: 'flag', head: ',"Other":true', at: KEY_OTHER * 4 }],
  }
  return COLUMNS.flatMap(({ name }) => own[name] ?? column(name))
}

function columnOf(name: ColumnName, places: readonly Place[], options: RowOrderOptions): readonly RowOrder[] {
  if (places.length === 0) return []
  switch (name) {
    case 'Layer4':
      return layer4(places)
    case 'Layer7':
      return [layer7(places)]
    case 'Service':
      return [service(places, options)]
    default:
      return places[0].path.length === 1
        ? [places[0].member(`,"${name}":`)]
        : [object(name, places.map(asMember))]
  }
}

function keyPlaces(options: RowOrderOptions): Place[] {
  const { groups, questions } = options
  return groups.layout.keyParts.flatMap((part, index) => {
    const at = (KEY_PARTS + index) * 4
    if (part.kind === 'field') return [placeOf(part.field, at, options)]
    return part.fields.map((field) => {
      const about = ATTRIBUTES.indexOf(field.origin.attribute)
      const member = (head: string): RowOrder => ({
        write: 'said',
        head,
        at,
        question: questions.attribute,
        about,
      })
      return { field, path: field.place.split('.'), at, member }
    })
  })
}

function carriedPlaces(options: RowOrderOptions): Place[] {
  const { layout, shape } = options.groups
  return layout.carried.map((field, index) => placeOf(field, shape.agreed + index * 4, options))
}

function placeOf(field: Field, at: number, options: RowOrderOptions): Place {
  return { field, path: field.place.split('.'), at, member: (head) => textOfCell(field, head, at, options) }
}

/** How a cell that holds a value is written. */
function textOfCell(
  { cell: kind }: Field,
  head: string,
  at: number,
  { questions, dnsRcode }: RowOrderOptions,
): RowOrder {
  switch (kind) {
    case 'text':
      return { write: 'text', head, at }
    case 'json':
      return { write: 'json', head, at }
    case 'number':
      return { write: 'number', head, at, less: 0 }
    case 'flag':
      return { write: 'flag', head: `${head}true`, at }
    case 'present':
      return { write: 'number', head, at, less: 1 }
    case 'reply':
      return { write: 'boolean', head, at }
    case 'rcode':
      return dnsRcode === 'name'
        ? { write: 'said', head, at, question: questions.rcode, about: 0 }
        : { write: 'number', head, at, less: 1 }
    case 'status':
      return { write: 'number above', head, at, less: 1 }
  }
}

function asMember({ path, member }: Place): RowOrder {
  return member(`,"${path.at(-1)}":`)
}

/** An object that is left out when it would be empty. */
function object(name: string, members: readonly RowOrder[], marks: readonly number[] = []): RowOrder {
  return { write: 'object', head: `,"${name}":`, members, empty: 'left out', marks }
}

/** The protocol's own object; where flows differ in their protocol, ports alone say nothing. */
function layer4(places: readonly Place[]): readonly RowOrder[] {
  const anyProtocol = places.filter(({ path }) => path[1] === '*' && path.length === 3)
  // Ports of one protocol name it themselves.
  const named = places.filter(({ path }) => path[1] !== '*')
  const byName = object(
    'Layer4',
    named.map((place) => object(place.path[1], [asMember(place)])),
  )
  const protocol = places.find(({ field }) => field.name === 'l4_protocol')
  if (!protocol) return named.length === 0 ? [] : [byName]
  const members = [...anyProtocol, ...named].map(asMember)
  const { at } = protocol
  const ofProtocol: readonly RowOrder[] = [
    { write: 'text', head: ',"Layer4":{', at },
    { write: 'object', head: ':', members, empty: 'kept', marks: [] },
    { write: 'literal', head: '}' },
  ]
  return [{ write: 'either', at, some: ofProtocol, none: [byName] }]
}

/** A record without any value that can be written is still written, as `{}`: that it is there is worth saying. */
function layer7(places: readonly Place[]): RowOrder {
  const records = ['dns', 'http'].map((record) => {
    const inside = places.filter(({ path }) => path[1] === record)
    const marks = inside.filter(({ field }) => field.cell === 'status' || field.cell === 'rcode')
    return object(
      record,
      inside.map(asMember),
      marks.map(({ at }) => at),
    )
  })
  const type = places.filter(({ path }) => path.length === 2).map(asMember)
  return object('Layer7', [...type, ...records])
}

function service(places: readonly Place[], { groups, questions }: RowOrderOptions): RowOrder {
  const at = (side: string) => places.find(({ path }) => path[1] === side)?.at ?? groups.shape.nothing
  return { write: 'said of two', at: at('source'), and: at('destination'), question: questions.service }
}

function nodeName(places: readonly Place[], node: string): readonly RowOrder[] {
  const place = places.find(({ field }) => field.name === 'node_name')
  if (!place) return []
  return [{ write: 'text or', head: ',"NodeName":', at: place.at, or: JSON.stringify(node) }]
}

/** What the columns of a row cannot say, because the flows of its group differ. */
function evidence({ groups, questions }: RowOrderOptions, places: readonly Place[]): RowOrder {
  const { layout, shape } = groups
  const { evidence: lists, examples: most } = layout
  const examples = lists.map(
    ({ name, fields }, list): RowOrder => ({
      write: 'examples',
      head: `,"${name}":`,
      at: shape.examples + list * most * 4,
      list,
      most,
      agreed: agreedCells(fields, groups, places),
      join: name === 'Policies' ? questions.bothLists : null,
    }),
  )
  const others = lists.map(
    ({ name }, list): RowOrder => ({
      write: 'others',
      head: `,"${name}":`,
      at: shape.others + list * 8,
      list,
    }),
  )
  const flag = (head: string, index: number): RowOrder => ({
    write: 'sum',
    head,
    at: shape.flagged + index * 8,
  })
  const flags: RowOrder = {
    write: 'if any',
    at: shape.flagged,
    sums: 3,
    orders: [
      flag(',"TcpFlags":{"Syn":', 0),
      flag(',"Fin":', 1),
      flag(',"Rst":', 2),
      { write: 'literal', head: '}' },
    ],
  }
  return object('Evidence', [...examples, object('Others', others), flags])
}

/** Cells of the fields that the key has not; null when one of them is nowhere, so that rows cannot tell it. */
function agreedCells(
  fields: readonly FieldName[],
  { layout }: Groups,
  places: readonly Place[],
): readonly number[] | null {
  const inKey = new Set<string>(layout.key.map(({ name }) => name))
  const outside = fields.filter((name) => !inKey.has(name))
  const cells = outside.map((name) => places.find(({ field }) => field.name === name)?.at)
  return cells.every((at) => at !== undefined) ? cells : null
}
