import { z } from 'zod'
import type { Json } from '../util/json.ts'
import type { SettingPath } from './problem.ts'

/** Settings as JSON schema: what lint, docs, `print-config` and editors read of a definition. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: Json
  readonly enum?: readonly Json[]
  readonly const?: Json
  readonly properties?: { readonly [name: string]: JsonSchema }
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly $ref?: string
  readonly $defs?: { readonly [name: string]: JsonSchema }
  /** From `.meta({ secret: true })`: never shown. */
  readonly secret?: boolean
  /** From `duration()` and `size()`. */
  readonly unit?: 'duration' | 'size'
}

/** The schema of what a person writes, before defaults and units are applied. */
export function jsonSchemaOf(settings: z.ZodType): JsonSchema {
  return z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as JsonSchema
}

/** All that may stand at a path: a union offers several. */
export function schemasAt(root: JsonSchema, path: SettingPath): readonly JsonSchema[] {
  let schemas = alternatives(root, root)
  for (const step of path) schemas = schemas.flatMap((schema) => alternatives(root, below(schema, step)))
  return schemas
}

/** Whether the setting at a path, or one around it, is a secret. */
export function isSecret(root: JsonSchema, path: SettingPath): boolean {
  return path.some((_, index) =>
    schemasAt(root, path.slice(0, index + 1)).some(({ secret }) => secret === true),
  )
}

function below(schema: JsonSchema, step: string | number): JsonSchema | undefined {
  if (typeof step === 'number') return schema.items
  const { properties = {}, additionalProperties } = schema
  if (Object.hasOwn(properties, step)) return properties[step]
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

/** The schema itself and, where it is a choice, what it chooses from. */
function alternatives(root: JsonSchema, schema: JsonSchema | undefined): readonly JsonSchema[] {
  if (schema === undefined) return []
  const target = follow(root, schema)
  const choices = [...(target.anyOf ?? []), ...(target.oneOf ?? [])]
  return [target, ...choices.flatMap((choice) => alternatives(root, choice))]
}

/** What a reference to a schema used twice stands for. */
export function follow(root: JsonSchema, schema: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema
  const target = schema.$ref === '#' ? root : root.$defs?.[schema.$ref.replace('#/$defs/', '')]
  return { ...target, ...(schema.description !== undefined && { description: schema.description }) }
}
