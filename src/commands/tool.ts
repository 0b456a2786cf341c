import { SettingError, type Tool } from '../sdk/index.ts'
import { Log } from '../telemetry/logger.ts'
import type { ExitCode, Terminal } from './terminal.ts'

/** Runs a component's own command until a signal comes. */
export async function runTool(
  name: string,
  tool: Tool,
  options: { readonly [name: string]: string },
  { clock, err, onStop }: Terminal,
): Promise<ExitCode> {
  const log = new Log({ level: 'info', format: err.isTty ? 'text' : 'json' }, clock, (text) =>
    err.write(text),
  )
  const stop = new AbortController()
  onStop(() => stop.abort())
  try {
    await tool.run(options, { clock, log: log.of(name) }, stop.signal)
    return 0
  } catch (error) {
    const { message } = error as Error
    if (!(error instanceof SettingError)) {
      err.write(`flowfold: ${name}: ${message}\n`)
      return 1
    }
    err.write(`flowfold: --${error.path.join('.')}: ${message}\n`)
    return 78
  }
}
