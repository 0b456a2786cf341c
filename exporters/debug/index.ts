import { z } from 'zod'
import { defineSink } from '../../src/sdk/index.ts'
import { DebugSink, HIDDEN_DOC, SHOWN_DOC } from './debug-sink.ts'
import { jsonText } from './json-text.ts'
import { tableText } from './table-text.ts'

export const debug = defineSink({
  kind: 'sink',
  type: 'debug',
  summary: 'Shows rows on stdout, as a table for people or as JSON lines.',
  metrics: [
    { name: 'flowfold_debug_rows_shown_total', doc: SHOWN_DOC },
    { name: 'flowfold_debug_rows_hidden_total', doc: HIDDEN_DOC },
  ],
  settings: z.strictObject({
    format: z
      .enum(['table', 'json'])
      .default('table')
      .describe('`table` for people, problems first; `json` is one row a line.'),
    max_rows: z
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe('Rows to show per commit, once a second at most; a last line counts the others.'),
  }),
  // A terminal takes what it can show, and a closed pipe is no trouble.
  probe: () => null,
  create: ({ settings: { format, max_rows }, host }) =>
    new DebugSink({ host, maxRows: max_rows, render: format === 'table' ? tableText : jsonText }),
})
