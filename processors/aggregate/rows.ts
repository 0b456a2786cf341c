import { hash } from 'node:crypto'
import {
  COLUMNS,
  type ColumnName,
  type Dictionary,
  type EndpointAttribute,
  FIELDS,
  type Field,
  formatTime,
  type Json,
  type Row,
  rcodeName,
  type Service,
  services,
} from '../../src/sdk/index.ts'
import { EvidenceWriter } from './evidence-writer.ts'
import { type Groups, KEY_OTHER, KEY_PARTS } from './groups.ts'
import { MIXED } from './loops.ts'

export interface RowOptions {
  readonly dictionary: Dictionary
  /** For rows whose flows name no node, and part of every UUID. */
  readonly node: string
  readonly pipeline: string
  readonly dnsRcode: 'name' | 'number'
}

/** A row on its way: its columns in any order. */
type Draft = { [name in ColumnName]?: Json | undefined }

/** A field and where a group has its cell. */
interface CellField {
  readonly field: Field
  readonly path: readonly string[]
  cellOf(group: number): number
}

/** The fields of one endpoint that are in the key: together they are one cell. */
interface EndpointFields {
  readonly fields: readonly (readonly [attribute: EndpointAttribute, path: readonly string[]])[]
  cellOf(group: number): number
}

/** Renders the groups of one layout as rows. */
export class RowWriter {
  readonly #groups: Groups
  readonly #options: RowOptions
  readonly #cellFields: readonly CellField[]
  readonly #endpointFields: readonly EndpointFields[]
  readonly #evidence: EvidenceWriter
  readonly #keyNames: string

  constructor(groups: Groups, options: RowOptions) {
    this.#groups = groups
    this.#options = options
    this.#evidence = new EvidenceWriter(groups, options.dictionary)
    this.#keyNames = groups.layout.key.map(({ name }) => name).join()
    this.#cellFields = FIELDS.flatMap((field) => cellField(field, groups))
    this.#endpointFields = endpointFields(groups)
  }

  row(group: number, revision: number): Row {
    const groups = this.#groups
    const startS = groups.startOf(group)
    const draft: Draft = {}
    this.#placeEndpoints(draft, group)
    this.#placeCells(draft, group)
    if (groups.isOther(group)) this.#placeOther(draft, group)
    draft.TimeGenerated = timeOf(groups.first.cells, group)
    draft.UUID = this.#uuid(group, startS, revision)
    draft.IngressFlowCount = groups.ingress.cells[group]
    draft.EgressFlowCount = groups.egress.cells[group]
    draft.UnknownDirectionFlowCount = groups.unknown.cells[group]
    draft.WindowStart = formatTime(startS, 0)
    draft.WindowEnd = formatTime(startS + groups.layout.windowS, 0)
    draft.LastFlowTime = timeOf(groups.last.cells, group)
    draft.Revision = revision
    draft.Evidence = this.#evidence.evidence(group)
    return inColumnOrder(draft)
  }

  #placeEndpoints(draft: Draft, group: number): void {
    for (const { fields, cellOf } of this.#endpointFields) {
      const known = this.#options.dictionary.json(cellOf(group)) as
        | { readonly [attribute in EndpointAttribute]?: Json }
        | undefined
      if (known) for (const [attribute, path] of fields) place(draft, path, known[attribute])
    }
  }

  #placeCells(draft: Draft, group: number): void {
    let protocol: string | undefined
    for (const { field, path, cellOf } of this.#cellFields) {
      const cell = cellOf(group)
      if (cell === MIXED) continue
      const value = this.#valueOf(field, cell)
      if (field.name === 'l4_protocol') {
        if (value === undefined) continue
        protocol = value as string
        place(draft, ['Layer4', protocol], {})
      } else if (value === undefined && cell !== 0) {
        // An HTTP request has no code: that the record is there is all there is to say.
        place(draft, path.slice(0, -1), {})
      } else if (path[1] !== '*') place(draft, path, value)
      else if (protocol !== undefined) place(draft, ['Layer4', protocol, path[2]], value)
    }
    const service = draft.Service as { source?: Service; destination?: Service } | undefined
    if (service) draft.Service = services(service.source, service.destination)
    if (this.#evidence.agreesOn('node_name', group)) draft.NodeName ??= this.#options.node
  }

  #valueOf({ cell: kind }: Field, cell: number): Json | undefined {
    const { dictionary, dnsRcode } = this.#options
    if (cell === 0) return undefined
    switch (kind) {
      case 'text':
        return dictionary.text(cell)
      case 'json':
        return dictionary.json(cell) as Json
      case 'number':
        return cell
      case 'flag':
        return true
      case 'present':
        return cell - 1
      case 'reply':
        return cell === 2
      case 'rcode':
        return dnsRcode === 'name' ? rcodeName(cell - 1) : cell - 1
      case 'status':
        return cell === 1 ? undefined : cell - 1
    }
  }

  #placeOther(draft: Draft, group: number): void {
    const { keys, stride } = this.#groups.table
    const id = keys[group * stride + KEY_OTHER]
    const [verdict, dropReason] = this.#options.dictionary.json(id) as [string, string]
    draft.Verdict = verdict || undefined
    draft.DropReason = dropReason || undefined
    draft.Other = true
  }

  /** Made of texts and numbers that mean the same in every process, so that the row has it again after a crash. */
  #uuid(group: number, startS: number, revision: number): string {
    const { keyIds, layout, table } = this.#groups
    const { dictionary, node, pipeline } = this.#options
    const name: (string | number)[] = [node, pipeline, startS, layout.windowS, revision, this.#keyNames]
    for (let i = 0, at = group * table.stride; i < table.stride; i++, at++)
      name.push(keyIds[i] ? dictionary.text(table.keys[at]) : table.keys[at])
    const digest = hash('sha256', JSON.stringify(name))
    // Version 8 of RFC 9562: its own hash of its own name, in the variant of that document.
    return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`
  }
}

function cellField(field: Field, groups: Groups): CellField[] {
  const { keyParts, carried } = groups.layout
  const path = field.place.split('.')
  const inKey = keyParts.findIndex((part) => part.kind === 'field' && part.field === field)
  if (inKey >= 0) return [{ field, path, cellOf: keyCell(groups, inKey) }]
  const index = carried.indexOf(field)
  if (index < 0) return []
  return [{ field, path, cellOf: (group) => groups.carried[index].cells[group] }]
}

function endpointFields(groups: Groups): EndpointFields[] {
  return groups.layout.keyParts.flatMap((part, i) => {
    if (part.kind === 'field') return []
    const fields = part.fields.map(({ origin, place }) => [origin.attribute, place.split('.')] as const)
    return [{ fields, cellOf: keyCell(groups, i) }]
  })
}

function keyCell({ table }: Groups, part: number): (group: number) => number {
  return (group) => table.keys[group * table.stride + KEY_PARTS + part]
}

/** Puts a value at its path; objects on the way come with it. */
function place(
  draft: { [name: string]: Json | undefined },
  path: readonly string[],
  value: Json | undefined,
): void {
  if (value === undefined) return
  const last = path.length - 1
  let at = draft
  for (let i = 0; i < last; i++) {
    at[path[i]] ??= {}
    at = at[path[i]] as { [name: string]: Json }
  }
  at[path[last]] = value
}

function timeOf(cells: Uint32Array, group: number): string {
  return formatTime(cells[group * 2], cells[group * 2 + 1])
}

function inColumnOrder(draft: Draft): Row {
  const row: { [name: string]: Json } = {}
  for (const { name } of COLUMNS) {
    const value = draft[name]
    if (value !== undefined) row[name] = value
  }
  return row as unknown as Row
}
