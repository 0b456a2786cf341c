import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { agrees, compareRows } from '../../../src/commands/test/comparison.ts'
import { differences } from '../../../src/commands/test/differences.ts'
import type { RowPattern } from '../../../src/config/tests.ts'
import type { Row } from '../../../src/sdk/index.ts'
import { FULL_ROW } from '../../support/full-row.ts'
import { row } from '../../support/rows.ts'

const verdicts = fc.constantFrom('FORWARDED', 'DROPPED', 'ERROR')
const namespaces = fc.constantFrom('shop', 'payments')
const rows = fc.array(
  fc.record({ Verdict: verdicts, SourceNamespace: namespaces }).map((columns) => row(columns)),
  { maxLength: 7 },
)

/** Rows, and for each a pattern that names some of its columns, in another order. */
const patternsOfRows = rows.chain((rows) =>
  fc
    .tuple(
      ...rows.map((row) =>
        fc.subarray(['Verdict', 'SourceNamespace'] as const).map((names) => part(row, names)),
      ),
    )
    .chain((patterns) => fc.shuffledSubarray(patterns, { minLength: patterns.length }))
    .map((patterns) => ({ rows, patterns })),
)

test('patterns that were taken from rows agree with them, whatever the order', () => {
  fc.assert(
    fc.property(patternsOfRows, ({ rows, patterns }) => {
      assert.ok(agrees(compareRows(patterns, rows, 'partial')))
    }),
  )
})

test('a comparison names as many faults as there must be', () => {
  const pattern = fc.record({ Verdict: verdicts, SourceNamespace: namespaces }, { requiredKeys: [] })
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), rows, (patterns, rows) => {
      const { different, missing, unexpected } = compareRows(patterns, rows, 'partial')
      const matched = patterns.length - different.length - missing.length
      assert.equal(matched, mostMatches(patterns, rows))
      assert.equal(rows.length - matched - different.length, unexpected.length)
      assert.ok(missing.length === 0 || unexpected.length === 0)
    }),
  )
})

const PAIRS: readonly (readonly [
  what: string,
  pattern: RowPattern,
  exact: boolean,
  places: readonly string[],
])[] = [
  ['nothing is asked', {}, false, []],
  ['a time has more digits', { LastFlowTime: '2026-01-01T00:00:29.500000000Z' }, false, []],
  ['a time is another', { LastFlowTime: '2026-01-01T00:00:29.500000001Z' }, false, ['LastFlowTime']],
  ['a key of an object is named', { Layer4: { TCP: { destination_port: 8080 } } }, false, []],
  ['a key of an object is missing', { Layer4: { UDP: {} } }, false, ['Layer4.UDP']],
  ['a list is shorter', { SourceWorkloads: [] }, false, ['SourceWorkloads']],
  ['an item of a list is partly named', { SourceWorkloads: [{ name: 'web' }, {}] }, false, []],
  ['an item of a list differs', { SourceWorkloads: [{}, { name: 'x' }] }, false, ['SourceWorkloads[1].name']],
  ['a column must not be there, and is not', { Nothing: null }, false, []],
  ['a column must not be there, and is', { Verdict: null }, false, ['Verdict']],
  ['a key must not be there, and is', { IP: { encrypted: null } }, false, ['IP.encrypted']],
  ['false is no absence', { Reply: null }, false, ['Reply']],
  ['all of it is named', { ...FULL_ROW }, true, []],
  ['all but UUID is named', { ...FULL_ROW, UUID: undefined }, true, ['UUID']],
  [
    'a key of an object is left out of an exact match',
    { ...FULL_ROW, IP: {} },
    true,
    ['IP.source', 'IP.destination', 'IP.ipVersion', 'IP.encrypted', 'IP.source_xlated'],
  ],
]

for (const [what, pattern, exact, places] of PAIRS)
  test(`when ${what}, the differences are ${places.join(', ') || 'none'}`, () => {
    const found = differences(pattern, FULL_ROW, exact ? 'exact' : 'partial')
    assert.deepEqual(
      found.map(({ place }) => place),
      places,
    )
  })

test('an exact match leaves UUID aside unless it is named', () => {
  const { UUID, ...others } = FULL_ROW
  assert.deepEqual(differences(others, FULL_ROW, 'exact'), [])
  assert.deepEqual(differences({ ...others, UUID }, FULL_ROW, 'exact'), [])
  assert.equal(differences({ ...others, UUID: 'x' }, FULL_ROW, 'exact').length, 1)
})

function part(row: Row, names: readonly (keyof Row)[]): RowPattern {
  return Object.fromEntries(names.map((name) => [name, row[name]]))
}

/** By trying everything. */
function mostMatches(patterns: readonly RowPattern[], rows: readonly Row[]): number {
  if (patterns.length === 0) return 0
  const [first, ...others] = patterns
  let most = mostMatches(others, rows)
  for (const [index, row] of rows.entries())
    if (differences(first, row, 'partial').length === 0)
      most = Math.max(most, 1 + mostMatches(others, rows.toSpliced(index, 1)))
  return most
}
