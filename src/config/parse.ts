import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import type { Place, Problem } from './problem.ts'
import type { ConfigNode } from './tree.ts'

/** Aliases can make a small file enormous, or endless. */
const MOST_NODES = 100_000
const DEEPEST = 100

export type Parsed =
  | { readonly kind: 'tree'; readonly root: ConfigNode }
  | { readonly kind: 'broken'; readonly problems: readonly Problem[] }

/** One YAML file with the place of every value. */
export function parseConfig(file: string, text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  const reader = new TreeReader(file, lines, document)
  const faults = firstOfEachLine([...document.errors, ...document.warnings], lines)
  if (faults.length > 0)
    return {
      kind: 'broken',
      problems: faults.map(({ pos, code, message }) => reader.problem(pos[0], READABLE[code] ?? message)),
    }
  const root = reader.read(document.contents, reader.placeAt(0), 0)
  return reader.problems.length > 0 ? { kind: 'broken', problems: reader.problems } : { kind: 'tree', root }
}

/** Where the YAML library's own words are no help. */
const READABLE: { readonly [code: string]: string } = {
  MULTIPLE_DOCS: 'a second document begins here, and a config file is one; give each its own --config',
  TAB_AS_INDENT: 'a tab indents this line, and YAML wants spaces',
}

/** After a fault the parser stumbles on: what it says of the rest of the line is noise. */
function firstOfEachLine(faults: readonly YAMLError[], lines: LineCounter): YAMLError[] {
  const lineOf = ({ pos }: YAMLError) => lines.linePos(pos[0]).line
  return faults.filter(
    (fault, index) => faults.findIndex((other) => lineOf(other) === lineOf(fault)) === index,
  )
}

class TreeReader {
  readonly problems: Problem[] = []
  readonly #file: string
  readonly #lines: LineCounter
  readonly #document: Document
  readonly #targets = new Map<Alias, Node>()
  #nodes = 0

  constructor(file: string, lines: LineCounter, document: Document) {
    this.#file = file
    this.#lines = lines
    this.#document = document
  }

  /** A mapping's values take the place of their keys: that is where a person looks for a setting. */
  read(node: unknown, place: Place, depth: number): ConfigNode {
    if (this.#isTooMuch(depth)) return nothing(place)
    const target = isAlias(node) ? this.#targetOf(node) : node
    if (isMap(target)) return this.#readMap(target, place, depth)
    if (isSeq(target)) {
      const items = target.items.map((item) => this.read(item, this.#placeOf(item, place), depth + 1))
      return { kind: 'list', place, items }
    }
    return isScalar(target) ? { ...nothing(place), value: scalarValue(target.value) } : nothing(place)
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  problem(offset: number, problem: string): Problem {
    return { file: this.#file, place: this.placeAt(offset), path: [], problem }
  }

  #readMap(map: YAMLMap, place: Place, depth: number): ConfigNode {
    const entries = new Map<string, ConfigNode>()
    const merged = new Map<string, ConfigNode>()
    for (const { key, value } of map.items as Pair<Node, Node>[]) {
      const keyPlace = this.#placeOf(key, place)
      const node = this.read(value, keyPlace, depth + 1)
      const name = isScalar(key) ? String(key.value) : null
      if (name === null) this.#fault(keyPlace, 'a key must be text')
      else if (entries.has(name)) this.#fault(keyPlace, `"${name}" is here twice; keep one of them`)
      else if (name !== '<<') entries.set(name, node)
      else
        for (const [inherited, below] of mapsIn(node))
          if (!merged.has(inherited)) merged.set(inherited, below)
    }
    return { kind: 'map', place, entries: new Map([...merged, ...entries]) }
  }

  /** Looked up once: the library searches the whole document each time. */
  #targetOf(alias: Alias): unknown {
    const known = this.#targets.get(alias)
    if (known) return known
    const target = alias.resolve(this.#document)
    if (target) this.#targets.set(alias, target)
    else this.#fault(this.#placeOf(alias, this.placeAt(0)), `there is no "&${alias.source}" above`)
    return target
  }

  #isTooMuch(depth: number): boolean {
    if (this.#nodes >= MOST_NODES) return true
    this.#nodes = depth < DEEPEST ? this.#nodes + 1 : MOST_NODES
    if (this.#nodes < MOST_NODES) return false
    const problem = 'too large or too deeply nested: do its aliases (*name) repeat or contain themselves?'
    this.#fault(this.placeAt(0), problem)
    return true
  }

  #fault(place: Place, problem: string): void {
    this.problems.push({ file: this.#file, place, path: [], problem })
  }

  #placeOf(node: unknown, otherwise: Place): Place {
    const range = (node as Node | null)?.range
    return range ? this.placeAt(range[0]) : otherwise
  }
}

/** The entries that `<<: *base` or `<<: [*first, *second]` brings in; the first that has a key wins. */
function mapsIn(node: ConfigNode): [string, ConfigNode][] {
  if (node.kind === 'map') return [...node.entries]
  return node.kind === 'list' ? node.items.flatMap(mapsIn) : []
}

function nothing(place: Place) {
  return { kind: 'scalar', place, value: null, origin: { kind: 'written' } } as const
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  return String(value)
}
