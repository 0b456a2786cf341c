import type { z } from 'zod'
import { nearest, wayOut } from '../util/nearest.ts'
import type { SettingPath } from './problem.ts'
import { type JsonSchema, schemasAt } from './settings-schema.ts'

export interface SettingProblem {
  readonly path: SettingPath
  readonly problem: string
  /** The setting that a misspelt one was meant to be. */
  readonly meant?: SettingPath
}

type Issue = z.core.$ZodIssue

/** What zod was asked to look at. */
export interface Examined {
  readonly input: unknown
  readonly schema: JsonSchema
  /** Whether no message may show the value at a path. */
  isHidden(path: SettingPath): boolean
}

/** What zod found, in words that say what to write instead. */
export function settingProblems(issues: readonly Issue[], examined: Examined): SettingProblem[] {
  const problems = issues.flatMap((issue) => problemsOf(issue, examined, []))
  const meant = new Set(problems.flatMap(({ meant }) => (meant ? [JSON.stringify(meant)] : [])))
  // What is only misspelt is not missing as well.
  return problems.filter(
    ({ path }) => !meant.has(JSON.stringify(path)) || valueAt(examined.input, path) !== undefined,
  )
}

/** A message without the value it may repeat. */
export function conceal(message: string, value: unknown): string {
  return typeof value === 'object' || value === '' ? message : message.replaceAll(String(value), '[hidden]')
}

function problemsOf(issue: Issue, examined: Examined, above: SettingPath): SettingProblem[] {
  const path = [...above, ...issue.path.map(step)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownSetting([...path, key], examined))
    case 'invalid_union':
      return unionProblems(issue, examined, path)
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.map(({ message }) => ({ path, problem: message }))
    default:
      return [{ path, problem: problemOf(issue, examined, path) }]
  }
}

function unknownSetting(path: SettingPath, { schema }: Examined): SettingProblem {
  const known = schemasAt(schema, path.slice(0, -1)).flatMap(({ properties = {} }) => Object.keys(properties))
  const word = String(path.at(-1))
  const meant = nearest(word, known)
  const problem = `unknown setting; ${wayOut(word, known)}`
  return meant === null ? { path, problem } : { path, problem, meant: [...path.slice(0, -1), meant] }
}

function problemOf(issue: Issue, examined: Examined, path: SettingPath): string {
  const value = valueAt(examined.input, path)
  const wanted = wants(issue, schemasAt(examined.schema, path))
  if (value === undefined && issue.code !== 'custom') return missing(wanted, path, examined)
  if (!examined.isHidden(path)) return wording(issue, value, wanted)
  return conceal(wording(issue, HIDDEN, wanted), value)
}

/** Stands for a value that must not be shown. */
const HIDDEN = Symbol('hidden')

function missing(wanted: string, path: SettingPath, { schema }: Examined): string {
  const doc = schemasAt(schema, path).find(({ description }) => description)?.description
  return `missing; it takes ${wanted}${doc ? `: ${doc}` : ''}`
}

/** The branch of a union that fits the value's shape speaks for the union; when none does, all are named. */
function unionProblems(
  issue: Issue & { code: 'invalid_union' },
  examined: Examined,
  path: SettingPath,
): SettingProblem[] {
  const fitting = issue.errors.filter((branch) => branch.some((inner) => !isAboutShape(inner)))
  const branch = fitting.toSorted((a, b) => a.length - b.length)[0]
  if (branch) return branch.flatMap((inner) => problemsOf(inner, examined, path))
  const roots = issue.errors.flat()
  // A choice between kinds of maps names their kinds instead.
  const { options } = issue as { options?: readonly (string | number)[] }
  const wanted = options ? oneOf(options) : [...new Set(roots.map((root) => wants(root)))].join(' or ')
  const words = options ?? roots.flatMap((root) => (root.code === 'invalid_value' ? root.values : []))
  const value = valueAt(examined.input, path)
  if (value === undefined) return [{ path, problem: missing(wanted, path, examined) }]
  return [{ path, problem: refusal(wanted, examined.isHidden(path) ? HIDDEN : value, words) }]
}

function isAboutShape(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
}

/** How zod's own words begin; anything else is what the author of the settings wants to be said. */
const WORDS_OF_ZOD = /^(Invalid |Too (small|big): )/

function wording(issue: Issue, value: unknown, wanted: string): string {
  if (!WORDS_OF_ZOD.test(issue.message)) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return `${refusal(wanted, value)}${mending(wanted, value)}`
    case 'invalid_value':
      return refusal(wanted, value, issue.values)
    case 'too_small':
      return tooSmall(issue)
    case 'too_big':
      return `must ${amount(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin)}`
    default:
      return issue.message
  }
}

/** `must be one of "a", "b", not "c"; did you mean "b"?` */
function refusal(wanted: string, value: unknown, words: readonly unknown[] = []): string {
  const meant = typeof value === 'string' ? nearest(value, words.map(String)) : null
  const hint = meant === null ? '' : `; did you mean "${meant}"?`
  return value === HIDDEN ? `must be ${wanted}` : `must be ${wanted}, not ${shown(value)}${hint}`
}

function tooSmall({ origin, minimum, inclusive }: Issue & { code: 'too_small' }): string {
  if (unitOf(origin) !== '' && minimum === 1) return 'must not be empty'
  return `must ${amount(origin)} ${inclusive === false ? 'more than' : 'at least'} ${minimum}${unitOf(origin)}`
}

function amount(origin: string): string {
  return unitOf(origin) === '' ? 'be' : 'have'
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'number' || origin === 'int' || origin === 'bigint' ? '' : ' entries'
}

function oneOf(options: readonly unknown[]): string {
  const names = options.map((option) => JSON.stringify(option))
  return names.length > 1 ? `one of ${names.join(', ')}` : names[0]
}

const NOUNS: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of settings',
  record: 'a map',
}

function wants(issue: Issue, schemas: readonly JsonSchema[] = []): string {
  if (issue.code === 'invalid_value') return oneOf(issue.values)
  if (issue.code !== 'invalid_type') return issue.message
  return schemas.some(({ unit }) => unit === 'duration')
    ? 'a duration such as "30s"'
    : (NOUNS[issue.expected] ?? issue.expected)
}

const LONGEST_SHOWN = 60

function shown(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = String(value)
  if (text.length > LONGEST_SHOWN) return `a text of ${text.length} characters`
  return typeof value === 'string' ? `"${text}"` : text
}

/** How to write a value that is only written wrong. */
function mending(wanted: string, value: unknown): string {
  if (wanted === NOUNS.string && (typeof value === 'number' || typeof value === 'boolean'))
    return '; put it in quotes'
  return wanted === NOUNS.array && typeof value === 'string' ? '; put it in brackets' : ''
}

function step(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key)
}

function valueAt(input: unknown, path: SettingPath): unknown {
  return path.reduce(
    (value, key) => (value as { [key: string | number]: unknown } | null | undefined)?.[key],
    input,
  )
}
