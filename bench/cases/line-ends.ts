import { readChunks } from './read-chunks.ts'
import { selfMeasure } from './self-measure.ts'

/** The least that any reader of lines must do. */
selfMeasure((path) => {
  let flows = 0
  readChunks(path, Buffer.allocUnsafe(1 << 20), ({ bytes, end }) => {
    const seen = bytes.subarray(0, end)
    let at = 0
    for (;;) {
      const lineEnd = seen.indexOf(0x0a, at)
      if (lineEnd < 0) return at
      flows++
      at = lineEnd + 1
    }
  })
  return { flows, rows: 0 }
})
