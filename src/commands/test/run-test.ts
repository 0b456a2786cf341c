import { z } from 'zod'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { readable } from '../../config/surroundings.ts'
import type { ConfigTest } from '../../config/tests.ts'
import { defineSink, type Row, rowsOf, type SinkDefinition } from '../../sdk/index.ts'
import { start } from '../start.ts'
import type { Terminal } from '../terminal.ts'
import { bytesOf, recording } from '../try/recording.ts'
import { trial } from '../try/trial.ts'

/** What came out of a pipeline. */
export type Outcome =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  /** The input could not be read, or the pipeline not be started. */
  | { readonly kind: 'failed'; readonly reason: string }

/** Runs a test's input through one of its pipelines. Nothing is sent, and nothing but the input is read. */
export async function runTest(
  config: ResolvedConfig,
  { input }: ConfigTest,
  pipelineId: string,
  terminal: Terminal,
): Promise<Outcome> {
  const pipeline = config.pipelines.find(({ id }) => id === pipelineId)!
  const failure: { error?: Error } = {}
  const bytes =
    input.kind === 'file' ? bytesOf(input.path) : () => [Buffer.from(`${input.lines.join('\n')}\n`)]
  const source = recording(bytes, (error) => {
    failure.error = error
  })
  const rows: Row[] = []
  const sinks = new Map([['rows', collector(rows)]])
  const named = { ...config, service: { ...config.service, nodeName: config.service.nodeName ?? 'node' } }
  const service = await start(trial(named, pipeline, source, sinks), standing(terminal))
  if (typeof service === 'number') return { kind: 'failed', reason: 'the pipeline cannot be started' }
  await service.done
  if (failure.error && input.kind === 'file')
    return { kind: 'failed', reason: `${input.path} cannot be read: ${readable(failure.error)}` }
  const [{ dropped }] = service.summary().sheets
  // A recording may be damaged; what somebody wrote down here is meant to be read.
  const damaged = input.kind === 'lines' ? Object.entries(dropped) : []
  if (damaged.length === 0) return { kind: 'rows', rows }
  const reasons = damaged.map(([reason, flows]) => `${flows} ${reason}`)
  return { kind: 'failed', reason: `not all of its flows can be read: ${reasons.join(', ')}` }
}

/** Stands in for the exporters. */
function collector(rows: Row[]): SinkDefinition {
  return defineSink({
    kind: 'sink',
    type: 'rows',
    summary: 'Keeps rows.',
    settings: z.unknown(),
    metrics: [],
    create: () => ({
      write(batch) {
        rows.push(...rowsOf(batch))
        return { kind: 'written', bytes: 0 }
      },
      position: () => null,
      committed() {},
      sync() {},
      close: async () => {},
    }),
  })
}

/** Windows close by the time of flows alone: a busy machine must not make late flows of a test's input. */
function standing(terminal: Terminal): Terminal {
  const nowMs = terminal.clock.now()
  return { ...terminal, clock: { ...terminal.clock, now: () => nowMs } }
}
