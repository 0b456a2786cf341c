import type { Dictionary, FieldName, JsonObject } from '../../src/sdk/index.ts'
import type { EvidenceList } from './evidence.ts'
import type { Groups } from './groups.ts'
import { MIXED } from './loops.ts'

/** Writes what the columns of a row cannot say, because the flows of its group differ. */
export class EvidenceWriter {
  readonly #groups: Groups
  readonly #dictionary: Dictionary
  readonly #inKey: ReadonlySet<string>
  readonly #carriedAt: ReadonlyMap<string, number>

  constructor(groups: Groups, dictionary: Dictionary) {
    const { key, carried } = groups.layout
    this.#groups = groups
    this.#dictionary = dictionary
    this.#inKey = new Set(key.map(({ name }) => name))
    this.#carriedAt = new Map(carried.map(({ name }, index) => [name, index]))
  }

  /** Undefined when the columns say it all. */
  evidence(group: number): JsonObject | undefined {
    const { layout, others, syn, fin, rst } = this.#groups
    const evidence: JsonObject = {}
    const rest: JsonObject = {}
    layout.evidence.forEach((list, i) => {
      if (list.fields.every((name) => this.agreesOn(name, group))) return
      const values = this.#examplesOf(list, i, group)
      if (values.length === 0) return
      evidence[list.name] = values
      if (others[i].cells[group] > 0) rest[list.name] = others[i].cells[group]
    })
    if (Object.keys(rest).length > 0) evidence.Others = rest
    const flags = { Syn: syn.cells[group], Fin: fin.cells[group], Rst: rst.cells[group] }
    if (flags.Syn + flags.Fin + flags.Rst > 0) evidence.TcpFlags = flags
    return Object.keys(evidence).length > 0 ? evidence : undefined
  }

  /** Whether the row can tell what all flows of the group have in this field, be it nothing. */
  agreesOn(name: FieldName, group: number): boolean {
    if (this.#inKey.has(name)) return !this.#groups.isOther(group)
    const index = this.#carriedAt.get(name)
    return index !== undefined && this.#groups.carried[index].cells[group] !== MIXED
  }

  /** In the order of the alphabet: the order in which they came says nothing. */
  #examplesOf({ name }: EvidenceList, index: number, group: number): string[] {
    const { cells, width } = this.#groups.examples[index]
    const texts: string[] = []
    for (let at = group * width; at < (group + 1) * width && cells[at] !== 0; at++)
      texts.push(this.#dictionary.text(cells[at]))
    if (name !== 'Policies') return texts.sort()
    return [...new Set(texts.flatMap((list) => JSON.parse(list) as string[]))].sort()
  }
}
