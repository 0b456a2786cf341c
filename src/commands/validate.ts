import type { Catalog } from '../sdk/index.ts'
import { counted } from './format.ts'
import { readConfig } from './read-config.ts'
import type { ExitCode, Terminal } from './terminal.ts'

export async function validate(
  catalog: Catalog,
  terminal: Terminal,
  files: readonly string[],
  { connects = false } = {},
): Promise<ExitCode> {
  const loaded = await readConfig(catalog, terminal, files)
  if (loaded === null) return 78
  const { pipelines, receivers, processors, exporters } = loaded.config
  const parts = [
    counted(pipelines.length, 'pipeline'),
    counted(receivers.size, 'receiver'),
    counted(processors.size, 'processor'),
    counted(exporters.size, 'exporter'),
  ]
  terminal.out.write(`the configuration is valid: ${parts.join(', ')}\n`)
  if (!connects) return 0
  const { connect } = await import('./connect.ts')
  return (await connect(loaded.config, terminal)) ? 0 : 1
}
