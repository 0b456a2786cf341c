import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleLines } from '../../../bench/sample.ts'
import { TABLE } from '../../../src/commands/azure/table.ts'
import { evaluate, type KqlRow } from '../../support/kql/evaluate.ts'
import type { Value } from '../../support/kql/functions.ts'
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
