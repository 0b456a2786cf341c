import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../bench/bench-case.ts'
import { type BenchResult, type CaseResult, lossesIn, sharesOf, tableOf } from '../../bench/report.ts'

const MIB = 2 ** 20

test('shares are of the plain loop', () => {
  assert.deepEqual(sharesOf(result()), { 'json-parse': 1, 'whole-job': 0.2 })
})

test('the table names what was reached, and what was recorded before', () => {
  const table = tableOf(result(), { 'whole-job': 0.3 })
  const job = table.split('\n').find((line) => line.startsWith('job'))
  assert.deepEqual(job?.split(/\s+/).slice(1), [
    '2.00',
    '500,000',
    '1000',
    '0.200',
    '0.300',
    '150',
    '1,000,000',
    '40',
  ])
  assert.match(table, /load average 0\.10 before and 0\.20 after/)
  assert.match(table, /1\/5\.0 \(at most 0\.25 is wanted, 0\.125 aimed at\)/)
  assert.match(table, /1,000,000 flows became 40 rows, 25000\.0 : 1; 2000 MiB became 4\.0 MiB, 500\.0 : 1/)
  assert.match(table, /other +skipped: not on the PATH/)
})

test('goals are reached or missed', () => {
  assert.match(
    tableOf(result({ cpuS: 1, peakBytes: 100 * MIB }), {}),
    /0\.125 aimed at: reached[\s\S]*aimed at: reached/,
  )
  assert.match(
    tableOf(result({ cpuS: 3, peakBytes: 300 * MIB }), {}),
    /0\.125 aimed at: MISSED[\s\S]*aimed at: MISSED/,
  )
})

test('flows that are missing are named', () => {
  assert.deepEqual(lossesIn(result()), [])
  assert.deepEqual(lossesIn(result({ flows: 999_999 })), ['job: 999999 flows out, 1000000 in'])
  assert.match(tableOf(result({ flows: 999_999 }), {}), /LOST: job: 999999 flows out/)
})

function result(job: Partial<Outcome> = {}): BenchResult {
  return {
    node: 'v24.0.0',
    processor: '2 x a processor',
    load: { before: 0.1, after: 0.2 },
    rounds: 3,
    input: { lines: 1_000_000, bytes: 2000 * MIB },
    cases: [
      ran('json-parse', 'loop', { cpuS: 10 }),
      ran('whole-job', 'job', { cpuS: 2, peakBytes: 150 * MIB, rows: 40, rowBytes: 4 * MIB, ...job }),
      { id: 'other', title: 'other', skipped: 'not on the PATH', best: null },
    ],
  }
}

function ran(id: string, title: string, best: Partial<Outcome>): CaseResult {
  return {
    id,
    title,
    skipped: null,
    best: { cpuS: 1, peakBytes: MIB, flows: 1_000_000, rows: 0, rowBytes: 0, ...best },
  }
}
