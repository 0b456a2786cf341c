import { cli } from './commands/cli.ts'
import type { Terminal } from './commands/terminal.ts'
import { FatalError } from './sdk/errors.ts'
import type { Catalog, Output } from './sdk/index.ts'
import { systemClock } from './util/clock.ts'
import { leanZod } from './util/lean-zod.ts'

/** Runs one command and ends the process with its exit code. The only place that exits, and that listens to signals. */
export async function main(catalog: Catalog, argv: readonly string[]): Promise<never> {
  leanZod()
  try {
    const exitCode = await cli(catalog, argv, terminal())
    // What the last write came to is told behind it.
    await new Promise((resolve) => setImmediate(resolve))
    process.exit(exitCode === 0 && isCutOff ? 1 : exitCode)
  } catch (error) {
    process.stderr.write(`flowfold: ${lastWords(error)}\n`)
    process.exit(1)
  }
}

function lastWords(error: unknown): string {
  if (error instanceof FatalError) return error.message
  return `this should not have happened; please report it\n${(error as Error).stack}`
}

function terminal(): Terminal {
  return {
    clock: systemClock,
    out: output(process.stdout),
    err: output(process.stderr),
    env: process.env,
    onStop(work) {
      let isAsked = false
      const stop = () => {
        // Whoever asks twice does not want to wait for the drain; the state is whole at every instant.
        if (isAsked) process.exit(1)
        isAsked = true
        work()
      }
      process.on('SIGTERM', stop)
      process.on('SIGINT', stop)
    },
    onReload(work) {
      process.on('SIGHUP', work)
    },
  }
}

/** Something that was printed reached nobody. */
let isCutOff = false

function output(stream: NodeJS.WriteStream): Output {
  stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // `flowfold components | head` closes the pipe early, which is no failure of ours.
    if (code === 'EPIPE' || isCutOff) return
    isCutOff = true
    process.stderr.write(`flowfold: what it prints cannot be written: ${message}\n`)
  })
  const isTty = stream.isTTY === true
  return {
    write: (text) => void stream.write(text),
    isTty,
    colors: isTty && !process.env.NO_COLOR,
    // A terminal may become wider.
    get columns() {
      return stream.columns ?? 120
    },
  }
}
