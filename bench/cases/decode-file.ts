import { Decoder } from '../../src/decode/decoder.ts'
import type { Dictionary } from '../../src/record/dictionary.ts'
import type { FlowBatch } from '../../src/record/flow-batch.ts'
import type { FlowColumn } from '../../src/record/flow-columns.ts'
import { readChunks } from './read-chunks.ts'

/** As large as the receiver's. */
const INPUT_BYTES = 2 << 20

/** Decodes a file and hands over its batches. */
export function decodeFile(
  path: string,
  dictionary: Dictionary,
  reads: readonly FlowColumn[],
  take: (batch: FlowBatch) => void,
): void {
  const decoder = new Decoder({ dictionary, reads: new Set(reads), inputBytes: INPUT_BYTES })
  const { buffer, byteOffset, byteLength } = decoder.input
  readChunks(path, Buffer.from(buffer, byteOffset, byteLength), ({ end }) => {
    let at = 0
    for (;;) {
      const { batch, consumedBytes } = decoder.decode(at, end, 0)
      if (consumedBytes === 0) return at
      take(batch)
      at += consumedBytes
    }
  })
}
