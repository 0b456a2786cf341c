import { COLUMNS, type ColumnType, type Json, type RowBatch, rowTime } from '../../src/sdk/index.ts'
import { avro } from './avro.ts'

const MICROS_PER_SECOND = 1_000_000
const NANOS_PER_MICRO = 1000

/** These are there in every row. */
const ALWAYS = new Set<string>(['UUID', 'IngressFlowCount', 'EgressFlowCount', 'UnknownDirectionFlowCount'])

/** The branch of a union, as avro-js wants it. */
type Branch = { readonly [type: string]: string | number | boolean }

interface AvroColumn {
  readonly schema: object | string
  /** What nobody could put there becomes null, never an error: rows are data. */
  value(json: Json): Branch | null
}

const LONG: AvroColumn = {
  schema: 'long',
  value: (json) => (Number.isSafeInteger(json) ? { long: json as number } : null),
}

const AVRO: { readonly [type in ColumnType]: AvroColumn } = {
  string: { schema: 'string', value: (json) => ({ string: textOf(json) }) },
  // Objects and lists differ from row to row, so they stay JSON, as Log Analytics' `dynamic` is.
  dynamic: { schema: 'string', value: (json) => ({ string: JSON.stringify(json) }) },
  int: LONG,
  long: LONG,
  bool: { schema: 'boolean', value: (json) => (typeof json === 'boolean' ? { boolean: json } : null) },
  // Microseconds, because hardly a reader knows of nanoseconds.
  datetime: { schema: { type: 'long', logicalType: 'timestamp-micros' }, value: microsOf },
}

/** The schema of a row. A field that a later version adds has a default, so old files stay readable. */
export const ROW_SCHEMA = {
  type: 'record',
  name: 'Row',
  namespace: 'flowfold',
  doc: 'Flows of one window of time that agree on a key, or a single flow',
  fields: COLUMNS.map(({ name, type, doc }) => {
    const { schema } = AVRO[type]
    const about = type === 'dynamic' ? `${doc}; as JSON` : doc
    return ALWAYS.has(name)
      ? { name, type: schema, doc: about }
      : { name, type: ['null', schema], default: null, doc: about }
  }),
}

const WRITERS = COLUMNS.map(({ name, type }) => ({
  name,
  always: ALWAYS.has(name),
  value: AVRO[type].value,
}))

/** Rows as Avro, one behind the other. One buffer serves all calls, and grows with the rows. */
export class AvroRows {
  readonly #row = avro().parse(ROW_SCHEMA)
  #buffer = Buffer.allocUnsafeSlow(256 * 1024)

  /** Valid until the next call. */
  encode(lines: RowBatch['lines']): Buffer {
    let used = 0
    for (const line of lines) used = this.#append(avroRow(JSON.parse(line)), used)
    return this.#buffer.subarray(0, used)
  }

  #append(row: object, at: number): number {
    const end = this.#row.encode(row, this.#buffer, at)
    if (end >= 0) return end
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#buffer.length - end))
    this.#buffer.copy(larger, 0, 0, at)
    this.#buffer = larger
    return this.#append(row, at)
  }
}

/** A row as avro-js takes it. */
function avroRow(row: { readonly [column: string]: Json | undefined }): object {
  const record: { [column: string]: Branch | Branch[string] | null } = {}
  for (const { name, always, value } of WRITERS) {
    const json = row[name]
    const branch = json === undefined || json === null ? null : value(json)
    record[name] = always ? bare(branch, name) : branch
  }
  return record
}

/** A column that is always there is no union. */
function bare(branch: Branch | null, name: string): Branch[string] {
  if (branch === null) return name === 'UUID' ? '' : 0
  return Object.values(branch)[0]
}

function textOf(json: Json): string {
  return typeof json === 'string' ? json : JSON.stringify(json)
}

function microsOf(json: Json): Branch | null {
  const time = typeof json === 'string' ? rowTime(json) : null
  if (time === null) return null
  return { long: time.seconds * MICROS_PER_SECOND + Math.floor(time.nanos / NANOS_PER_MICRO) }
}
