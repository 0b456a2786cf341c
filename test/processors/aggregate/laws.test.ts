import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchOf, countFlows, Dictionary, type Flow, type Row, selectRows } from '../../../src/sdk/index.ts'
import { arbitraryRecord, arbitrarySimilarRecord } from './arbitrary-flow.ts'
import { CommittedFold } from './committed-fold.ts'
import { folding, sorted, totalFlows } from './support.ts'

const records = (seconds: number, largest?: number) =>
  fc.array(arbitraryRecord(seconds, largest), { minLength: 1, maxLength: 80 })

/** Long enough for every value: then also the evidence does not depend on who came first. */
const ALL_EVIDENCE = { evidence: 20 }

test('no flow is lost and none counts twice, by direction', () => {
  fc.assert(
    fc.property(records(300), fc.constantFrom('acns', 'workload', 'pod', 'connection'), (flows, key) => {
      const { give, flush } = folding({ key, max_groups: 10 })
      const rows = [...give(...flows), ...flush()]
      for (const column of ['IngressFlowCount', 'EgressFlowCount', 'UnknownDirectionFlowCount'] as const)
        assert.equal(
          rows.reduce((sum, row) => sum + row[column], 0),
          flows.reduce((sum, flow) => sum + countsOf(flow)[column], 0),
        )
    }),
    { numRuns: 100 },
  )
})

test('any split into batches gives the same rows', () => {
  fc.assert(
    fc.property(records(30), fc.array(fc.nat(80)), (flows, cuts) => {
      const whole = folding()
      const split = folding()
      const edges = [0, ...cuts.map((cut) => Math.min(cut, flows.length)).sort((a, b) => a - b), flows.length]
      for (let i = 1; i < edges.length; i++) split.give(...flows.slice(edges[i - 1], edges[i]))
      whole.give(...flows)
      assert.deepEqual(sorted(split.flush()), sorted(whole.flush()))
    }),
    { numRuns: 100 },
  )
})

test('rows that a filter took out of a batch leave no trace', () => {
  fc.assert(
    fc.property(records(30), fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }), (flows, keeps) => {
      const picked = folding()
      const alone = folding()
      const batch = picked.batch(flows)
      picked.fold.fold(
        selectRows(
          batch,
          batch.rows.filter((row) => keeps[row]),
        ),
      )
      alone.give(...flows.filter((_, row) => keeps[row]))
      assert.deepEqual(sorted(picked.flush()), sorted(alone.flush()))
    }),
    { numRuns: 50 },
  )
})

test('any order inside a window gives the same rows', () => {
  const shuffled = records(30).chain((flows) =>
    fc.tuple(fc.constant(flows), fc.shuffledSubarray([...flows], { minLength: flows.length })),
  )
  fc.assert(
    fc.property(shuffled, ([flows, others]) => {
      const one = folding(ALL_EVIDENCE)
      const other = folding(ALL_EVIDENCE)
      one.give(...flows)
      other.give(...others)
      assert.deepEqual(sorted(other.flush()), sorted(one.flush()))
    }),
    { numRuns: 100 },
  )
})

test('folding what is folded already changes nothing', () => {
  const settings = { key: 'acns', carry: 'none', evidence: 0, dns_rcode: 'number' }
  // Hubble's counts have 32 bits, and so have those of its records here: sums must stay below.
  fc.assert(
    fc.property(records(30, 5000), (flows) => {
      const once = folding(settings)
      const twice = folding(settings)
      once.give(...flows)
      const rows = once.flush()
      twice.give(...rows.map(recordOf))
      // A record tells when its first flow was, not its last.
      const known = (row: Row) => ({ ...row, LastFlowTime: undefined })
      assert.deepEqual(sorted(twice.flush()).map(known), sorted(rows).map(known))
    }),
    { numRuns: 100 },
  )
})

for (const [what, record] of [
  ['flows of all kinds', arbitraryRecord(120)],
  ['flows of few groups', arbitrarySimilarRecord(120)],
] as const)
  test(`a crash or a compaction at any moment changes nothing, with ${what}`, () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.array(record, { minLength: 1, maxLength: 12 }) },
      { weight: 3, arbitrary: fc.constant('commit' as const) },
      { weight: 1, arbitrary: fc.constant('crash' as const) },
      { weight: 1, arbitrary: fc.constant('compact' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom('workload', 'acns'), (steps, key) => {
        const settings = { key, max_groups: 8 }
        const calm = new CommittedFold(settings)
        const shaken = new CommittedFold(settings)
        for (const what of steps) {
          if (what === 'crash') shaken.crash()
          else if (what === 'compact') shaken.compact()
          else if (what === 'commit') shaken.commit()
          else {
            calm.give(what)
            shaken.give(what)
          }
        }
        assert.deepEqual(sorted(shaken.finish()), sorted(calm.finish()))
      }),
      { numRuns: 80 },
    )
  })

test('what is pending is what has come and not left', () => {
  fc.assert(
    fc.property(fc.array(records(200), { maxLength: 5 }), (batches) => {
      const { give, fold, host } = folding()
      let came = 0
      let left = 0
      for (const flows of batches) {
        came += countFlows(batchOf(host.dictionary, flows))
        left += totalFlows(give(...flows))
        assert.equal(fold.pendingFlows(), came - left)
      }
    }),
    { numRuns: 50 },
  )
})

test('two processes write the same row under the same UUID, whatever ids their texts have', () => {
  fc.assert(
    fc.property(records(30), (flows) => {
      const dictionary = new Dictionary()
      for (let i = 0; i < 100; i++) dictionary.intern(`somebody else's text ${i}`)
      const one = folding()
      const other = folding({}, { dictionary })
      one.give(...flows)
      other.give(...flows)
      const rows = one.flush()
      assert.deepEqual(other.flush(), rows)
      assert.equal(new Set(rows.map(({ UUID }) => UUID)).size, rows.length)
    }),
    { numRuns: 50 },
  )
})

function countsOf(flow: Flow) {
  const { traffic_direction, aggregate } = flow
  const one = (direction: string | undefined) => (!aggregate && traffic_direction === direction ? 1 : 0)
  const isKnown = traffic_direction === 'INGRESS' || traffic_direction === 'EGRESS'
  return {
    IngressFlowCount: aggregate?.ingress_flow_count ?? one('INGRESS'),
    EgressFlowCount: aggregate?.egress_flow_count ?? one('EGRESS'),
    UnknownDirectionFlowCount: aggregate?.unknown_direction_flow_count ?? (!aggregate && !isKnown ? 1 : 0),
  }
}

/** A row as Hubble's exporter would write its group. */
function recordOf(row: Row): Flow {
  const endpoint = (side: 'Source' | 'Destination') => ({
    identity: row[`${side}Identity`],
    namespace: row[`${side}Namespace`],
    workloads: row[`${side}Workloads`],
    cluster_name: row[`${side}ClusterName`],
  })
  return JSON.parse(
    JSON.stringify({
      time: row.TimeGenerated,
      verdict: row.Verdict,
      drop_reason_desc: row.DropReason,
      is_reply: row.Reply,
      IP: row.IP,
      l4: row.Layer4,
      l7: row.Layer7,
      source: endpoint('Source'),
      destination: endpoint('Destination'),
      extensions: { packets: row.Packets, bytes: row.Bytes },
      aggregate: {
        ingress_flow_count: row.IngressFlowCount,
        egress_flow_count: row.EgressFlowCount,
        unknown_direction_flow_count: row.UnknownDirectionFlowCount,
      },
    }),
  ) as Flow
}
