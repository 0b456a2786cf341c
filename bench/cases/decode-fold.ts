import { Dictionary } from '../../src/record/dictionary.ts'
import { flowsOfBatch } from '../../src/record/row-batch.ts'
import type { ClosedWindow } from '../../src/sdk/processor.ts'
import { decodeFile } from './decode-file.ts'
import { selfMeasure } from './self-measure.ts'
import { workloadFold } from './workload-fold.ts'

const dictionary = new Dictionary()
const { fold, reads, nowMs } = await workloadFold(dictionary)

/** Lines to rows, without anything that touches a disk. */
selfMeasure((path) => {
  let flows = 0
  let rows = 0
  const leave = (windows: Iterable<ClosedWindow>) => {
    for (const window of windows) {
      rows += window.rows.flows.length
      flows += flowsOfBatch(window.rows)
    }
  }
  decodeFile(path, dictionary, reads, (batch) => {
    fold.fold(batch)
    leave(fold.close(nowMs))
  })
  leave(fold.flush())
  return { flows, rows }
})
