import { randomBytes } from 'node:crypto'
import { deflateRawSync, zstdCompressSync } from 'node:zlib'
import type { RowBatch } from '../../src/sdk/index.ts'
import { avro } from './avro.ts'
import { AvroRows, ROW_SCHEMA } from './avro-row.ts'
import type { FileFormat, Opened, RowEncoder } from './file-format.ts'
import type { FileBytes } from './open-file.ts'

/** How blocks are compressed. Every reader has the first two; Java, Python and Spark read zstd as well. */
export const AVRO_CODECS = ['none', 'deflate', 'zstd'] as const
export type AvroCodec = (typeof AVRO_CODECS)[number]

interface Codec {
  /** As the header calls it. */
  readonly name: string
  compress(data: Uint8Array): Uint8Array
}

const CODECS: { readonly [codec in AvroCodec]: Codec } = {
  none: { name: 'null', compress: (data) => data },
  deflate: { name: 'deflate', compress: (data) => deflateRawSync(data) },
  zstd: { name: 'zstandard', compress: (data) => zstdCompressSync(data) },
}

/** A block is what readers hold in memory at once: some 200 kB. */
const ROWS_PER_BLOCK = 500
const MARKER_BYTES = 16
/** The schema makes most of a header: ours takes 5 kB, and a stranger's larger one is a stranger's all the same. */
const LONGEST_HEADER_BYTES = 64 * 1024

const SCHEMA = Buffer.from(JSON.stringify(ROW_SCHEMA))
/** What an object container file begins with. Source: the Avro specification 1.12. */
const MAGIC = Buffer.from('Obj\x01', 'latin1')

/**
 * An Avro object container file: a header with the schema, then blocks of rows, each closed by the file's own marker.
 * Source: the Avro specification 1.12, "Object Container Files".
 */
export class AvroFile implements FileFormat {
  readonly #codec: Codec
  readonly #rows = new AvroRows()
  readonly #long = avro().parse({ type: 'long' })

  constructor(codec: AvroCodec) {
    this.#codec = CODECS[codec]
  }

  open(file: FileBytes): Opened {
    if (file.size === 0) return this.#writable(file, randomBytes(MARKER_BYTES))
    const header = headerOf(file)
    if (header === null) return { kind: 'foreign', reason: 'holds no Avro blocks, and format is avro' }
    if (header.recordName !== 'flowfold.Row')
      return { kind: 'foreign', reason: `holds Avro blocks of "${header.recordName}", which are not ours` }
    if (!header.schema.equals(SCHEMA) || header.codec !== this.#codec.name)
      return { kind: 'complete', reason: 'it was begun with another schema or codec' }
    if (!isBlockBorder(file, file.size)) return { kind: 'complete', reason: 'its last block is damaged' }
    return this.#writable(file, header.marker)
  }

  #writable(file: FileBytes, marker: Buffer): Opened {
    const encoder: RowEncoder = { encode: (rows) => this.#encode(rows, file, marker) }
    return { kind: 'writable', encoder }
  }

  *#encode({ lines }: RowBatch, file: FileBytes, marker: Buffer): Generator<Uint8Array> {
    if (file.size === 0) yield header(this.#codec, marker)
    for (let from = 0; from < lines.length; from += ROWS_PER_BLOCK) {
      const some = lines.slice(from, from + ROWS_PER_BLOCK)
      const data = this.#codec.compress(this.#rows.encode(some))
      yield Buffer.concat([this.#long.toBuffer(some.length), this.#long.toBuffer(data.length), data, marker])
    }
  }
}

/** Whether it begins as every Avro object container file does. */
export function isAvro(file: FileBytes): boolean {
  return file.read(0, MAGIC.length).equals(MAGIC)
}

/** Whether a block ends at `size`, or the header. */
export function isBlockBorder(file: FileBytes, size: number): boolean {
  const marker = headerOf(file)?.marker
  return marker?.equals(file.read(size - MARKER_BYTES, MARKER_BYTES)) ?? false
}

interface Header {
  readonly schema: Buffer
  readonly recordName: string
  readonly codec: string
  readonly marker: Buffer
}

/** Null for a file that has none, or not all of it. */
function headerOf(file: FileBytes): Header | null {
  if (!isAvro(file)) return null
  try {
    const bytes = file.read(0, LONGEST_HEADER_BYTES)
    const { value, offset } = avro().HEADER_TYPE.decode(bytes)
    if (offset < 0) return null
    const { meta, sync } = value as { meta: { [name: string]: Buffer }; sync: Buffer }
    const schema = Buffer.from(meta['avro.schema'])
    const { namespace, name } = JSON.parse(String(schema))
    const codec = String(meta['avro.codec'] ?? 'null')
    return { schema, recordName: `${namespace}.${name}`, codec, marker: Buffer.from(sync) }
  } catch {
    return null
  }
}

function header({ name }: Codec, marker: Buffer): Buffer {
  return avro().HEADER_TYPE.toBuffer({
    magic: MAGIC,
    meta: { 'avro.schema': SCHEMA, 'avro.codec': Buffer.from(name) },
    sync: marker,
  })
}
