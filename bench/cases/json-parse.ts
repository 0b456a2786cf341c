import { flowsIn, PlainFold } from '../plain-fold.ts'
import { readChunks } from './read-chunks.ts'
import { selfMeasure } from './self-measure.ts'

/** What flowfold is measured against: the same grouping as a plain loop. */
selfMeasure((path) => {
  const fold = new PlainFold()
  readChunks(path, Buffer.allocUnsafe(1 << 20), ({ bytes, end }) => {
    const seen = bytes.subarray(0, end)
    let at = 0
    for (;;) {
      const lineEnd = seen.indexOf(0x0a, at)
      if (lineEnd < 0) return at
      fold.add(seen.toString('utf8', at, lineEnd))
      at = lineEnd + 1
    }
  })
  return { flows: flowsIn(fold.totals), rows: fold.totals.size }
})
