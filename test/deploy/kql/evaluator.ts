import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluate } from '../../support/kql/evaluate.ts'

const SCHEMA = {
  tables: {
    T: '(Name: string, Number: int, Data: dynamic, Time: datetime, Is: bool)',
    U: '(Name: string, Other: int)',
  },
  functions: { F: 'T | where Number > 1', U: 'T | project Name' },
}
const T = [
  { Name: 'a', Number: 1, Data: { list: ['x', 'y'], deep: [{ n: 5 }] }, Time: 0, Is: true },
  { Name: 'b', Number: 2, Data: { list: ['y', 'z'] }, Time: 61_000, Is: false },
  { Name: 'b', Number: 4, Data: null, Time: 62_000, Is: null },
]
const U = [{ Name: 'b', Other: 7 }]

/** What Kusto's documentation says of each; the language service has no engine to compare with. */
const CASES: readonly (readonly [query: string, answer: readonly object[]])[] = [
  ['T | where Number >= 2 and Name in ("a", "b") | project Number', [{ Number: 2 }, { Number: 4 }]],
  ['T | where Name !in ("b") | project Name', [{ Name: 'a' }]],
  [
    'T | where Time between (datetime(1970-01-01T00:01:01Z) .. datetime(1970-01-01T00:01:01Z)) | project Number',
    [{ Number: 2 }],
  ],
  ['T | where Is != true | project Number', [{ Number: 2 }, { Number: 4 }]],
  ['T | where Is == false | project Number', [{ Number: 2 }]],
  ['T | where not(Is) or isnull(Is) | project Number', [{ Number: 2 }, { Number: 4 }]],
  ['T | where Data.deep[0].n == 5 | project X = tostring(Data.deep[0].n)', [{ X: '5' }]],
  ['T | take 1 | project X = coalesce("", tostring(Data.none), Name)', [{ X: 'a' }]],
  ['T | take 1 | project A = 7 / 2, B = 7.0 / 2, C = round(100.0 / 3, 1)', [{ A: 3, B: 3.5, C: 33.3 }]],
  [
    'T | summarize S = sum(Number), C = count() by Name',
    [
      { Name: 'a', S: 1, C: 1 },
      { Name: 'b', S: 6, C: 2 },
    ],
  ],
  [
    'T | summarize C = count() by bin(Time, 1m)',
    [
      { Time: 0, C: 1 },
      { Time: 60_000, C: 2 },
    ],
  ],
  ['T | summarize Names = make_set(Data.list), D = dcount(Name)', [{ Names: ['x', 'y', 'z'], D: 2 }]],
  ['T | summarize S = sumif(Number, Name == "b"), M = max(Number)', [{ S: 6, M: 4 }]],
  ['T | top 2 by Number | project Number', [{ Number: 4 }, { Number: 2 }]],
  ['T | order by Name desc, Number asc | project Number', [{ Number: 2 }, { Number: 4 }, { Number: 1 }]],
  [
    'T | where Name startswith "B" and Name contains "b" | project-away Data, Time, Is, Name | take 1',
    [{ Number: 2 }],
  ],
  ['let N = 3; let R = T | where Number > N; R | project Number', [{ Number: 4 }]],
  ['F | project Number', [{ Number: 2 }, { Number: 4 }]],
  ['U', [{ Name: 'a' }, { Name: 'b' }, { Name: 'b' }]],
  ['table("U")', U],
  [
    'T | project Name, Number | lookup (table("U")) on Name | project Number, Other',
    [
      { Number: 1, Other: null },
      { Number: 2, Other: 7 },
      { Number: 4, Other: 7 },
    ],
  ],
  ['union (T | where Number == 4), (F) | project Number', [{ Number: 4 }, { Number: 2 }, { Number: 4 }]],
]

for (const [query, answer] of CASES)
  test(`KQL: ${query}`, () => assert.deepEqual(evaluate(query, SCHEMA, { T, U }), answer))

test('what the evaluator does not know is an error, not a guess', () => {
  assert.throws(
    () => evaluate('T | project X = toupper(Name)', SCHEMA, { T, U }),
    /does not know the function toupper/,
  )
  assert.throws(() => evaluate('T | sample 1', SCHEMA, { T, U }), /does not know SampleOperator/)
  assert.throws(
    () => evaluate('T | summarize count()', SCHEMA, { T, U }),
    /give the column with count\(\) a name/,
  )
  assert.throws(() => evaluate('T | where Nmae == "a"', SCHEMA, { T, U }), /'Nmae' does not refer/)
})
