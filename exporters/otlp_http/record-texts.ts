import type { Row } from '../../src/sdk/index.ts'
import { logRecord } from './log-record.ts'
import type { Notation } from './notation.ts'
import { remembered } from './remembered.ts'
import { RowAttributes } from './row-attributes.ts'

/** Writes rows as log records. The same row always becomes the same text. */
export class RecordTexts {
  readonly #notation: Notation
  readonly #attributes: RowAttributes

  constructor(notation: Notation) {
    this.#notation = notation
    this.#attributes = new RowAttributes((name) => remembered(notation.attribute(name)))
  }

  textOf(row: Row): string {
    return this.#notation.record(logRecord(row), this.#attributes.of(row))
  }
}
