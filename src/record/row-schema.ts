import { COLUMNS, type ColumnType } from './columns.ts'

/**
 * Rows in Avro: one record a row, a column of `ContainerNetworkLogs` each, null where the row has none. Dynamic columns are
 * JSON text. The schema grows by new columns at its end with the default null, so older bytes stay readable.
 */
export const ROW_SCHEMA = {
  type: 'record',
  name: 'Row',
  namespace: 'flowfold',
  doc: 'One group of like flows in 30 seconds, or a single flow',
  fields: COLUMNS.map(({ name, type, doc }) => ({
    name,
    doc: type === 'dynamic' ? `${doc} (JSON)` : doc,
    type: ['null', avroType(type)],
    default: null,
  })),
}

/** Times stay text: Avro's timestamps end at microseconds, Hubble's at nanoseconds. */
export function avroType(type: ColumnType): 'string' | 'long' | 'boolean' {
  if (type === 'int') return 'long'
  return type === 'bool' ? 'boolean' : 'string'
}
