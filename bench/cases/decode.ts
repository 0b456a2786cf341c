import { Dictionary } from '../../src/record/dictionary.ts'
import { countFlows } from '../../src/record/flow-batch.ts'
import { decodeFile } from './decode-file.ts'
import { selfMeasure } from './self-measure.ts'
import { workloadFold } from './workload-fold.ts'

const { reads } = await workloadFold(new Dictionary())

/** Lines to columns: those that the fold reads. */
selfMeasure((path) => {
  let flows = 0
  decodeFile(path, new Dictionary(), reads, (batch) => {
    flows += countFlows(batch)
  })
  return { flows, rows: 0 }
})
