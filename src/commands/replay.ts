import type { Configured, ResolvedConfig } from '../config/resolved.ts'
import { loneSender } from '../engine/lone-sender.ts'
import { StartError } from '../engine/start-error.ts'
import { makeWorld, type World } from '../engine/world.ts'
import { type Leftover, LetterFile, ReplayError } from '../export/replay/letter-file.ts'
import { type Addressee, type ReplayTally, replay } from '../export/replay/replay.ts'
import type { Catalog, SenderDefinition } from '../sdk/index.ts'
import { wayOut } from '../util/nearest.ts'
import { counted, number, table } from './format.ts'
import { readConfig } from './read-config.ts'
import type { ExitCode, Terminal } from './terminal.ts'

export interface ReplayOptions {
  readonly config: readonly string[]
  /** Instead of the exporters that the letters name. */
  readonly exporter?: string
  /** How long a payload is tried. */
  readonly patienceMs: number
}

/** Requests that are under way at a stop are given so long to be answered: else their rows come twice. */
const ANSWER_MS = 2000
const REASONS_SHOWN = 5

/** Sends the rows of a dead-letter file again. Exit code 0 when the backend has them all, 1 when rows are left. */
export async function replayFile(
  catalog: Catalog,
  terminal: Terminal,
  path: string,
  { config: files, exporter, patienceMs }: ReplayOptions,
): Promise<ExitCode> {
  const { clock, err, out } = terminal
  const loaded = await readConfig(catalog, terminal, files)
  if (loaded === null) return 78
  const senders = sendersOf(loaded.config)
  if (exporter !== undefined && !senders.has(exporter)) {
    err.write(
      `flowfold: no exporter "${exporter}" that sends rows; ${wayOut(exporter, [...senders.keys()])}\n`,
    )
    return 78
  }
  const stopping = new AbortController()
  const givingUp = new AbortController()
  terminal.onStop(() => {
    stopping.abort()
    clock.after(ANSWER_MS, () => givingUp.abort())
  })
  let file: LetterFile | null = null
  try {
    file = await LetterFile.open(path, clock)
    const tallies = await replay({
      file,
      exporterFor: (named) => exporter ?? named,
      addressee: addressees(loaded.config, senders, await makeWorld(loaded.config, terminal)),
      clock,
      random: Math.random,
      patienceMs,
      stopping: stopping.signal,
      givingUp: givingUp.signal,
    })
    const left = file.putBack()
    out.write(report(path, tallies, left))
    return left.lines === 0 ? 0 : 1
  } catch (error) {
    file?.close()
    if (!(error instanceof ReplayError)) throw error
    err.write(`flowfold: ${error.message}\n`)
    return 1
  }
}

type Senders = ReadonlyMap<string, Configured<SenderDefinition>>

function sendersOf({ exporters }: ResolvedConfig): Senders {
  return new Map(
    [...exporters].flatMap(([id, { definition, settings, input }]) =>
      definition.kind === 'sender' ? [[id, { id, definition, settings, input }] as const] : [],
    ),
  )
}

/** Exporters of the config; one that is not there, or cannot be made, says why. */
function addressees(config: ResolvedConfig, senders: Senders, world: World): (id: string) => Addressee {
  return (id) => {
    const unknown = (reason: string): Addressee => ({ kind: 'unknown', id, reason })
    const configured = senders.get(id)
    if (!configured) return unknown('the config has no such exporter; name another with --exporter')
    try {
      return { kind: 'sender', id, ...loneSender(config, configured, world) }
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      return unknown(error.message)
    }
  }
}

function report(path: string, tallies: readonly ReplayTally[], left: Leftover): string {
  const rows = tallies.flatMap(rowsOf)
  if (left.strange > 0) rows.push(['', number(left.strange), 'no letters', 'these lines stay as they are'])
  const head = ['exporter', 'rows', 'what became of them', 'reason']
  const what = rows.length === 0 ? 'there are no rows in it\n' : table([head, ...rows], [1])
  if (left.lines === 0) return `${what}nothing is left\n`
  const where =
    left.path === path ? path : `${left.path}, for there is a new ${path}; the next replay takes both`
  return `${what}${counted(left.lines, 'line')} left in ${where}\n`
}

function rowsOf({ exporter, accepted, discarded, refused, notSent, trouble }: ReplayTally): string[][] {
  const reasons = [...refused].toSorted(([, a], [, b]) => b - a)
  const others = reasons.slice(REASONS_SHOWN).reduce((sum, [, rows]) => sum + rows, 0)
  const line = (rows: number, fate: string, reason: string) =>
    rows === 0 ? [] : [[exporter, number(rows), fate, reason]]
  const thrownAway = discarded === 0 ? '' : `but the backend threw ${number(discarded)} of them away`
  return [
    ...line(accepted, 'accepted', thrownAway),
    ...reasons.slice(0, REASONS_SHOWN).flatMap(([reason, rows]) => line(rows, 'refused again', reason)),
    ...line(others, 'refused again', 'other reasons; each stands in its line'),
    ...line(notSent, 'not sent', trouble ?? ''),
  ]
}
