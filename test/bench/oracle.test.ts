import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeFile } from '../../bench/cases/decode-file.ts'
import { workloadFold } from '../../bench/cases/workload-fold.ts'
import { generateAggregatedLines, generateLines, writeLines } from '../../bench/generator.ts'
import { differences, expectedTotals, flowsIn, totalsOf } from '../../bench/plain-fold.ts'
import { Dictionary } from '../../src/record/dictionary.ts'
import type { Row } from '../../src/record/row.ts'
import { rowsOf as rowsOfBatch } from '../../src/record/row-batch.ts'
import { tempDir } from '../support/temp-dir.ts'

const TRAFFIC = { seed: 11, flows: 8000, flowsPerSecond: 100 }

for (const [what, generate] of [
  ['single flows', generateLines],
  ['aggregated records', generateAggregatedLines],
] as const)
  test(`flowfold's rows of ${what} add up to what a plain loop makes of them, group by group`, async (t) => {
    const lines = [...generate(TRAFFIC)]
    const path = join(tempDir(t), 'events.log')
    writeLines(lines, path)
    const actual = totalsOf(await rowsOf(path))
    assert.equal(flowsIn(actual), TRAFFIC.flows)
    assert.deepEqual(differences(actual, expectedTotals(lines)).slice(0, 3), [])
  })

async function rowsOf(path: string): Promise<Row[]> {
  const dictionary = new Dictionary()
  const { fold, reads } = await workloadFold(dictionary)
  decodeFile(path, dictionary, reads, (batch) => fold.fold(batch))
  return Array.from(fold.flush(), ({ rows }) => rowsOfBatch(rows)).flat()
}
