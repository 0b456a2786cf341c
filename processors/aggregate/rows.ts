import { hash } from 'node:crypto'
import { type Dictionary, RowKernel, TextRows } from '../../src/sdk/index.ts'
import type { Groups } from './groups.ts'
import type { Questions } from './questions.ts'
import { rowOrders } from './row-orders.ts'

export interface RowOptions {
  readonly dictionary: Dictionary
  /** For rows whose flows name no node, and part of every UUID. */
  readonly node: string
  readonly pipeline: string
  readonly dnsRcode: 'name' | 'number'
}

const SEED_WORDS = 4

/** Renders the groups of one layout as rows: as text at once, because text is what most rows end as. */
export class RowWriter {
  readonly #groups: Groups
  readonly #kernel: RowKernel

  constructor(groups: Groups, questions: Questions, options: RowOptions) {
    const { dictionary, node, pipeline, dnsRcode } = options
    const { layout, table, keyIds } = groups
    this.#groups = groups
    questions.answers.define('hash', (id) => questions.answers.note(wordsOf(dictionary.text(id), 2)))
    // What all rows share: node, pipeline, the names in the key.
    const shared = [node, pipeline, layout.windowS, ...layout.key.map(({ name }) => name)]
    this.#kernel = new RowKernel(dictionary.kernel, {
      groups: table,
      answers: questions.answers,
      orders: rowOrders({ groups, questions, node, dnsRcode }),
      seed: Uint32Array.from(wordsOf(JSON.stringify(shared), SEED_WORDS)),
      keyIds,
    })
  }

  /** A piece at a time, each until the next is taken. */
  *rows(groups: Uint32Array, revision: number): Generator<TextRows> {
    for (const piece of this.#kernel.render(groups, revision)) {
      const flows = Array.from(piece.groups, (group) => this.#groups.flowsOf(group))
      yield new TextRows(piece.text, flows, piece.isThere)
    }
  }
}

/** Words of the text's SHA-256. */
function wordsOf(text: string, count: number): number[] {
  const digest = hash('sha256', text, 'buffer')
  return Array.from({ length: count }, (_, i) => digest.readUInt32LE(i * 4))
}
