import type { Dictionary, FieldName } from '../../src/sdk/index.ts'
import type { CellColumn, Groups, SumColumn } from './groups.ts'
import { MIXED } from './loops.ts'

/** A list of examples, and what decides whether it is written. */
interface List {
  readonly name: string
  /** Cells of the fields it speaks for and the key has not; null when one of them is not carried. */
  readonly carried: readonly CellColumn[] | null
  readonly examples: CellColumn
  readonly others: SumColumn
}

/** Writes what the columns of a row cannot say, because the flows of its group differ. */
export class EvidenceWriter {
  readonly #groups: Groups
  readonly #dictionary: Dictionary
  readonly #inKey: ReadonlySet<string>
  readonly #carriedAt: ReadonlyMap<string, number>
  readonly #lists: readonly List[]

  constructor(groups: Groups, dictionary: Dictionary) {
    const { key, carried, evidence } = groups.layout
    this.#groups = groups
    this.#dictionary = dictionary
    this.#inKey = new Set(key.map(({ name }) => name))
    this.#carriedAt = new Map(carried.map(({ name }, index) => [name, index]))
    this.#lists = evidence.map(({ name, fields }, i) => ({
      name,
      carried: this.#carriedCells(fields),
      examples: groups.examples[i],
      others: groups.others[i],
    }))
  }

  /** The column as text; empty when the other columns say it all. */
  text(group: number): string {
    const { syn, fin, rst } = this.#groups
    let lists = ''
    let rest = ''
    for (const list of this.#lists) {
      if (this.#isAgreed(list, group)) continue
      const values = this.#examplesOf(list, group)
      if (values === '') continue
      lists += `,"${list.name}":[${values}]`
      const others = list.others.cells[group]
      if (others > 0) rest += `,"${list.name}":${others}`
    }
    if (rest !== '') lists += `,"Others":{${rest.slice(1)}}`
    const [Syn, Fin, Rst] = [syn.cells[group], fin.cells[group], rst.cells[group]]
    if (Syn + Fin + Rst > 0) lists += `,"TcpFlags":{"Syn":${Syn},"Fin":${Fin},"Rst":${Rst}}`
    return lists === '' ? '' : `,"Evidence":{${lists.slice(1)}}`
  }

  /** Whether the row can tell what all flows of the group have in this field, be it nothing. */
  agreesOn(name: FieldName, group: number): boolean {
    if (this.#inKey.has(name)) return true
    const index = this.#carriedAt.get(name)
    return index !== undefined && this.#groups.carried[index].cells[group] !== MIXED
  }

  #isAgreed({ carried }: List, group: number): boolean {
    if (carried === null) return false
    for (const { cells } of carried) if (cells[group] === MIXED) return false
    return true
  }

  #carriedCells(fields: readonly FieldName[]): readonly CellColumn[] | null {
    const outsideKey = fields.filter((name) => !this.#inKey.has(name))
    if (outsideKey.some((name) => !this.#carriedAt.has(name))) return null
    return outsideKey.map((name) => this.#groups.carried[this.#carriedAt.get(name)!])
  }

  /** In the order of the alphabet: the order in which they came says nothing. */
  #examplesOf({ name, examples: { cells, width } }: List, group: number): string {
    const texts: string[] = []
    for (let at = group * width; at < (group + 1) * width && cells[at] !== 0; at++)
      texts.push(this.#dictionary.text(cells[at]))
    const values = name === 'Policies' ? policyNames(texts) : texts.sort()
    return values.map((value) => JSON.stringify(value)).join()
  }
}

function policyNames(lists: readonly string[]): string[] {
  return [...new Set(lists.flatMap((list) => JSON.parse(list) as string[]))].sort()
}
