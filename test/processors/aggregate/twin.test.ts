import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aggregate } from '../../../processors/aggregate/index.ts'
import { layoutOf } from '../../../processors/aggregate/layout.ts'
import type { Flow, Row } from '../../../src/sdk/index.ts'
import { arbitraryRecord } from './arbitrary-flow.ts'
import { plainRows } from './plain-fold.ts'
import { folding } from './support.ts'

const SETTINGS = [
  { key: 'acns' },
  { key: 'workload' },
  { key: 'workload', evidence: 1 },
  { key: 'pod', evidence: 2 },
  { key: 'connection', evidence: 0 },
  { key: ['verdict'] },
  {
    key: ['source_namespace', 'source_labels', 'node_name'],
    carry: ['verdict', 'l4_protocol', 'server_port'],
  },
  { key: ['http_code', 'is_reply', 'destination_identity'], carry: 'none', window: '10s' },
  { key: ['event_type', 'egress_allowed_by', 'l4_protocol', 'client_port', 'icmp_type'] },
]

for (const settings of SETTINGS)
  test(`the fast fold and the plain one agree, with ${JSON.stringify(settings)}`, () => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord(60), { minLength: 1, maxLength: 60 }), (flows) => {
        assert.deepEqual(fastRows(flows, settings), plain(flows, settings))
      }),
      { numRuns: 60 },
    )
  })

function fastRows(flows: readonly Flow[], settings: object) {
  const { give, flush } = folding(settings)
  const rows = [...give(...flows), ...flush()]
  return inOrder(rows.map(({ UUID, ...row }) => row))
}

function plain(flows: readonly Flow[], settings: object) {
  const { windowS, key, carried, examples } = layoutOf(aggregate.settings.parse(settings) as never)
  const names = (fields: typeof key) => fields.map(({ name }) => name)
  const layout = { windowS, key: names(key), carried: names(carried), evidence: examples, node: 'node-1' }
  return inOrder(plainRows(flows, layout))
}

function inOrder(rows: readonly Omit<Row, 'UUID'>[]) {
  return rows.map((row) => JSON.stringify(sortedKeys(row))).sort()
}

/** The order of keys inside an object means nothing. */
function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedKeys(inner)]))
}
