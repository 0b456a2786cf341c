import { logEntry } from '../../../exporters/azure_log_analytics/log-entry.ts'
import { aggregate } from '../../../processors/aggregate/index.ts'
import { TABLE_COLUMNS } from '../../../src/commands/azure/table.ts'
import { Decoder, Dictionary, type Flow } from '../../../src/sdk/index.ts'
import { rowsOf } from '../../processors/aggregate/support.ts'
import { testHost } from '../../support/host.ts'
import type { KqlRow } from '../../support/kql/evaluate.ts'
import type { Value } from '../../support/kql/functions.ts'

export interface Recording {
  /** As Hubble wrote them. */
  readonly flows: readonly Flow[]
  /** What flowfold makes of them, as the table holds it. */
  readonly rows: readonly KqlRow[]
}

/** Sends the lines of an events.log through flowfold's decoder, fold and encoder. */
export function recordingOf(lines: readonly string[], settings: object = {}): Recording {
  const dictionary = new Dictionary()
  const parsed = aggregate.settings.parse(settings)
  const fold = aggregate.create({ settings: parsed, host: testHost({ dictionary }), pipeline: 'logs' })
  const input = Buffer.from(lines.map((line) => `${line.trimEnd()}\n`).join(''))
  const decoder = new Decoder({
    dictionary,
    reads: new Set(aggregate.reads(parsed)),
    inputBytes: input.length,
  })
  decoder.input.set(input)
  for (let at = 0; at < input.length; ) {
    const { batch, consumedBytes } = decoder.decode(at, input.length, 0)
    fold.fold(batch)
    at += consumedBytes
  }
  const flows = lines.flatMap((line) => (JSON.parse(line) as { readonly flow?: Flow }).flow ?? [])
  return { flows, rows: rowsOf(fold.flush()).map((row) => stored(JSON.parse(logEntry(row)))) }
}

/** An entry as Log Analytics stores it: a missing text is empty, other missing values are null. */
export function stored(entry: { readonly [column: string]: Value }): KqlRow {
  return Object.fromEntries(
    TABLE_COLUMNS.map(({ name, type }) => {
      const value = entry[name]
      if (value === undefined) return [name, type === 'string' ? '' : null]
      return [name, type === 'datetime' ? Date.parse(String(value)) : value]
    }),
  )
}
