import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeRows, encodeRows } from '../../src/record/row-codec.ts'

test('rows come back as they were', () => {
  const row = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 2 }))
  fc.assert(
    fc.property(
      fc.array(
        row.map((value) => JSON.stringify(value)),
        { maxLength: 30 },
      ),
      (lines) => {
        assert.deepEqual(decodeRows(encodeRows(lines.map((line) => Buffer.from(line)))), lines)
      },
    ),
    { numRuns: 200 },
  )
})

test('more rows than the first guess holds', () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `"${i.toString().padEnd(1000, 'x')}"`)
  const bytes = encodeRows(lines.map((line) => Buffer.from(line)))
  assert.deepEqual(decodeRows(bytes), lines)
  assert.ok(bytes.length < 200_000, `rows that say much the same take ${bytes.length} bytes`)
})

test('bytes that were torn are an error; never other rows', () => {
  const lines = Array.from({ length: 20 }, (_, i) => `{"UUID":"${i * 7919}"}`)
  const bytes = encodeRows(lines.map((line) => Buffer.from(line)))
  let noticed = 0
  const change = fc.record({ at: fc.nat({ max: bytes.length - 1 }), by: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(change, ({ at, by }) => {
      const torn = Uint8Array.from(bytes)
      torn[at] ^= by
      try {
        // Not every bit of a frame's head means something.
        assert.deepEqual(decodeRows(torn), lines)
      } catch (error) {
        assert.ok(!(error instanceof assert.AssertionError), 'other rows')
        noticed++
      }
      assert.throws(() => decodeRows(bytes.slice(0, at)))
    }),
    { numRuns: 500 },
  )
  assert.ok(noticed > 450, `${noticed} of 500 noticed`)
})
