import type { RowBatch } from '../../src/sdk/index.ts'
import type { FileBytes } from './open-file.ts'

/** How rows stand in a file. */
export interface FileFormat {
  /** Looks at what a file holds, before rows go behind it. */
  open(file: FileBytes): Opened
}

export type Opened =
  | { readonly kind: 'writable'; readonly encoder: RowEncoder }
  /** It holds rows, but nothing can follow them: it is set aside, and a new file begun. */
  | { readonly kind: 'complete'; readonly reason: string }
  /** It holds something else, which is not ours to touch. */
  | { readonly kind: 'foreign'; readonly reason: string }

/** Rows to the bytes that follow what the file holds. Each piece is valid until the next. */
export interface RowEncoder {
  encode(rows: RowBatch): Iterable<Uint8Array>
}
