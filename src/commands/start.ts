import type { ResolvedConfig } from '../config/resolved.ts'
import { Service } from '../engine/service.ts'
import { StartError } from '../engine/start-error.ts'
import type { ExitCode, Terminal } from './terminal.ts'

/** The running service, or the exit code that tells why there is none. */
export async function start(config: ResolvedConfig, terminal: Terminal): Promise<Service | ExitCode> {
  try {
    return await Service.start(config, terminal)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    terminal.err.write(`flowfold: ${error.message}\n`)
    return error.fault === 'config' ? 78 : 1
  }
}
