import type { z } from 'zod'
import { nearest } from '../util/nearest.ts'
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
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownSetting([...path, key], examined))
  if (issue.code === 'invalid_union') return unionProblems(issue, examined, path)
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element')
    return issue.issues.map((inner) => ({ path, problem: `${what(issue)}: ${wording(inner, path.at(-1))}` }))
  const value = valueAt(examined.input, path)
  const isHidden = examined.isHidden(path)
  const shownAs = isHidden ? HIDDEN : value
  if (value === undefined && issue.code !== 'custom')
    return [{ path, problem: missing(issue, path, examined) }]
  if (
    issue.code === 'invalid_type' &&
    schemasAt(examined.schema, path).some(({ unit }) => unit === 'duration')
  )
    return [{ path, problem: `must be a duration such as "30s"${not(shownAs)}` }]
  const problem = wording(issue, shownAs)
  return [{ path, problem: isHidden ? conceal(problem, value) : problem }]
}

/** Stands for a value that must not be shown. */
const HIDDEN = Symbol('hidden')

function unknownSetting(path: SettingPath, { schema }: Examined): SettingProblem {
  const known = schemasAt(schema, path.slice(0, -1)).flatMap(({ properties = {} }) => Object.keys(properties))
  const word = String(path.at(-1))
  const meant = nearest(word, known)
  const problem = `unknown setting; ${wayOut(word, known)}`
  return meant === null ? { path, problem } : { path, problem, meant: [...path.slice(0, -1), meant] }
}

/** `did you mean "endpoint"?` or, when nothing is near, all there are. */
export function wayOut(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  if (meant !== null) return `did you mean "${meant}"?`
  return known.length === 0 ? 'there are none here' : `there are ${known.toSorted().join(', ')}`
}

function missing(issue: Issue, path: SettingPath, { schema }: Examined): string {
  const doc = schemasAt(schema, path).find(({ description }) => description)?.description
  return `missing; it takes ${expectation(issue)}${doc ? `: ${doc}` : ''}`
}

/** The branch of a union that fits the value's shape speaks for the union; when none does, all are named. */
function unionProblems(
  issue: Issue & { code: 'invalid_union' },
  examined: Examined,
  path: SettingPath,
): SettingProblem[] {
  const value = valueAt(examined.input, path)
  const { options } = issue as { options?: readonly unknown[] }
  if (options)
    return [
      { path, problem: value === undefined ? `missing; it is ${oneOf(options)}` : choice(options, value) },
    ]
  const fitting = issue.errors.filter((branch) => branch.some((inner) => !isAboutShape(inner)))
  const branch = fitting.toSorted((a, b) => a.length - b.length)[0]
  if (branch) return branch.flatMap((inner) => problemsOf(inner, examined, path))
  const roots = issue.errors.flat()
  const expected = [...new Set(roots.map(expectation))].join(' or ')
  if (value === undefined) return [{ path, problem: `missing; it takes ${expected}` }]
  const words = roots.flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []))
  const meant = typeof value === 'string' ? nearest(value, words) : null
  const hint = meant === null ? '' : `; did you mean "${meant}"?`
  return [{ path, problem: `must be ${expected}${not(examined.isHidden(path) ? HIDDEN : value)}${hint}` }]
}

function isAboutShape(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
}

function wording(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${expectation(issue)}${not(value)}${mending(issue.expected, value)}`
    case 'invalid_value':
      return choice(issue.values, value)
    case 'too_small':
      return tooSmall(issue)
    case 'too_big':
      return `must ${amount(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin)}`
    default:
      return issue.message
  }
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

function what(issue: Issue): string {
  return issue.code === 'invalid_key' ? 'this name does not fit' : 'this entry does not fit'
}

function choice(options: readonly unknown[], value: unknown): string {
  const meant = typeof value === 'string' ? nearest(value, options.map(String)) : null
  const hint = meant === null ? '' : `; did you mean "${meant}"?`
  return `must be ${oneOf(options)}${not(value)}${hint}`
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

function expectation(issue: Issue): string {
  if (issue.code === 'invalid_value') return oneOf(issue.values)
  return issue.code === 'invalid_type' ? (NOUNS[issue.expected] ?? issue.expected) : issue.message
}

const LONGEST_SHOWN = 60

function not(value: unknown): string {
  return value === HIDDEN ? '' : `, not ${shown(value)}`
}

function shown(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = String(value)
  if (text.length > LONGEST_SHOWN) return `a text of ${text.length} characters`
  return typeof value === 'string' ? `"${text}"` : text
}

/** How to write a value that is only written wrong. */
function mending(expected: string, value: unknown): string {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return `; put it in quotes`
  if (expected === 'array' && typeof value === 'string') return `; put it in brackets`
  return ''
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
