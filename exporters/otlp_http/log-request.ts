import { TextBody } from '../../src/sdk/index.ts'
import type { Notation, ResourceAttributes } from './notation.ts'

/** For the record that turns out to be one too many. */
const SPARE_BYTES = 64 * 1024

/** A request in the making: records of one resource, and no more bytes than are allowed. */
export class LogRequest {
  readonly #notation: Notation
  readonly #resource: ResourceAttributes
  readonly #maxBytes: number
  readonly #body: TextBody
  /** Of head and tail; the head grows with its record's lengths, so this is for the most that there may be. */
  readonly #aroundBytes: number

  /** `records` is how many are expected. */
  constructor(notation: Notation, resource: ResourceAttributes, records: number, maxBytes: number) {
    this.#notation = notation
    this.#resource = resource
    this.#maxBytes = maxBytes
    const headBytes = Buffer.byteLength(notation.head(resource, maxBytes), notation.charset)
    this.#aroundBytes = headBytes + notation.tail.length
    const room = Math.min(records * notation.recordBytes, maxBytes) + SPARE_BYTES
    this.#body = new TextBody(notation.charset, room, headBytes)
  }

  /** False when there is no room for it. */
  add(record: string): boolean {
    const { between } = this.#notation
    const before = this.#body.length
    if (before > 0 && between !== '') this.#body.add(between)
    this.#body.add(record)
    if (this.#aroundBytes + this.#body.length <= this.#maxBytes) return true
    this.#body.cut(before)
    return false
  }

  /** Bytes of a request that has this record alone. */
  lengthWith(record: string): number {
    return this.#aroundBytes + Buffer.byteLength(record, this.#notation.charset)
  }

  end(): Uint8Array {
    const { length } = this.#body
    this.#body.add(this.#notation.tail)
    return this.#body.end(this.#notation.head(this.#resource, length))
  }
}
