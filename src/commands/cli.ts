import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Catalog, Tool } from '../sdk/index.ts'
import { parseDuration } from '../util/unit.ts'
import type { ExitCode, Terminal } from './terminal.ts'

const AFTER_HELP = `
Exit codes:
  0   all is well
  1   it failed while running, or a test did
  78  the configuration or the command line is wrong: a restart does not help

Signals:
  SIGTERM, SIGINT  stop taking input, hand over everything within service.shutdown_timeout; once more: stop now
  SIGHUP           read the configuration again; a bad one changes nothing

Examples:
  flowfold run --config /etc/flowfold/config.yaml
  flowfold try --config config.yaml --input events.log
  flowfold validate --config base.yaml --config prod.yaml
  flowfold test --config prod.yaml --config prod-tests.yaml
  flowfold replay refused.jsonl --config /etc/flowfold/config.yaml
`

const AFTER_REPLAY_HELP = `
A flowfold that runs is not disturbed: it begins a new file. Killed half-way, a replay
goes on where it was; rows whose answer was lost by that arrive twice, with the same UUID.

Exit codes:
  0   every row was taken
  1   rows are left, and the table says why
  78  the configuration or the command line is wrong; nothing was touched
`

/** The command line: finds the command and runs it. Each command is loaded when it is asked for. */
export async function cli(catalog: Catalog, argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const program = emptyProgram(terminal)
  let exitCode: ExitCode = 0
  addCommands(program, {
    catalog,
    terminal,
    done: (code) => {
      exitCode = code
    },
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 78
  }
}

function emptyProgram({ out, err }: Terminal): Command {
  return new Command('flowfold')
    .description('Folds network flows into rows you can afford to keep, and loses none.')
    .version(version(), '--version', 'show the version')
    .helpOption('--help', 'show help')
    .helpCommand(false)
    .showHelpAfterError('Ask "flowfold --help" for what there is.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
      outputError: (text, write) => write(text.replace(/^error: /, 'flowfold: ')),
    })
    .addHelpText('after', AFTER_HELP)
}

interface Setting {
  readonly catalog: Catalog
  readonly terminal: Terminal
  done(code: ExitCode): void
}

function addCommands(program: Command, { catalog, terminal, done }: Setting): void {
  program.commandsGroup('Run:')
  withConfig(program, 'run', 'run the pipelines until a signal comes, or until the input ends').action(
    async ({ config }) => done(await (await import('./run.ts')).run(catalog, terminal, config)),
  )
  for (const [name, tool] of Object.entries(catalog.tools ?? {})) addTool(program, name, tool, terminal, done)
  program.commandsGroup('Prepare:')
  withConfig(program, 'validate', 'name every mistake in a config, with its place and a way out')
    .option('--connect', 'ask every exporter, too, whether it would take rows; sends none', false)
    .action(async ({ config, connect: connects }) =>
      done(await (await import('./validate.ts')).validate(catalog, terminal, config, { connects })),
    )
  const trial = withConfig(program, 'try', 'see what a config makes of a recording; changes nothing')
  needs(trial, 'input', '--input <recording>', 'an events.log, also as .gz')
    .option('--pipeline <id>', 'try this pipeline only')
    .option('--rows <number>', 'print this many of the rows as JSON', wholeNumber, 0)
    .option('--top <number>', 'show this many of the largest groups', wholeNumber, 10)
    .action(async (options) =>
      done(await (await import('./try/try.ts')).tryRecording(catalog, terminal, options)),
    )
  withConfig(
    program,
    'test',
    'run the tests that a config carries; needs no backend, changes nothing',
  ).action(async ({ config }) => done(await (await import('./test/test.ts')).test(catalog, terminal, config)))
  withConfig(
    program,
    'print-config',
    'print a config as it runs: merged, expanded, with defaults, secrets hidden',
  ).action(async ({ config }) =>
    done(await (await import('./print-config.ts')).printConfig(catalog, terminal, config)),
  )
  program
    .command('components')
    .description('list what this build has, with all settings')
    .argument('[type]', 'only this one')
    .option('--json', 'as JSON', false)
    .action(async (type, { json }) =>
      done(await (await import('./components.ts')).components(catalog, terminal, { type, json })),
    )
  program
    .command('azure')
    .description('prepare Azure for the exporter azure_log_analytics')
    .command('template')
    .description('print Bicep for the table, the data collection rule and the role')
    .addOption(
      new Option('--plan <plan>', 'plan of the table').choices(['analytics', 'basic']).default('analytics'),
    )
    .option('--with-endpoint', 'with a data collection endpoint, as private links need it', false)
    .action(async (options) => done((await import('./azure/template.ts')).template(terminal, options)))
  program.commandsGroup('Mend:')
  withConfig(program, 'replay', 'send the rows of a dead-letter file again')
    .usage('<file> --config <file...> [options]')
    .argument('<file>', "an exporter's dead_letter; rows that are taken leave it, all others stay")
    .option('--exporter <id>', 'send to this exporter, not to the one that each row names')
    .addOption(
      new Option('--patience <duration>', 'how long a backend that fails is tried')
        .argParser(duration)
        .default(60_000, '1m'),
    )
    .addHelpText('after', AFTER_REPLAY_HELP)
    .action(async (file, { config, exporter, patience }) =>
      done(
        await (await import('./replay.ts')).replayFile(catalog, terminal, file, {
          config,
          exporter,
          patienceMs: patience,
        }),
      ),
    )
  program.commandsGroup('Look:')
  program
    .command('balance')
    .description('print the balance sheet of a running flowfold')
    .option('--endpoint <host:port>', 'its service.health.endpoint', 'localhost:13133')
    .action(async ({ endpoint }) => done(await (await import('./balance.ts')).balance(terminal, endpoint)))
  program
    .command('docs', { hidden: true })
    .description('write the generated parts of the docs, in a checkout')
    .option('--check', 'only name those that are stale', false)
    .action(async ({ check }) =>
      done(
        await (await import('./docs/docs.ts')).docs(catalog, terminal, {
          root: dirname(PACKAGE_JSON),
          check,
        }),
      ),
    )
}

function addTool(
  program: Command,
  name: string,
  tool: Tool,
  terminal: Terminal,
  done: Setting['done'],
): void {
  const command = program.command(name).description(tool.summary)
  for (const [option, { doc, default: value }] of Object.entries(tool.options)) {
    if (value === undefined) needs(command, option, `--${option} <value>`, doc)
    else command.option(`--${option} <value>`, doc, value)
  }
  command.action(async (options) =>
    done(await (await import('./tool.ts')).runTool(name, tool, options, terminal)),
  )
}

function withConfig(program: Command, name: string, description: string): Command {
  const command = program.command(name).description(description)
  return needs(command, 'config', '--config <file...>', 'config file; of several, the later ones win')
}

/** An option that must be there. Left to commander, it would be missed before the misspelt one is named. */
function needs(command: Command, option: string, flags: string, description: string): Command {
  return command.option(flags, description).hook('preAction', () => {
    if (command.opts()[option] === undefined) command.error(`flowfold: ${command.name()} needs ${flags}`)
  })
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new InvalidArgumentError('Write a duration such as "30s".')
  return ms
}

/** The same file from a checkout and from an installed package. */
const PACKAGE_JSON = findPackageJSON(import.meta.url) ?? 'package.json'

function version(): string {
  return JSON.parse(readFileSync(PACKAGE_JSON, 'utf8')).version
}
