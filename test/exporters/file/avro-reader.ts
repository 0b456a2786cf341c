import assert from 'node:assert/strict'
import { inflateRawSync, zstdDecompressSync } from 'node:zlib'
import avro from 'avro-js/lib/files.js'

const LONG = avro.parse({ type: 'long' })
const MARKER_BYTES = 16

const PLAIN: { readonly [codec: string]: (data: Buffer) => Buffer } = {
  null: (data) => data,
  deflate: (data) => inflateRawSync(data),
  zstandard: (data) => zstdDecompressSync(data),
}

export function isAvroFile(bytes: Buffer): boolean {
  return bytes.subarray(0, avro.MAGIC_BYTES.length).equals(avro.MAGIC_BYTES)
}

/** All rows of an object container file, after the specification: every byte of it must be in its place. */
export function avroRows(bytes: Buffer): { readonly [column: string]: unknown }[] {
  const { value, offset } = avro.HEADER_TYPE.decode(bytes)
  const { meta, sync } = value as { meta: { [name: string]: Buffer }; sync: Buffer }
  const type = avro.parse(JSON.parse(String(meta['avro.schema'])))
  const rows: { [column: string]: unknown }[] = []
  for (let at = offset; at < bytes.length; ) {
    const count = LONG.decode(bytes, at)
    const size = LONG.decode(bytes, count.offset)
    const end = size.offset + (size.value as number)
    const data = PLAIN[String(meta['avro.codec'])](bytes.subarray(size.offset, end))
    assert.deepEqual(bytes.subarray(end, end + MARKER_BYTES), sync, 'a block does not end with the marker')
    let read = 0
    for (let i = 0; i < (count.value as number); i++) {
      const row = type.decode(data, read)
      rows.push(row.value as { [column: string]: unknown })
      read = row.offset
    }
    assert.equal(read, data.length, 'a block has more bytes than rows')
    at = end + MARKER_BYTES
  }
  return rows
}
