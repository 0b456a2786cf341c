import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { COLUMNS, type ColumnType } from '../sdk/index.ts'
import { wayOut } from '../util/nearest.ts'
import { readSettings } from './components.ts'
import type { SettingPath } from './problem.ts'
import type { Report } from './report.ts'
import type { PipelineConfig } from './resolved.ts'
import { type ConfigNode, nodeAt, placeOf, plain } from './tree.ts'

/** What the config says of itself: these flows in, these rows out. */
export interface ConfigTest {
  /** In the config: `tests[0]`. */
  readonly path: SettingPath
  readonly name: string
  readonly input: TestInput
  /** By pipeline: the rows that come out of it, in any order, and no others. */
  readonly expect: ReadonlyMap<string, readonly RowPattern[]>
  readonly match: 'partial' | 'exact'
}

export type TestInput =
  /** Lines of an `events.log`. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'file'; readonly path: string }

/** What a row must say: columns that are not named do not count, and null says that a column is not there. */
export type RowPattern = { readonly [column: string]: unknown }

const VALUES: { readonly [type in ColumnType]: () => z.ZodType } = {
  string: () => z.string(),
  datetime: () => z.string(),
  int: () => z.int(),
  long: () => z.int(),
  bool: () => z.boolean(),
  dynamic: () => z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]),
}

const rowPattern = () =>
  z.strictObject(
    Object.fromEntries(
      COLUMNS.map(({ name, type, doc }) => [name, VALUES[type]().nullable().optional().describe(doc)]),
    ),
  )

/** The section `tests`. Made when asked for: most configs have none. */
export const testSettings = () =>
  z
    .array(
      z
        .strictObject({
          name: z.string().min(1).describe('What it shows, in a few words'),
          flows: z
            .array(z.union([z.record(z.string(), z.unknown()), z.string()]))
            .optional()
            .describe('Flows as Hubble has them, as maps or as JSON lines'),
          file: z
            .string()
            .min(1)
            .optional()
            .describe(
              'A recorded events.log instead, also as .gz; beside this config file unless it begins with "/"',
            ),
          match: z
            .enum(['partial', 'exact'])
            .default('partial')
            .describe('`partial` compares the columns that are named, `exact` all but UUID'),
          expect: z
            .record(z.string(), z.array(rowPattern()))
            .describe(
              'Every row that comes out, in any order, by pipeline; null for a column that must not be there',
            ),
        })
        .superRefine(checkTest),
    )
    .describe('What these flows become: `flowfold test` finds out')

/** The tests of a config, as far as they are sound; the report has the rest. */
export function readTests(
  root: ConfigNode,
  pipelines: readonly PipelineConfig[],
  report: Report,
): readonly ConfigTest[] {
  const node = nodeAt(root, ['tests'])
  if (node === null || plain(node) === null) return []
  const settings = readSettings(root, ['tests'], testSettings(), report)
  if (settings === null) return []
  const ids = pipelines.map(({ id }) => id)
  return settings.output.map(({ name, flows, file, match, expect }, index) => {
    const path = ['tests', index]
    for (const id of Object.keys(expect))
      if (!ids.includes(id))
        report.error(root, [...path, 'expect', id], `there is no such pipeline; ${wayOut(id, ids)}`)
    const input: TestInput =
      file === undefined
        ? { kind: 'lines', lines: (flows ?? []).map(lineOf) }
        : { kind: 'file', path: resolve(dirname(placeOf(root, [...path, 'file']).file), file) }
    return { path, name, input, match, expect: new Map(Object.entries(expect)) }
  })
}

function checkTest(
  { flows, file, expect }: { readonly flows?: unknown; readonly file?: unknown; readonly expect: object },
  context: z.RefinementCtx,
): void {
  const complain = (message: string) => context.addIssue({ code: 'custom', message })
  if (flows === undefined && file === undefined) complain('has no input; give it "flows" or a "file"')
  if (flows !== undefined && file !== undefined) complain('has "flows" and a "file"; remove one of the two')
  if (Object.keys(expect).length === 0)
    complain('expects nothing; name a pipeline below "expect", with its rows or with []')
}

/** What a line of Hubble's log holds one of. Source: cilium `api/v1/observer/observer.proto`, `GetFlowsResponse`. */
const RECORDS = ['flow', 'lost_events', 'node_status', 'agent_event', 'debug_event']

/** A flow alone is put into a record, as Hubble writes it. */
function lineOf(flow: string | { readonly [key: string]: unknown }): string {
  if (typeof flow === 'string') return flow
  const isRecord = RECORDS.some((kind) => kind in flow)
  return JSON.stringify(isRecord ? flow : { flow, node_name: flow.node_name, time: flow.time })
}
