import type { RowBatch } from '../../src/sdk/index.ts'
import type { RowEncoder } from './file-sink.ts'

const PIECE_BYTES = 256 * 1024
/** No UTF-16 unit takes more bytes in UTF-8. */
const MOST_BYTES_PER_UNIT = 3
const LINE_FEED = 10

/** Rows as JSON, one object a line. One buffer serves all calls: a string per call costs a third more. */
export class JsonLines implements RowEncoder {
  readonly #buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)

  encode(rows: RowBatch): Iterable<Uint8Array> {
    return rows.text ? [rows.text] : this.#encode(rows.lines)
  }

  *#encode(lines: readonly string[]): Generator<Uint8Array> {
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
