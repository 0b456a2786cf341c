import { stringify } from 'yaml'
import { printable } from '../config/printable.ts'
import type { Catalog } from '../sdk/index.ts'
import { readConfig } from './read-config.ts'
import type { ExitCode, Terminal } from './terminal.ts'

export async function printConfig(
  catalog: Catalog,
  terminal: Terminal,
  files: readonly string[],
): Promise<ExitCode> {
  const loaded = await readConfig(catalog, terminal, files)
  if (loaded === null) return 78
  terminal.out.write(stringify(printable(loaded.config, loaded.root), { lineWidth: 0 }))
  return 0
}
