import type { z } from 'zod'
import type { Json } from '../util/json.ts'
import type { Section } from './components.ts'
import type { SettingPath } from './problem.ts'
import type { Configured, ResolvedConfig } from './resolved.ts'
import { isHidden } from './secrets.ts'
import { serviceSettings } from './service-settings.ts'
import { type JsonSchema, jsonSchemaOf, schemasAt } from './settings-schema.ts'
import { type ConfigNode, nodeAt, plain } from './tree.ts'

const HIDDEN = '[hidden]'

/** A config as it runs, in the form it is written: merged, expanded, defaults filled in, secrets hidden. */
export function printable(config: ResolvedConfig, root: ConfigNode): Json {
  const section = (name: Section) =>
    Object.fromEntries(
      [...config[name].values()].map((component) => [
        component.id,
        settings(component, nodeAt(root, [name, component.id])),
      ]),
    )
  const service = nodeAt(root, ['service'])
  return {
    receivers: section('receivers'),
    processors: section('processors'),
    exporters: section('exporters'),
    service: new Printer(service, jsonSchemaOf(serviceSettings)).show(service && plain(service), []),
  }
}

function settings(
  { definition, input }: Configured<{ readonly settings: z.ZodType }>,
  node: ConfigNode | null,
): Json {
  return new Printer(node, jsonSchemaOf(definition.settings)).show(input as Json, [])
}

class Printer {
  readonly #node: ConfigNode | null
  readonly #schema: JsonSchema

  constructor(node: ConfigNode | null, schema: JsonSchema) {
    this.#node = node
    this.#schema = schema
  }

  show(value: Json, path: SettingPath): Json {
    if (this.#node && isHidden(this.#node, this.#schema, path)) return HIDDEN
    if (Array.isArray(value)) return value.map((item, index) => this.show(item, [...path, index]))
    if (typeof value === 'string') return escaped(value)
    if (typeof value !== 'object' || value === null) return value
    const all = { ...this.#defaults(path), ...value }
    return Object.fromEntries(
      Object.entries(all).map(([key, item]) => [key, this.show(item, [...path, key])]),
    )
  }

  /** A choice between kinds of settings has none: which are meant is not ours to say. */
  #defaults(path: SettingPath): { readonly [name: string]: Json } {
    const [schema, ...others] = schemasAt(this.#schema, path)
    if (!schema?.properties || others.length > 0) return {}
    const known = Object.entries(schema.properties)
    return Object.fromEntries(
      known.flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
    )
  }
}

/** What reads as a reference would be one when the config is read again. */
function escaped(text: string): string {
  return text.replace(/\$(?=[${])/g, '$$$$')
}
