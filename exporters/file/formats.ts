import type { RowBatch } from '../../src/sdk/index.ts'
import { type AvroCodec, AvroFile, isAvro, isBlockBorder } from './avro-file.ts'
import type { FileFormat } from './file-format.ts'
import { isLineBorder, JsonLines } from './json-lines.ts'
import type { FileBytes } from './open-file.ts'

export const FORMATS = ['jsonl', 'avro'] as const

export function formatOf(name: (typeof FORMATS)[number], codec: AvroCodec = 'deflate'): FileFormat {
  return name === 'avro' ? new AvroFile(codec) : new JsonLines()
}

/**
 * Whether the file is whole up to `size`, so that what stands beyond can be cut off. The file tells its own format: the
 * setting may have changed since it was written.
 */
export function isBorder(file: FileBytes, size: number): boolean {
  if (size === 0) return true
  return isAvro(file) ? isBlockBorder(file, size) : isLineBorder(file, size)
}

/** Counts the bytes that rows would take in a file of their own. */
export function measured(format: FileFormat): (rows: RowBatch) => number {
  const file = { size: 0, read: () => Buffer.alloc(0) }
  const opened = format.open(file)
  return (rows) => {
    const before = file.size
    if (opened.kind === 'writable') for (const piece of opened.encoder.encode(rows)) file.size += piece.length
    return file.size - before
  }
}
