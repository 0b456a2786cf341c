import type { z } from 'zod'
import { type AnyDefinition, SettingError } from '../sdk/index.ts'
import type { Json } from '../util/json.ts'
import { wayOut } from '../util/nearest.ts'
import { conceal, type SettingProblem, settingProblems } from './issues.ts'
import type { SettingPath } from './problem.ts'
import type { Report } from './report.ts'
import type { Configured } from './resolved.ts'
import { isHidden } from './secrets.ts'
import { jsonSchemaOf } from './settings-schema.ts'
import { type ConfigNode, nodeAt, plain } from './tree.ts'

export type Section = 'receivers' | 'processors' | 'exporters'

type Loaders<D> = { readonly [type: string]: () => Promise<D> }

/** Every component of a section that is as it should be; the others are in the report. */
export async function readSection<D extends AnyDefinition>(
  root: ConfigNode,
  section: Section,
  known: Loaders<D>,
  report: Report,
): Promise<Map<string, Configured<D>>> {
  const components = new Map<string, Configured<D>>()
  const node = nodeAt(root, [section])
  if (node?.kind !== 'map') {
    if (node && plain(node) !== null) report.error(root, [section], `must be a map of ${section} by id`)
    return components
  }
  for (const id of node.entries.keys()) {
    const path = [section, id]
    const problem = idProblem(section, id, Object.keys(known))
    if (problem !== null) {
      report.error(root, path, problem)
      continue
    }
    const definition = await known[typeOf(id)]()
    const settings = readSettings(root, path, definition.settings, report)
    if (settings === null) continue
    check(root, path, definition, settings.output, report)
    components.set(id, { id, definition, settings: settings.output, input: settings.input })
  }
  return components
}

function idProblem(section: Section, id: string, types: readonly string[]): string | null {
  if (!/^[a-z][a-z0-9_]*(\/[\w.-]+)?$/.test(id))
    return 'no id; write the type, or "type/name" with letters, digits, "_", "-" and "."'
  if (types.includes(typeOf(id))) return null
  return `unknown ${section.slice(0, -1)} type "${typeOf(id)}"; ${wayOut(typeOf(id), types)}`
}

/** `file` of `file/archive`. */
function typeOf(id: string): string {
  return id.split('/', 1)[0]
}

interface ReadSettings<S extends z.ZodType> {
  readonly input: Json
  readonly output: z.output<S>
}

/** Settings below a path as their schema makes them; null when they are wrong, which the report then says. */
export function readSettings<S extends z.ZodType>(
  root: ConfigNode,
  path: SettingPath,
  schema: S,
  report: Report,
): ReadSettings<S> | null {
  const node = nodeAt(root, path)
  let result = attempt(node, schema, new Set())
  if (node && isRefused(result)) {
    // A token of digits in a variable reads as a number; where text is wanted, it is the text.
    const values = result.map((problem) => nodeAt(node, problem.path))
    result = attempt(node, schema, new Set(values.filter((value) => value !== null)))
  }
  if (!isRefused(result)) return result
  for (const { path: below, problem } of result) report.error(root, [...path, ...below], problem)
  return null
}

function attempt<S extends z.ZodType>(
  node: ConfigNode | null,
  schema: S,
  asText: ReadonlySet<ConfigNode>,
): ReadSettings<S> | readonly SettingProblem[] {
  // A component without settings is `file:` in YAML, an empty value.
  const input = (node && plain(node, asText)) ?? {}
  const result = schema.safeParse(input)
  if (result.success) return { input, output: result.data }
  const json = jsonSchemaOf(schema)
  const hidden = (path: SettingPath) => node !== null && isHidden(node, json, path)
  return settingProblems(result.error.issues, { input, schema: json, isHidden: hidden })
}

function isRefused(result: object): result is readonly SettingProblem[] {
  return Array.isArray(result)
}

function check(
  root: ConfigNode,
  path: SettingPath,
  definition: AnyDefinition,
  settings: unknown,
  report: Report,
): void {
  try {
    definition.check?.(settings)
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    const node = nodeAt(root, path)
    const value = node && nodeAt(node, error.path)
    const hide = value && isHidden(node, jsonSchemaOf(definition.settings), error.path)
    report.error(root, [...path, ...error.path], hide ? conceal(error.message, plain(value)) : error.message)
  }
}
