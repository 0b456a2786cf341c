import { z } from 'zod'
import {
  type Catalog,
  defineFold,
  defineProcessor,
  defineReceiver,
  defineSink,
  duration,
  SettingError,
  size,
} from '../../src/sdk/index.ts'

function unused(): never {
  throw new Error('this component is only for reading configs')
}

const tail = defineReceiver({
  kind: 'receiver',
  type: 'tail',
  summary: 'Follows a file.',
  settings: z.strictObject({
    include: z.array(z.string()).min(1).describe('Globs of the files to follow'),
    start_at: z.enum(['beginning', 'end']).default('beginning').describe('Where to start in a new file'),
    poll_interval: duration({ minMs: 10 }).prefault('250ms').describe('Time between looks'),
    stop_at_end: z.boolean().default(false).describe('Ends with the input'),
  }),
  metrics: [{ name: 'flowfold_tail_files_open', doc: 'Files it reads' }],
  create: unused,
})

const keep = defineProcessor({
  kind: 'processor',
  type: 'keep',
  summary: 'Keeps what is asked for.',
  settings: z.strictObject({
    rules: z
      .array(
        z.strictObject({
          verdict: z.string().optional().describe('Verdict'),
          port: z.int().min(1).max(65535).optional().describe('Port'),
        }),
      )
      .default([])
      .describe('What to keep | all of it'),
    language: z.string().optional().describe('A text that only `check` understands'),
  }),
  check({ language }) {
    if (language !== undefined && language !== 'kql')
      throw new SettingError(['language'], `"${language}" is not understood; write "kql"`)
  },
  metrics: [],
  reads: () => [],
  create: unused,
})

const fold = defineFold({
  kind: 'fold',
  type: 'fold',
  summary: 'Folds.',
  settings: z.strictObject({
    key: z
      .union([z.enum(['acns', 'workload']), z.array(z.string()).min(1)])
      .default('workload')
      .describe('What flows of a group agree on'),
    window: duration({ minMs: 1000 }).prefault('30s').describe('Length of a window'),
    max_groups: z.int().min(1).default(50_000).describe('Groups held at a time'),
  }),
  metrics: [],
  reads: () => [],
  create: unused,
})

const hec = defineSink({
  kind: 'sink',
  type: 'hec',
  summary: 'Sends to HEC.',
  settings: z.strictObject({
    endpoint: z.string().min(1).describe('Where to send'),
    token: z.string().min(4).meta({ secret: true }).describe('What proves who we are'),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .meta({ secret: true })
      .describe('Headers of every request'),
    max_bytes: size({ minBytes: 1024 }).prefault('1MiB').describe('Largest request'),
    retry: z
      .strictObject({
        first: duration().prefault('1s').describe('First pause'),
        attempts: z.int().optional().describe('Attempts'),
      })
      .prefault({})
      .describe('What to do when it fails'),
  }),
  metrics: [],
  create: unused,
})

const plain = defineSink({
  kind: 'sink',
  type: 'plain',
  summary: 'Has no settings to speak of.',
  settings: z.strictObject({ format: z.enum(['table', 'json']).default('table').describe('How it looks') }),
  metrics: [],
  create: unused,
})

/** Components with settings of every shape, which nobody can start. */
export const testCatalog: Catalog = {
  receivers: { tail: async () => tail },
  processors: { keep: async () => keep, fold: async () => fold },
  exporters: { hec: async () => hec, plain: async () => plain },
}
