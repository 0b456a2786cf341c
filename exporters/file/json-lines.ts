import type { RowBatch } from '../../src/sdk/index.ts'
import { isAvro } from './avro-file.ts'
import type { FileFormat, Opened, RowEncoder } from './file-format.ts'
import type { FileBytes } from './open-file.ts'

const PIECE_BYTES = 256 * 1024
/** No UTF-16 unit takes more bytes in UTF-8. */
const MOST_BYTES_PER_UNIT = 3
const LINE_FEED = 10

/** Rows as JSON, one object a line. One buffer serves all calls: a string per call costs a third more. */
export class JsonLines implements FileFormat, RowEncoder {
  readonly #buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
  /** Somebody left the last line unfinished: without a line feed the next row would become part of it. */
  #lineIsOpen = false

  open(file: FileBytes): Opened {
    if (isAvro(file)) return { kind: 'foreign', reason: 'holds Avro blocks, and format is jsonl' }
    this.#lineIsOpen = file.size > 0 && file.read(file.size - 1, 1)[0] !== LINE_FEED
    return { kind: 'writable', encoder: this }
  }

  *encode(rows: RowBatch): Generator<Uint8Array> {
    if (this.#lineIsOpen) yield Buffer.of(LINE_FEED)
    this.#lineIsOpen = false
    if (rows.text) yield rows.text
    else yield* this.#linesOf(rows.lines)
  }

  *#linesOf(lines: readonly string[]): Generator<Uint8Array> {
    const buffer = this.#buffer
    let used = 0
    for (const text of lines) {
      const mostBytes = text.length * MOST_BYTES_PER_UNIT + 1
      if (used > 0 && used + mostBytes > buffer.length) {
        yield buffer.subarray(0, used)
        used = 0
      }
      if (mostBytes > buffer.length) {
        yield Buffer.from(`${text}\n`)
        continue
      }
      used += buffer.write(text, used)
      buffer[used++] = LINE_FEED
    }
    if (used > 0) yield buffer.subarray(0, used)
  }
}

/** Our rows begin behind a line feed, or with one. */
export function isLineBorder(file: FileBytes, size: number): boolean {
  return file.read(size - 1, 2).includes(LINE_FEED)
}
