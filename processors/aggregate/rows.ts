import { COLUMNS, type ColumnName, type Dictionary, formatTime, type RowBatch } from '../../src/sdk/index.ts'
import { EvidenceWriter } from './evidence-writer.ts'
import { type Groups, KEY_OTHER } from './groups.ts'
import { type ColumnText, columnTexts } from './row-text.ts'
import { RowUuid } from './row-uuid.ts'

export interface RowOptions {
  readonly dictionary: Dictionary
  /** For rows whose flows name no node, and part of every UUID. */
  readonly node: string
  readonly pipeline: string
  readonly dnsRcode: 'name' | 'number'
}

/** Renders the groups of one layout as rows: as text at once, because text is what most rows end as. */
export class RowWriter {
  readonly #groups: Groups
  readonly #options: RowOptions
  readonly #evidence: EvidenceWriter
  readonly #columns: readonly ColumnText[]
  readonly #uuid: RowUuid
  /** Of the row at hand. */
  #revision = 0

  constructor(groups: Groups, options: RowOptions) {
    this.#groups = groups
    this.#options = options
    const { key, windowS } = groups.layout
    const { dictionary, node, pipeline } = options
    this.#evidence = new EvidenceWriter(groups, dictionary)
    this.#uuid = new RowUuid(dictionary, [node, pipeline, windowS, ...key.map(({ name }) => name)])
    const cells = columnTexts(groups, dictionary, options.dnsRcode)
    const own = this.#ownColumns(cells)
    this.#columns = COLUMNS.flatMap(({ name }) => own.get(name) ?? cells.get(name) ?? [])
  }

  rows(groups: readonly number[], revision: number): RowBatch {
    this.#revision = revision
    return {
      lines: groups.map((group) => this.#line(group)),
      flows: groups.map((group) => this.#groups.flowsOf(group)),
    }
  }

  #line(group: number): string {
    let text = ''
    for (const column of this.#columns) text += column(group)
    return `{${text.slice(1)}}`
  }

  /** The columns that are more than a cell of the group. */
  #ownColumns(cells: ReadonlyMap<ColumnName, ColumnText>): Map<ColumnName, ColumnText> {
    const groups = this.#groups
    const { windowS } = groups.layout
    const nodeName = cells.get('NodeName')
    const fallbackNode = `,"NodeName":${JSON.stringify(this.#options.node)}`
    const columns: [ColumnName, ColumnText][] = [
      ['TimeGenerated', (group) => `,"TimeGenerated":"${timeOf(groups.first.cells, group)}"`],
      ['UUID', (group) => `,"UUID":"${this.#uuidOf(group)}"`],
      ['Verdict', this.#orOfOther('Verdict', 0, cells.get('Verdict'))],
      ['DropReason', this.#orOfOther('DropReason', 1, cells.get('DropReason'))],
      ['NodeName', (g) => nodeName?.(g) || (this.#evidence.agreesOn('node_name', g) ? fallbackNode : '')],
      ['IngressFlowCount', (group) => `,"IngressFlowCount":${groups.ingress.cells[group]}`],
      ['EgressFlowCount', (group) => `,"EgressFlowCount":${groups.egress.cells[group]}`],
      ['UnknownDirectionFlowCount', (group) => `,"UnknownDirectionFlowCount":${groups.unknown.cells[group]}`],
      ['WindowStart', (group) => `,"WindowStart":"${formatTime(groups.startOf(group), 0)}"`],
      ['WindowEnd', (group) => `,"WindowEnd":"${formatTime(groups.startOf(group) + windowS, 0)}"`],
      ['LastFlowTime', (group) => `,"LastFlowTime":"${timeOf(groups.last.cells, group)}"`],
      ['Revision', () => `,"Revision":${this.#revision}`],
      ['Evidence', (group) => this.#evidence.text(group)],
      ['Other', (group) => (groups.isOther(group) ? ',"Other":true' : '')],
    ]
    return new Map(columns)
  }

  /** Rows of `other` groups have verdict and drop reason in a cell of their own. */
  #orOfOther(name: ColumnName, index: 0 | 1, text: ColumnText = () => ''): ColumnText {
    const { table } = this.#groups
    return (group) => {
      if (!this.#groups.isOther(group)) return text(group)
      const id = table.keys[group * table.stride + KEY_OTHER]
      const value = (this.#options.dictionary.json(id) as [string, string])[index]
      return value === '' ? '' : `,"${name}":${JSON.stringify(value)}`
    }
  }

  #uuidOf(group: number): string {
    const { keyIds, table } = this.#groups
    const uuid = this.#uuid
    uuid.begin()
    uuid.addNumber(this.#revision)
    for (let i = 0, at = group * table.stride; i < table.stride; i++, at++) {
      if (keyIds[i]) uuid.addText(table.keys[at])
      else uuid.addNumber(table.keys[at])
    }
    return uuid.end()
  }
}

function timeOf(cells: Uint32Array, group: number): string {
  return formatTime(cells[group * 2], cells[group * 2 + 1])
}
