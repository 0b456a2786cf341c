import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { COLUMNS } from '../../src/record/columns.ts'
import type { Row } from '../../src/record/row.ts'
import { decodeRows, encodeRows } from '../../src/record/row-codec.ts'

const value = {
  datetime: fc.constant('2026-01-01T00:00:00.000000001Z'),
  string: fc.string({ unit: 'binary' }),
  int: fc.nat({ max: 2 ** 52 }),
  bool: fc.boolean(),
  dynamic: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true }),
}
const row = fc.record(Object.fromEntries(COLUMNS.map(({ name, type }) => [name, value[type]])), {
  requiredKeys: [],
})

test('rows come back as they were, whatever columns they have', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      const back = decodeRows(encodeRows(rows as unknown as Row[]))
      assert.deepEqual(JSON.parse(JSON.stringify(back)), JSON.parse(JSON.stringify(rows)))
    }),
    { numRuns: 200 },
  )
})

test('more rows than the first guess holds', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ UUID: `${i}`.padEnd(300, 'x') }) as Row)
  assert.deepEqual(decodeRows(encodeRows(rows)), rows)
})

test('torn bytes are an error, not rows', () => {
  const bytes = encodeRows([{ UUID: 'a', Verdict: 'DROPPED' } as Row])
  assert.throws(() => decodeRows(bytes.slice(0, bytes.length - 3)))
})
