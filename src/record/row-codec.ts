import avro from 'avro-js/lib/files.js'
import type { Json } from '../util/json.ts'
import { COLUMNS } from './columns.ts'
import type { Row } from './row.ts'
import { avroType, ROW_SCHEMA } from './row-schema.ts'

const ROWS = avro.parse({ type: 'array', items: ROW_SCHEMA })
/** Grown when rows do not fit, and kept: encoding happens once a commit. */
let scratch = Buffer.allocUnsafeSlow(256 * 1024)

/** Rows as the bytes of one Avro array. */
export function encodeRows(rows: readonly Row[]): Uint8Array {
  const records = rows.map(avroRecord)
  let end = ROWS.encode(records, scratch)
  if (end < 0) {
    scratch = Buffer.allocUnsafeSlow(scratch.length - end)
    end = ROWS.encode(records, scratch)
  }
  return Uint8Array.prototype.slice.call(scratch, 0, end)
}

/** The rows that `encodeRows` wrote; throws on bytes that are none. */
export function decodeRows(bytes: Uint8Array): Row[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (ROWS.fromBuffer(buffer) as AvroRecord[]).map(rowOf)
}

/** A row as avro-js wants it: a value of a union names its branch. */
export function avroRecord(row: Row): AvroRecord {
  const record: { [name: string]: AvroValue } = {}
  for (const { name, type } of COLUMNS) {
    const value = row[name]
    record[name] =
      value === undefined
        ? null
        : {
            [avroType(type)]:
              type === 'dynamic' ? JSON.stringify(value) : (value as string | number | boolean),
          }
  }
  return record
}

function rowOf(record: AvroRecord): Row {
  const row: { [name: string]: Json } = {}
  for (const { name, type } of COLUMNS) {
    const value = record[name]
    if (value === null) continue
    const plain = value[avroType(type)]
    row[name] = type === 'dynamic' ? (JSON.parse(plain as string) as Json) : plain
  }
  return row as unknown as Row
}

type AvroValue = { readonly [branch: string]: string | number | boolean } | null
type AvroRecord = { readonly [name: string]: AvroValue }
