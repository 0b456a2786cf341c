import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleLines } from '../../../bench/sample.ts'
import { logEntry } from '../../../exporters/azure_log_analytics/log-entry.ts'
import { TABLE } from '../../../src/commands/azure/table.ts'
import type { Flow } from '../../../src/sdk/index.ts'
import { evaluate, type KqlRow } from '../../support/kql/evaluate.ts'
import type { Value } from '../../support/kql/functions.ts'
import { sampleRows } from '../../support/sample-rows.ts'
import { PUBLISHED } from './published.ts'
import { recordingOf, stored } from './recording.ts'
import { BUILT_IN, WORKSPACE } from './workspace.ts'

const { flows, rows } = recordingOf([...sampleLines()])
const tables = { [TABLE]: rows, [BUILT_IN]: [] }

/** Published queries that are right on flowfold's rows as they stand, and how many flows they speak of. */
const SUMS: readonly (readonly [string, number, ((row: KqlRow) => boolean)?])[] = [
  ['drops by workload', flows.filter(({ verdict }) => verdict === 'DROPPED').length],
  [
    'drops in a namespace',
    flows.filter(({ verdict, source }) => verdict === 'DROPPED' && source?.namespace === 'sandbox').length,
  ],
  ['HTTP errors', flows.filter(({ l7 }) => (l7?.http?.code ?? 0) >= 400).length],
  ['L7 drops', flows.filter(({ verdict, Type }) => verdict === 'DROPPED' && Type === 'L7').length],
  // Its condition takes replies that hold no DNS message for errors; the others are told right.
  [
    'DNS errors',
    flows.filter(({ l7, l4 }) => l4?.UDP && l7?.dns?.rcode).length,
    ({ Answer }) => Answer !== '',
  ],
]

for (const [name, expected, isMeant = () => true] of SUMS)
  test(`published: ${name} answers through the function`, () => {
    const answer = evaluate(PUBLISHED[name].query, WORKSPACE, tables).filter(isMeant)
    assert.ok(expected > 0)
    assert.equal(
      answer.reduce((sum, { Flows }) => sum + Number(Flows), 0),
      expected,
    )
  })

/** Single flows, as a pipeline without `aggregate` delivers them: published queries that count rows count flows. */
const singles = sampleRows().map((row) => stored(JSON.parse(logEntry(row))))
const singleTables = { [TABLE]: singles, [BUILT_IN]: [] }
const side = (flow: Flow, namespace: string) =>
  flow.source?.namespace === namespace || flow.destination?.namespace === namespace
const isDropped = ({ verdict }: Flow) => verdict === 'DROPPED'
const goesTo = ({ l4 }: Flow, ports: readonly number[]) =>
  ports.includes(l4?.TCP?.destination_port ?? l4?.UDP?.destination_port ?? 0)
const isFromBff = ({ source, traffic_direction }: Flow) =>
  source?.namespace === 'storefront' && source.pod_name?.includes('bff') && traffic_direction === 'EGRESS'

/** What each asks of the flows, by the words of the query, and how its answer tells how many they are. */
const COUNTS: readonly (readonly [
  name: string,
  isMeant: (flow: Flow) => boolean | undefined,
  counted: (row: KqlRow) => Value,
])[] = [
  ['dropped rows', isDropped, () => 1],
  ['verdicts that contain DROPPED', isDropped, () => 1],
  ['lab: drops by pod', (flow) => isDropped(flow) && side(flow, 'sandbox'), ({ Rows }) => Rows],
  [
    'lab: blocked sources',
    (flow) =>
      isDropped(flow) &&
      flow.destination?.namespace === 'orders' &&
      flow.destination.pod_name?.includes('postgres') &&
      flow.traffic_direction === 'EGRESS',
    () => 1,
  ],
  ['lab: DNS verdicts', (flow) => isFromBff(flow) && goesTo(flow, [53]), ({ Rows }) => Rows],
  ['lab: DNS and HTTPS', (flow) => isFromBff(flow) && goesTo(flow, [53, 443]), () => 1],
  ['lab: timeline', (flow) => isDropped(flow) && side(flow, 'sandbox'), ({ Dropped }) => Dropped],
  ['lab: drop rate', (flow) => side(flow, 'sandbox'), ({ All }) => All],
]

for (const [name, isMeant, counted] of COUNTS)
  test(`published: ${name} answers about single flows through the function`, () => {
    const meant = flows.filter(isMeant).length
    assert.ok(meant > 0, 'an answer that is always empty proves nothing')
    const answer = evaluate(PUBLISHED[name].query, WORKSPACE, singleTables)
    assert.equal(
      answer.reduce((sum, row) => sum + Number(counted(row)), 0),
      Math.min(meant, name === 'dropped rows' ? 100 : meant),
    )
  })

for (const [what, given] of [
  ['folded rows', tables],
  ['single flows', singleTables],
] as const)
  test(`published: top talkers names the busiest workloads of ${what} through the function`, () => {
    const sent = new Map<string, number>()
    for (const { source } of flows) {
      const name = `${source?.namespace ?? ''}/${source?.workloads?.[0]?.name ?? ''}`
      sent.set(name, (sent.get(name) ?? 0) + 1)
    }
    const busiest = [...sent.values()].toSorted((a, b) => b - a).slice(0, 10)
    const answer = evaluate(PUBLISHED['top talkers'].query, WORKSPACE, given)
    assert.deepEqual(
      answer.map(({ Flows }) => Flows),
      busiest,
    )
    for (const { SourceNamespace, Caller, Flows } of answer)
      assert.equal(Flows, sent.get(`${SourceNamespace}/${Caller}`))
  })

test('every published query that fits the table has its answer checked', () => {
  const checked = new Set(['top talkers', ...SUMS.map(([name]) => name), ...COUNTS.map(([name]) => name)])
  const sound = Object.entries(PUBLISHED).filter(([, { unknown }]) => unknown === undefined)
  assert.deepEqual([...checked].sort(), sound.map(([name]) => name).sort())
})

test('every flow is there, through the function too', () => {
  const query = `${BUILT_IN} | summarize Flows = sum(IngressFlowCount + EgressFlowCount + UnknownDirectionFlowCount)`
  assert.deepEqual(evaluate(query, WORKSPACE, tables), [{ Flows: flows.length }])
})

/** Minutes at which somebody delivered a row of a cluster. */
const DELIVERED: readonly (readonly [
  what: string,
  ours: Minutes,
  builtIn: Minutes,
  seen: readonly string[],
])[] = [
  ['flowfold alone', { a: [1, 2] }, {}, ['flowfold a 1', 'flowfold a 2']],
  ['Azure alone', {}, { a: [1, 2] }, ['Azure a 1', 'Azure a 2']],
  ['a cluster each', { a: [1] }, { b: [0, 1, 2] }, ['flowfold a 1', 'Azure b 0', 'Azure b 1', 'Azure b 2']],
  ['both for one', { a: [1, 2] }, { a: [1, 2] }, ['flowfold a 1', 'flowfold a 2']],
  [
    'one after the other',
    { a: [3, 4], c: [9] },
    { a: [1, 2, 3, 4] },
    ['flowfold a 3', 'flowfold a 4', 'flowfold c 9', 'Azure a 1', 'Azure a 2'],
  ],
]

for (const [what, ours, builtIn, seen] of DELIVERED)
  test(`with rows of both tables nothing disappears and nothing counts twice: ${what}`, () => {
    const both = { [TABLE]: delivered('flowfold', ours), [BUILT_IN]: delivered('Azure', builtIn) }
    const query = `${BUILT_IN} | project By = NodeName, Cluster = coalesce(SourceClusterName, DestinationClusterName), TimeGenerated`
    const answer = evaluate(query, WORKSPACE, both)
    assert.deepEqual(
      answer.map(({ By, Cluster, TimeGenerated }) => `${By} ${Cluster} ${Number(TimeGenerated) / 60_000}`),
      seen,
    )
  })

type Minutes = { readonly [cluster: string]: readonly number[] }

/** Rows that came from outside of the cluster when their minute is odd. */
function delivered(by: string, minutes: Minutes): KqlRow[] {
  return Object.entries(minutes).flatMap(([cluster, times]) =>
    times.map((minute) => {
      const side: { [column: string]: Value } =
        minute % 2 ? { DestinationClusterName: cluster } : { SourceClusterName: cluster }
      return stored({ NodeName: by, TimeGenerated: new Date(minute * 60_000).toISOString(), ...side })
    }),
  )
}
