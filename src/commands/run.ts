import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { surroundings } from '../config/surroundings.ts'
import type { Service } from '../engine/service.ts'
import { StartError } from '../engine/start-error.ts'
import type { Catalog } from '../sdk/index.ts'
import { readConfig } from './read-config.ts'
import { sheetReport } from './sheet-table.ts'
import { start } from './start.ts'
import type { ExitCode, Terminal } from './terminal.ts'

/** Runs a config until a signal comes, or until all its input has ended. */
export async function run(catalog: Catalog, terminal: Terminal, files: readonly string[]): Promise<ExitCode> {
  const started = Promise.withResolvers<Service>()
  const failed = Promise.withResolvers<never>()
  let turn: Promise<unknown> = started.promise
  // One after the other: a stop waits for the reload before it, and both for the start.
  const inTurn = (work: (service: Service) => Promise<void>) => () => {
    turn = turn
      .then(() => started.promise)
      .then(work)
      .catch(failed.reject)
  }
  terminal.onStop(inTurn((service) => service.stop()))
  terminal.onReload(inTurn((service) => reload(catalog, terminal, files, service)))
  const loaded = await readConfig(catalog, terminal, files)
  if (loaded === null) return 78
  const service = await start(loaded.config, terminal)
  if (typeof service === 'number') return service
  started.resolve(service)
  const how = await Promise.race([service.done, failed.promise])
  if (how !== 'stopped') terminal.err.write(`\n${service.summary().sheets.map(sheetReport).join('\n')}`)
  return how === 'incomplete' ? 1 : 0
}

async function reload(
  catalog: Catalog,
  { env }: Terminal,
  files: readonly string[],
  service: Service,
): Promise<void> {
  const loaded = await loadConfig(catalog, files, surroundings(env))
  if (loaded.kind === 'invalid') {
    service.log.error('the new configuration has mistakes; the old one keeps running', {
      mistakes: loaded.errors.map(formatProblem),
    })
    return
  }
  try {
    await service.reload(loaded.config)
    service.log.info('the new configuration runs', { warnings: loaded.warnings.map(formatProblem) })
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    service.log.error('the new configuration cannot run', { reason: error.message })
  }
}
