import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { surroundings } from '../config/surroundings.ts'
import type { Catalog } from '../sdk/index.ts'
import { counted } from './format.ts'
import type { Terminal } from './terminal.ts'

type ValidConfig = LoadedConfig & { kind: 'valid' }

/** Loads a config and prints what is wrong with it; null when it cannot run. */
export async function readConfig(
  catalog: Catalog,
  { err, env }: Terminal,
  files: readonly string[],
): Promise<ValidConfig | null> {
  const loaded = await loadConfig(catalog, files, surroundings(env))
  for (const warning of loaded.warnings) err.write(`warning: ${formatProblem(warning)}\n`)
  if (loaded.kind === 'valid') return loaded
  for (const error of loaded.errors) err.write(`${formatProblem(error)}\n`)
  err.write(`flowfold: ${counted(loaded.errors.length, 'mistake')} in the configuration\n`)
  return null
}
