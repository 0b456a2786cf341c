import type { z } from 'zod'
import { follow, type JsonSchema, jsonSchemaOf } from '../config/settings-schema.ts'
import type { Described, Json } from '../sdk/index.ts'

/** One setting as docs show it. */
export interface SettingDoc {
  /** `include`, `rotation.max_bytes`, `rules[].port` */
  readonly name: string
  /** Other spellings of its last part. */
  readonly also: readonly string[]
  /** `text`, `list of text`, `duration`, `one of "process", "power"` */
  readonly type: string
  /** Null where it is required, or where leaving it out means something of its own. */
  readonly default: Json
  readonly required: boolean
  readonly secret: boolean
  readonly doc: string
}

/** All settings of a component, those inside others too. */
export function settingDocs(definition: Described<z.ZodType>): SettingDoc[] {
  return new Lister(jsonSchemaOf(definition.settings)).list()
}

class Lister {
  readonly #root: JsonSchema
  /** Where maps with these settings were told of first: the same elsewhere is only named. */
  readonly #told = new Map<string, string>()

  constructor(root: JsonSchema) {
    this.#root = root
  }

  list(): SettingDoc[] {
    return this.#below(this.#root, '')
  }

  #below(map: JsonSchema, prefix: string): SettingDoc[] {
    return spellings(map).flatMap(([key, ...also]) => {
      const setting = map.properties![key]
      const name = `${prefix}${key}`
      const schema = follow(this.#root, setting)
      const maps = this.#mapsIn(schema, name)
      const known = maps.map((inner) => this.#told.get(identity(inner.schema)))
      const fresh = maps.filter((_, index) => known[index] === undefined)
      for (const inner of fresh) this.#told.set(identity(inner.schema), inner.name)
      const like = known.find((told) => told !== undefined)
      const type = typeOf(this.#root, schema)
      const own: SettingDoc = {
        name,
        also,
        type: like === undefined ? type : `${type}, as \`${like}\``,
        // The defaults of a map are those of its settings.
        default: maps.length > 0 && isEmptyMap(schema.default) ? null : (schema.default ?? null),
        required: map.required?.includes(key) ?? false,
        secret: schema.secret === true,
        doc: setting.description ?? schema.description ?? '',
      }
      return [own, ...fresh.flatMap((inner) => this.#below(inner.schema, `${inner.name}.`))]
    })
  }

  /** The maps of settings that a setting is, holds, or may be. */
  #mapsIn(schema: JsonSchema, name: string): { readonly schema: JsonSchema; readonly name: string }[] {
    const {
      properties,
      items,
      anyOf = [],
      oneOf = [],
      additionalProperties: others,
    } = follow(this.#root, schema)
    return [
      ...(properties ? [{ schema: follow(this.#root, schema), name }] : []),
      ...(items ? this.#mapsIn(items, `${name}[]`) : []),
      ...(typeof others === 'object' ? this.#mapsIn(others, `${name}.NAME`) : []),
      ...[...anyOf, ...oneOf].flatMap((choice) => this.#mapsIn(choice, name)),
    ]
  }
}

/** The keys of a map; those that differ in case and underscores alone, and mean the same, together. */
function spellings({ properties = {} }: JsonSchema): readonly string[][] {
  const same = (key: string) => `${key.replaceAll('_', '').toLowerCase()} ${JSON.stringify(properties[key])}`
  return [...Map.groupBy(Object.keys(properties), same).values()]
}

function isEmptyMap(value: Json | undefined): boolean {
  return JSON.stringify(value) === '{}'
}

function identity({ properties }: JsonSchema): string {
  return JSON.stringify(properties)
}

const NAMES: { readonly [type: string]: string } = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'map',
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
  if (choices) {
    // Where nothing may be written instead of a value, that goes without saying.
    const values = choices.filter((choice) => choice.type !== 'null')
    return [...new Set(values.map((choice) => typeOf(root, choice)))].join(' or ')
  }
  if (type === 'array') return `list of ${items ? typeOf(root, items) : 'anything'}`
  if (type === 'object' && typeof additionalProperties === 'object')
    return `map of ${typeOf(root, additionalProperties)} by name`
  const types = [type ?? []].flat().filter((one) => one !== 'null')
  return types.length === 0 ? 'anything' : types.map((one) => NAMES[one] ?? one).join(' or ')
}
