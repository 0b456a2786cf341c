import { follow, type JsonSchema, jsonSchemaOf } from '../config/settings-schema.ts'
import type { Described, Json } from '../sdk/index.ts'

/** One setting as docs show it. */
export interface SettingDoc {
  /** `include`, `rotation.max_bytes`, `rules[].port` */
  readonly name: string
  /** `text`, `list of text`, `duration`, `one of "process", "power"` */
  readonly type: string
  /** Null where it is required, or where leaving it out means something of its own. */
  readonly default: Json
  readonly required: boolean
  readonly secret: boolean
  readonly doc: string
}

/** All settings of a component, those inside others too. */
export function settingDocs(definition: Described<Parameters<typeof jsonSchemaOf>[0]>): SettingDoc[] {
  const root = jsonSchemaOf(definition.settings)
  return below(root, root, '')
}

function below(
  root: JsonSchema,
  schema: JsonSchema,
  prefix: string,
  seen: readonly JsonSchema[] = [],
): SettingDoc[] {
  if (seen.includes(schema)) return []
  const properties = Object.entries(schema.properties ?? {})
  return properties.flatMap(([name, setting]) => {
    const path = `${prefix}${name}`
    const target = follow(root, setting)
    const own: SettingDoc = {
      name: path,
      type: typeOf(root, target),
      default: target.default ?? null,
      required: schema.required?.includes(name) ?? false,
      secret: target.secret === true,
      doc: setting.description ?? target.description ?? '',
    }
    return [own, ...inside(root, target, path, [...seen, schema])]
  })
}

/** The settings of maps, of the maps in lists, and of each kind where there is a choice. */
function inside(
  root: JsonSchema,
  schema: JsonSchema,
  path: string,
  seen: readonly JsonSchema[],
): SettingDoc[] {
  const target = follow(root, schema)
  const { items, anyOf = [], oneOf = [], additionalProperties } = target
  const all = [
    ...below(root, target, `${path}.`, seen),
    ...(items ? inside(root, items, `${path}[]`, seen) : []),
    ...(typeof additionalProperties === 'object'
      ? inside(root, additionalProperties, `${path}.NAME`, seen)
      : []),
    ...[...anyOf, ...oneOf].flatMap((choice) => inside(root, choice, path, seen)),
  ]
  return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index)
}

const NAMES: { readonly [type: string]: string } = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'map',
  null: 'empty',
}

function typeOf(root: JsonSchema, schema: JsonSchema): string {
  const {
    unit,
    enum: words,
    const: word,
    type,
    items,
    anyOf,
    oneOf,
    additionalProperties,
  } = follow(root, schema)
  if (unit !== undefined) return unit
  if (word !== undefined) return JSON.stringify(word)
  if (words !== undefined) return words.map((one) => JSON.stringify(one)).join(', ')
  const choices = anyOf ?? oneOf
  if (choices) return [...new Set(choices.map((choice) => typeOf(root, choice)))].join(' or ')
  if (type === 'array') return `list of ${items ? typeOf(root, items) : 'anything'}`
  if (type === 'object' && typeof additionalProperties === 'object')
    return `map of ${typeOf(root, additionalProperties)} by name`
  const types = typeof type === 'string' ? [type] : (type ?? [])
  return types.length === 0 ? 'anything' : types.map((one) => NAMES[one] ?? one).join(' or ')
}
