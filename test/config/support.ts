import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { formatProblem, type Problem } from '../../src/config/problem.ts'
import { surroundings } from '../../src/config/surroundings.ts'
import { testCatalog } from '../support/catalog.ts'
import { tempDir } from '../support/temp-dir.ts'

export interface Files {
  readonly [name: string]: string
}

/** Loads the files whose name ends in .yaml, in the order given, with the test catalog. */
export async function load(
  test: TestContext,
  files: Files,
  env: { readonly [name: string]: string } = {},
): Promise<{ readonly loaded: LoadedConfig; readonly dir: string }> {
  const dir = tempDir(test)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  const configs = Object.keys(files).filter((name) => name.endsWith('.yaml'))
  const loaded = await loadConfig(
    testCatalog,
    configs.map((name) => join(dir, name)),
    surroundings(env),
  )
  return { loaded, dir }
}

/** The errors as a person reads them, without the folder. */
export async function errorsOf(test: TestContext, files: Files, env = {}): Promise<string[]> {
  const { loaded, dir } = await load(test, files, env)
  return loaded.kind === 'valid' ? [] : lines(loaded.errors, dir)
}

export function lines(problems: readonly Problem[], dir: string): string[] {
  return problems.map((problem) => formatProblem(problem).replaceAll(`${dir}/`, ''))
}

/** A config without a fault, to put one in. */
export const SOUND = `receivers:
  tail:
    include: [/var/log/events.log]
processors:
  keep:
  fold:
    key: workload
exporters:
  hec:
    endpoint: https://hec
    token: secret-token
service:
  pipelines:
    logs/acns:
      receivers: [tail]
      processors: [keep, fold]
      exporters: [hec]
`

/** What a component was set to. */
export function settingsOf(
  loaded: LoadedConfig,
  section: 'receivers' | 'processors' | 'exporters',
  id: string,
): { readonly [name: string]: unknown } {
  assert.ok(loaded.kind === 'valid', JSON.stringify(loaded))
  return loaded.config[section].get(id)?.settings as { readonly [name: string]: unknown }
}
