import type { PipelineConfig, ResolvedConfig } from '../../config/resolved.ts'
import { readable } from '../../config/surroundings.ts'
import type { Catalog } from '../../sdk/index.ts'
import type { BalanceSheet } from '../../telemetry/balance-sheet.ts'
import { wayOut } from '../../util/nearest.ts'
import { number, table } from '../format.ts'
import { readConfig } from '../read-config.ts'
import { sheetReport } from '../sheet-table.ts'
import { start } from '../start.ts'
import type { ExitCode, Terminal } from '../terminal.ts'
import { bytesOf, recording } from './recording.ts'
import { RowTally, tallySink } from './tally-sink.ts'
import { trial } from './trial.ts'

export interface TryOptions {
  readonly config: readonly string[]
  /** Path of the recording. */
  readonly input: string
  /** Without it, all pipelines, one after the other. */
  readonly pipeline?: string
  readonly rows: number
  readonly top: number
}

/** Runs pipelines over a recording, with counters in place of exporters and the state in memory: nothing changes. */
export async function tryRecording(
  catalog: Catalog,
  terminal: Terminal,
  options: TryOptions,
): Promise<ExitCode> {
  const loaded = await readConfig(catalog, terminal, options.config)
  if (loaded === null) return 78
  const { pipelines } = loaded.config
  const chosen = pipelines.filter(({ id }) => options.pipeline === undefined || id === options.pipeline)
  if (chosen.length === 0) {
    const known = pipelines.map(({ id }) => id)
    terminal.err.write(
      `flowfold: no pipeline "${options.pipeline}"; ${wayOut(String(options.pipeline), known)}\n`,
    )
    return 78
  }
  for (const pipeline of chosen) {
    const code = await tryPipeline(loaded.config, pipeline, terminal, options)
    if (code !== 0) return code
  }
  return 0
}

async function tryPipeline(
  config: ResolvedConfig,
  pipeline: PipelineConfig,
  terminal: Terminal,
  { input, rows, top }: TryOptions,
): Promise<ExitCode> {
  const failure: { error?: Error } = {}
  const source = recording(bytesOf(input), (error) => {
    failure.error = error
  })
  const tally = new RowTally(rows)
  // Every exporter gets the same rows: the first one's are looked at.
  const sinks = pipeline.exporters.map((id, index) => {
    const sink = tallySink(config.exporters.get(id)!, index === 0 ? tally : new RowTally(0))
    return [id, sink] as const
  })
  const service = await start(trial(config, pipeline, source, new Map(sinks)), terminal)
  if (typeof service === 'number') return service
  await service.done
  const [sheet] = service.summary().sheets
  if (sheet.received > 0) {
    for (const row of tally.sample) terminal.out.write(`${JSON.stringify(row)}\n`)
    terminal.out.write(report(sheet, tally, top))
  } else if (!failure.error) terminal.err.write(`flowfold: there are no flows in ${input}\n`)
  if (!failure.error) return 0
  terminal.err.write(`flowfold: ${input} cannot be read to its end: ${readable(failure.error)}\n`)
  return 1
}

function report(sheet: BalanceSheet, tally: RowTally, top: number): string {
  const largest = tally.largest(top)
  const share = (flows: number) => `${((flows / Math.max(sheet.received, 1)) * 100).toFixed(1)} %`
  const rows = largest.map(([title, flows]) => ['  ', title, number(flows), share(flows)])
  const groups =
    rows.length === 0 ? '' : `\n${table([['  ', 'largest groups', 'flows', 'share'], ...rows], [2, 3])}`
  return `${sheetReport(sheet)}${groups}\n`
}
