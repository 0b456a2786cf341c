import type { z } from 'zod'
import type { Catalog, Described } from '../sdk/index.ts'
import { serviceSettings } from './service-settings.ts'
import { type JsonSchema, jsonSchemaOf } from './settings-schema.ts'
import { testSettings } from './tests.ts'

/** A config file as JSON schema, so that editors complete and check it while it is written. One of several may hold a part. */
export async function configSchema(catalog: Catalog): Promise<object> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'flowfold configuration',
    type: 'object',
    properties: {
      receivers: await sectionSchema(
        'Where flows come from, by id: `type` or `type/name`',
        catalog.receivers,
      ),
      processors: await sectionSchema('What happens to them', catalog.processors),
      exporters: await sectionSchema('Where rows go', catalog.exporters),
      service: allowReferences(jsonSchemaOf(serviceSettings)),
      tests: allowReferences(jsonSchemaOf(testSettings())),
    },
    additionalProperties: false,
  }
}

async function sectionSchema(
  description: string,
  types: { readonly [type: string]: () => Promise<Described<z.ZodType>> },
): Promise<object> {
  const patternProperties: Record<string, object> = {}
  for (const [type, load] of Object.entries(types)) {
    const { summary, settings } = await load()
    const schema = allowReferences(jsonSchemaOf(settings))
    const mayBeEmpty = (schema.required ?? []).length === 0
    patternProperties[`^${type}(/[\\w.-]+)?$`] = {
      ...schema,
      description: summary,
      ...(mayBeEmpty && { type: ['object', 'null'] }),
    }
  }
  return { description, type: ['object', 'null'], patternProperties, additionalProperties: false }
}

const REFERENCE: JsonSchema = { type: 'string', pattern: '\\$\\{(env|file):' } as JsonSchema

/** Where a number, a boolean or one of a few words is wanted, a reference may stand instead. */
function allowReferences(schema: JsonSchema): JsonSchema {
  const { $schema: _, ...rest } = schema as JsonSchema & { $schema?: string }
  const inner = {
    ...rest,
    ...(rest.properties && { properties: mapValues(rest.properties, allowReferences) }),
    ...(rest.$defs && { $defs: mapValues(rest.$defs, allowReferences) }),
    ...(rest.items && { items: allowReferences(rest.items) }),
    ...(typeof rest.additionalProperties === 'object' && {
      additionalProperties: allowReferences(rest.additionalProperties),
    }),
    ...(rest.anyOf && { anyOf: rest.anyOf.map(allowReferences) }),
    ...(rest.oneOf && { oneOf: rest.oneOf.map(allowReferences) }),
  }
  const { description, default: value, ...bare } = inner
  if (!isClosed(bare)) return inner
  return {
    ...(description !== undefined && { description }),
    ...(value !== undefined && { default: value }),
    anyOf: [bare, REFERENCE],
  }
}

function isClosed({ type, enum: words, const: word }: JsonSchema): boolean {
  return (
    words !== undefined || word !== undefined || type === 'number' || type === 'integer' || type === 'boolean'
  )
}

function mapValues<T, U>(
  object: { readonly [name: string]: T },
  change: (value: T) => U,
): { [name: string]: U } {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
}
