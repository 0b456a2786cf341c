import type { Json } from '../util/json.ts'
import type { Place, SettingPath } from './problem.ts'

/** A config as written: values that know where they stand. Reading, merging and expanding all work on this. */
export type ConfigNode = ConfigMap | ConfigList | ConfigScalar

export interface ConfigMap {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: ReadonlyMap<string, ConfigNode>
}

export interface ConfigList {
  readonly kind: 'list'
  readonly place: Place
  readonly items: readonly ConfigNode[]
}

export interface ConfigScalar {
  readonly kind: 'scalar'
  /** Where its key stands; an item of a list has none, and stands for itself. */
  readonly place: Place
  readonly value: string | number | boolean | null
  readonly origin: ScalarOrigin
}

export type ScalarOrigin =
  /** The value stands in the file. */
  | { readonly kind: 'written' }
  /** References made it. `text` is what they gave, before it was read as a number or a boolean. */
  | { readonly kind: 'expanded'; readonly text: string; readonly secret: boolean }
  /** A reference in it failed, which has been reported: its value means nothing. */
  | { readonly kind: 'broken' }

/** Lays one config over another: maps merge, everything else replaces what was there. */
export function merge(under: ConfigNode, over: ConfigNode): ConfigNode {
  if (under.kind !== 'map' || over.kind !== 'map') return over
  const entries = new Map(under.entries)
  for (const [key, node] of over.entries) {
    const below = entries.get(key)
    entries.set(key, below ? merge(below, node) : node)
  }
  return { ...over, entries }
}

/** The node at a path, or null. */
export function nodeAt(root: ConfigNode, path: SettingPath): ConfigNode | null {
  let node: ConfigNode | undefined = root
  for (const step of path) {
    node = child(node, step)
    if (!node) return null
  }
  return node
}

/** Where a setting stands; a setting that is not there stands where it would belong. */
export function placeOf(root: ConfigNode, path: SettingPath): Place {
  let node = root
  for (const step of path) {
    const next = child(node, step)
    if (!next) break
    node = next
  }
  return node.place
}

/** The plain value. Scalars in `asText` that references made are the text the references gave. */
export function plain(node: ConfigNode, asText: ReadonlySet<ConfigNode> = new Set()): Json {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, plain(value, asText)]))
    case 'list':
      return node.items.map((item) => plain(item, asText))
    case 'scalar':
      return node.origin.kind === 'expanded' && asText.has(node) ? node.origin.text : node.value
  }
}

function child(node: ConfigNode, step: string | number): ConfigNode | undefined {
  if (node.kind === 'map') return node.entries.get(String(step))
  return node.kind === 'list' ? node.items[Number(step)] : undefined
}
