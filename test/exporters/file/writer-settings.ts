import { join } from 'node:path'
import type { FileSettings } from './world.ts'

/** Of the writer that is killed, and of the one that comes after it. Blocks are compressed, so they rotate sooner. */
export function writerSettings(folder: string, format: string, compress: string): FileSettings {
  const maxSize = format === 'avro' ? 20_000 : 200_000
  return {
    path: join(folder, `rows.${format}`),
    format: format === 'avro' ? 'avro' : 'jsonl',
    rotation: { max_size: maxSize, keep: 0, compress },
  }
}
