import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocateColumns, Dictionary, type FlowBatch, flowsOf, type Row } from '../../../src/sdk/index.ts'
import { at, folding, rowsOf, START_S, totalFlows } from './support.ts'

const BATCH_ROWS = 10_000
const SOURCES = 300_000
const MAX_GROUPS = 10_000

/** Batches of flows from as many different sources; every third is dropped. Written as a decoder would: into the same columns. */
function* floodOf(sources: number, dictionary: Dictionary): Generator<FlowBatch> {
  const columns = allocateColumns(BATCH_ROWS)
  const rows = Uint32Array.from({ length: BATCH_ROWS }, (_, row) => row)
  for (let from = 0; from < sources; from += BATCH_ROWS) {
    for (let row = 0; row < BATCH_ROWS; row++) {
      const source = from + row
      columns.time_s[row] = START_S
      columns.time_ns[row] = source
      columns.verdict[row] = dictionary.intern(source % 3 === 0 ? 'DROPPED' : 'FORWARDED')
      columns.drop_reason[row] = source % 3 === 0 ? dictionary.intern('POLICY_DENIED') : 0
      columns.source[row] = dictionary.intern(`{"namespace":"ns-${source % 50}","pod_name":"pod-${source}"}`)
      columns.ip_source[row] = dictionary.intern(`10.${source >> 16}.${(source >> 8) & 255}.${source & 255}`)
      columns[source % 2 === 0 ? 'ingress_flows' : 'egress_flows'][row] = 1
      columns[source % 2 === 0 ? 'egress_flows' : 'ingress_flows'][row] = 0
    }
    yield { columns, rows, dictionary, bytes: 0, detail: () => at(0) }
  }
}

test('groups without end stay within their bounds, and every flow is counted', () => {
  const dictionary = new Dictionary({ maxBytes: 8 * 2 ** 20 })
  const { fold, host } = folding({ key: 'connection', max_groups: MAX_GROUPS }, { dictionary })
  const before = process.memoryUsage()
  let peakBytes = 0
  for (const batch of floodOf(SOURCES, dictionary)) {
    fold.fold(batch)
    dictionary.compactIfFull()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    peakBytes = Math.max(peakBytes, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers)
  }
  assert.ok(dictionary.bytes < dictionary.maxBytes && dictionary.generation > 2)
  assert.equal(host.metric('aggregate_groups'), MAX_GROUPS + 2)
  assert.equal(host.metric('aggregate_other_flows_total'), SOURCES - MAX_GROUPS)
  // It is about 80 MiB, garbage included; without a bound on groups it is 240.
  assert.ok(peakBytes < 150 * 2 ** 20, `took ${Math.round(peakBytes / 2 ** 20)} MiB`)
  const rows = rowsOf(fold.flush())
  const others = rows.filter(({ Other }) => Other)
  assert.equal(rows.length, MAX_GROUPS + 2)
  assert.deepEqual(others.map(({ Verdict, DropReason }) => [Verdict, DropReason]).toSorted(), [
    ['DROPPED', 'POLICY_DENIED'],
    ['FORWARDED', undefined],
  ])
  const dropped = rows.filter(({ Verdict }) => Verdict === 'DROPPED')
  assert.equal(totalFlows(dropped), SOURCES / 3)
  assert.equal(totalFlows(rows), SOURCES)
  assert.equal(sum(rows, 'IngressFlowCount'), SOURCES / 2)
  assert.equal(sum(rows, 'EgressFlowCount'), SOURCES / 2)
})

test('an `Other` row has its verdict, its drop reason, its times, and nothing of the key', () => {
  const { give, flush } = folding({ max_groups: 1 })
  const drop = { verdict: 'DROPPED', drop_reason_desc: 'POLICY_DENIED' }
  give(at(0), at(1, drop), at(2, { ...drop, source: { namespace: 'b', pod_name: 'y' } }))
  const [, { UUID, ...other }] = flush()
  assert.deepEqual(other, {
    TimeGenerated: '2026-01-01T00:00:01Z',
    Verdict: 'DROPPED',
    DropReason: 'POLICY_DENIED',
    NodeName: 'node-1',
    IngressFlowCount: 2,
    EgressFlowCount: 0,
    UnknownDirectionFlowCount: 0,
    WindowStart: '2026-01-01T00:00:00Z',
    WindowEnd: '2026-01-01T00:00:30Z',
    LastFlowTime: '2026-01-01T00:00:02Z',
    Revision: 0,
    Evidence: { TcpFlags: { Syn: 2, Fin: 0, Rst: 0 } },
    Other: true,
  })
})

test('the bound holds for all open windows together, and closing one makes room', () => {
  const { give, host } = folding({ max_groups: 2 })
  give(at(0), at(31, { verdict: 'DROPPED' }))
  give(at(32))
  assert.equal(host.metric('aggregate_other_flows_total'), 1)
  give(at(40, { verdict: 'DROPPED' }))
  assert.equal(host.metric('aggregate_other_flows_total'), 1)
  give(at(41, { verdict: 'AUDIT' }))
  assert.equal(host.metric('aggregate_other_flows_total'), 1)
})

test('garbage for verdicts cannot open `Other` rows without end', () => {
  const { give, flush } = folding({ max_groups: 1 })
  for (let batch = 0; batch < 10; batch++)
    give(...Array.from({ length: 1000 }, (_, i) => at(1, { verdict: `garbage ${batch} ${i}` })))
  const rows = flush()
  assert.ok(rows.length < 9000, `${rows.length} rows`)
  assert.equal(totalFlows(rows), 10_000)
})

test('counts beyond 32 bits are exact', () => {
  const { give, flush } = folding()
  const most = 2 ** 32 - 1
  const record = at(0, {
    aggregate: { ingress_flow_count: most, egress_flow_count: most, unknown_direction_flow_count: most },
  })
  give(...Array.from({ length: 100 }, () => record))
  const [row] = flush()
  assert.deepEqual(
    [row.IngressFlowCount, row.EgressFlowCount, row.UnknownDirectionFlowCount, flowsOf(row)],
    [100 * most, 100 * most, 100 * most, 300 * most],
  )
})

function sum(rows: readonly Row[], column: 'IngressFlowCount' | 'EgressFlowCount'): number {
  return rows.reduce((total, row) => total + row[column], 0)
}
