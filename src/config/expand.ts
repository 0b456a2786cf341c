import { dirname, resolve } from 'node:path'
import type { SettingPath } from './problem.ts'
import type { Report } from './report.ts'
import type { Surroundings } from './surroundings.ts'
import type { ConfigNode, ConfigScalar } from './tree.ts'

/**
 * Replaces `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}` and `$$` in every scalar. The YAML has been read by then,
 * and what a reference gives is not looked at again: no variable can add a setting or another reference.
 */
export function expand(
  node: ConfigNode,
  around: Surroundings,
  report: Report,
  path: SettingPath = [],
): ConfigNode {
  switch (node.kind) {
    case 'map': {
      const entries = [...node.entries].map(
        ([key, value]) => [key, expand(value, around, report, [...path, key])] as const,
      )
      return { ...node, entries: new Map(entries) }
    }
    case 'list':
      return {
        ...node,
        items: node.items.map((item, index) => expand(item, around, report, [...path, index])),
      }
    case 'scalar':
      return expandScalar(node, around, report, path)
  }
}

function expandScalar(
  node: ConfigScalar,
  around: Surroundings,
  report: Report,
  path: SettingPath,
): ConfigNode {
  if (typeof node.value !== 'string' || !node.value.includes('$')) return node
  const { text, isWhole, secret, problems } = expandText(node.value, around, node.place.file)
  for (const problem of problems) report.errorAt(node.place, path, problem)
  if (problems.length > 0) return { ...node, origin: { kind: 'broken' } }
  return { ...node, value: isWhole ? typed(text) : text, origin: { kind: 'expanded', text, secret } }
}

interface Expanded {
  readonly text: string
  /** One reference and nothing else. */
  readonly isWhole: boolean
  /** Part of it came out of a file, where secrets are kept. */
  readonly secret: boolean
  readonly problems: readonly string[]
}

function expandText(text: string, around: Surroundings, file: string): Expanded {
  let expanded = ''
  let secret = false
  let end = 0
  const problems: string[] = []
  for (;;) {
    const start = text.indexOf('$', end)
    expanded += text.slice(end, start < 0 ? text.length : start)
    if (start < 0) break
    if (text[start + 1] !== '{') {
      expanded += '$'
      end = start + (text[start + 1] === '$' ? 2 : 1)
      continue
    }
    end = closing(text, start)
    if (end < 0) {
      problems.push(`"${text.slice(start)}" has no closing "}"; for a "$" that means itself write "$$"`)
      break
    }
    const value = look(text.slice(start + 2, end - 1), around, file)
    expanded += value.text
    secret ||= value.secret
    problems.push(...value.problems)
  }
  return {
    text: expanded,
    isWhole: text.startsWith('${') && closing(text, 0) === text.length,
    secret,
    problems,
  }
}

/** Behind the brace that closes the reference at `start`, past references in its default; -1 when none does. */
function closing(text: string, start: number): number {
  let open = 0
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('${', at)) open++
    if (text[at] === '}' && --open === 0) return at + 1
  }
  return -1
}

type Value = Omit<Expanded, 'isWhole'>

/** What `env:NAME`, `env:NAME:-default` or `file:PATH` stands for. */
function look(reference: string, around: Surroundings, file: string): Value {
  const env = /^env:([A-Za-z_]\w*)(?::-(.*))?$/s.exec(reference)
  if (env) return lookInEnv(env[1], env[2], around, file)
  if (reference.startsWith('file:')) return lookInFile(reference.slice('file:'.length), around, file)
  const name = /^[A-Za-z_]\w*$/.test(reference) ? reference : 'NAME'
  return fault(
    `"\${${reference}}" is no reference; write "\${env:${name}}", "\${file:PATH}", or "$$" for a "$" that means itself`,
  )
}

function lookInEnv(name: string, fallback: string | undefined, around: Surroundings, file: string): Value {
  const value = around.env[name]
  // As in a shell, an empty variable takes the default too: charts set many that they leave empty.
  if (value !== undefined && (value !== '' || fallback === undefined))
    return { text: value, secret: false, problems: [] }
  if (fallback !== undefined) return expandText(fallback, around, file)
  return fault(
    `environment variable ${name} is not set; set it, or give a default: "\${env:${name}:-default}"`,
  )
}

function lookInFile(path: string, around: Surroundings, file: string): Value {
  try {
    const text = around.readFile(resolve(dirname(file), path))
    return { text: text.replace(/\r?\n$/, ''), secret: true, problems: [] }
  } catch (error) {
    return fault(`"${path}" cannot be read: ${(error as Error).message}`)
  }
}

function fault(problem: string): Value {
  return { text: '', secret: false, problems: [problem] }
}

/** Text that reads as a number or a boolean is one. */
function typed(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : text
}
