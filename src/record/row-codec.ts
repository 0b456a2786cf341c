import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import avro from 'avro-js/lib/files.js'

/** Rows as they wait in the outbox: their JSON texts, compressed together, because rows of a window say much the same. */
const ROWS = avro.parse({ type: 'array', items: 'string' })

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

/** Grown when rows do not fit, and kept. */
let scratch = Buffer.allocUnsafeSlow(1024 * 1024)

/** `lines` are rows as JSON text. */
export function encodeRows(lines: readonly string[]): Uint8Array {
  let end = ROWS.encode(lines, scratch)
  if (end < 0) {
    scratch = Buffer.allocUnsafeSlow(scratch.length - end)
    end = ROWS.encode(lines, scratch)
  }
  return zstdCompressSync(scratch.subarray(0, end), COMPRESSION)
}

/** What `encodeRows` was given; throws on bytes that it did not write. */
export function decodeRows(bytes: Uint8Array): string[] {
  return ROWS.fromBuffer(zstdDecompressSync(bytes)) as string[]
}
