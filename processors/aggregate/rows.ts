import { hash } from 'node:crypto'
import { COLUMNS, type ColumnName, type Dictionary, formatTime, type RowBatch } from '../../src/sdk/index.ts'
import { EvidenceWriter } from './evidence-writer.ts'
import { type Groups, KEY_OTHER } from './groups.ts'
import { type ColumnText, columnTexts } from './row-text.ts'

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
  readonly #keyNames: string
  /** Of the row at hand. */
  #revision = 0

  constructor(groups: Groups, options: RowOptions) {
    this.#groups = groups
    this.#options = options
    this.#evidence = new EvidenceWriter(groups, options.dictionary)
    this.#keyNames = groups.layout.key.map(({ name }) => name).join()
    const cells = columnTexts(groups, options.dictionary, options.dnsRcode)
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
      ['UUID', (group) => `,"UUID":"${this.#uuid(group)}"`],
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
      ['Evidence', (group) => this.#evidenceText(group)],
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

  #evidenceText(group: number): string {
    const evidence = this.#evidence.evidence(group)
    return evidence ? `,"Evidence":${JSON.stringify(evidence)}` : ''
  }

  /** Made of texts and numbers that mean the same in every process, so that the row has it again after a crash. */
  #uuid(group: number): string {
    const { keyIds, layout, table } = this.#groups
    const { dictionary, node, pipeline } = this.#options
    const startS = this.#groups.startOf(group)
    const name: (string | number)[] = [node, pipeline, startS, layout.windowS, this.#revision, this.#keyNames]
    for (let i = 0, at = group * table.stride; i < table.stride; i++, at++)
      name.push(keyIds[i] ? dictionary.text(table.keys[at]) : table.keys[at])
    const digest = hash('sha256', JSON.stringify(name))
    // Version 8 of RFC 9562: its own hash of its own name, in the variant of that document.
    return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`
  }
}

function timeOf(cells: Uint32Array, group: number): string {
  return formatTime(cells[group * 2], cells[group * 2 + 1])
}
