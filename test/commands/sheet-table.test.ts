import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sheetReport } from '../../src/commands/sheet-table.ts'
import type { BalanceSheet } from '../../src/telemetry/balance-sheet.ts'

const SHEET: BalanceSheet = {
  pipeline: 'logs/acns',
  received: 1849,
  delivered: 1700,
  filtered: 100,
  dropped: { not_json: 3, line_too_long: 40 },
  pending: 6,
  exporters: [
    {
      exporter: 'file',
      deliveredFlows: 1700,
      deliveredRows: 93,
      deliveredBytes: 94_208,
      dropped: {},
      pending: 6,
    },
    {
      exporter: 'debug',
      deliveredFlows: 1700,
      deliveredRows: 93,
      deliveredBytes: 5000,
      dropped: { refused: 7 },
      pending: 0,
    },
  ],
  beside: {
    receivedBytes: 3_250_586,
    gapBytes: 2048,
    lostUpstream: { HUBBLE_RING_BUFFER: 12_000 },
    noted: { agent_event: 2 },
  },
}

test('a balance sheet reads like one', () => {
  assert.equal(
    sheetReport(SHEET),
    `logs/acns: 1,849 flows in 93 rows, 3.1 MiB -> 92.0 KiB: 35 times smaller

    flows
    received         1,849
    delivered        1,700
    filtered           100
    dropped             43
      line_too_long     40
      not_json           3
    pending              6
    balanced             0

    exporter  rows  flows      size
    file        93  1,700  92.0 KiB  35 times smaller than the 3.1 MiB received; 6 flows wait
    debug       93  1,700   4.9 KiB  650 times smaller than the 3.1 MiB received; 7 flows dropped: refused

    gap: 2.0 KiB were gone before anybody read them
    lost upstream: HUBBLE_RING_BUFFER 12,000
    noted: agent_event 2
`,
  )
})

test('a sheet that does not close says so', () => {
  assert.match(
    sheetReport({ ...SHEET, pending: 5 }),
    /NOT BALANCED; please report this\. Unaccounted for +1\n/,
  )
})

test('a pipeline that has seen nothing claims nothing', () => {
  const nothing = { ...SHEET, received: 0, delivered: 0, filtered: 0, dropped: {}, pending: 0, exporters: [] }
  const beside = { receivedBytes: 0, gapBytes: 0, lostUpstream: {}, noted: {} }
  assert.match(
    sheetReport({ ...nothing, beside }),
    /^logs\/acns: 0 flows in 0 rows, 0 B -> 0 B\n\n {4}flows\n/,
  )
})
