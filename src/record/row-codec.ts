import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import avro from 'avro-js/lib/files.js'

/** Rows as they wait in the outbox: their JSON texts, compressed together, because rows of a window say much the same. */
const ROWS = avro.parse({ type: 'array', items: 'string' })

/** The same bytes, of rows that are bytes already. */
const ROWS_AS_BYTES = avro.parse({ type: 'array', items: 'bytes' })

/** Stored beside what is encoded; raise it when `ROWS` or the compression changes. */
export const ROW_CODEC_VERSION = 1

const COMPRESSION = {
  params: {
    // The levels above take longer and gain little: a window's rows shrink to a tenth already.
    [constants.ZSTD_c_compressionLevel]: 1,
    // So that bytes which were torn are noticed, and not taken for other rows.
    [constants.ZSTD_c_checksumFlag]: 1,
  },
}

/** What rows of a window expand to, mostly: then they come out in one piece, and nobody puts pieces together. */
const EXPECTED_RATIO = 11
const LARGEST_CHUNK_BYTES = 2 * 2 ** 20

/** Grown when rows do not fit, and kept. */
let scratch = Buffer.allocUnsafeSlow(1024 * 1024)

/** `lines` are rows as JSON text, in UTF-8. */
export function encodeRows(lines: readonly Buffer[]): Uint8Array {
  let end = ROWS_AS_BYTES.encode(lines, scratch)
  if (end < 0) {
    scratch = Buffer.allocUnsafeSlow(scratch.length - end)
    end = ROWS_AS_BYTES.encode(lines, scratch)
  }
  return zstdCompressSync(scratch.subarray(0, end), COMPRESSION)
}

/** What `encodeRows` was given; throws on bytes that it did not write. */
export function decodeRows(bytes: Uint8Array): string[] {
  const chunkSize = Math.min(LARGEST_CHUNK_BYTES, 1024 + bytes.length * EXPECTED_RATIO)
  return ROWS.fromBuffer(zstdDecompressSync(bytes, { chunkSize })) as string[]
}
