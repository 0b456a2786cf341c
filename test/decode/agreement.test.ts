import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALL_COLUMNS, newDecoder, plainly, together } from './both-ways.ts'
import { damaged } from './damaged.ts'
import { LINES, NO_REAL_LINES, REAL_LINES } from './lines.ts'
import { oddRecord } from './odd-record.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 3000)
const INPUT_BYTES = 1 << 18

for (const [what, line] of Object.entries(LINES))
  test(`kernel and plain decoder agree: ${what}`, () => {
    const input = Buffer.from(`${line}\n${line}\r\n`)
    assert.deepEqual(together(newDecoder(INPUT_BYTES), input), plainly(input))
  })

test('the kernel itself takes what Hubble writes', () => {
  const decoder = newDecoder(INPUT_BYTES)
  const left = Object.entries(LINES).filter(([, line]) => {
    const before = decoder.declinedLines
    together(decoder, Buffer.from(`${line}\n`))
    return decoder.declinedLines > before
  })
  assert.deepEqual(
    left.map(([what]) => what),
    [
      'record without a time',
      'time in the envelope',
      'empty record',
      'bare flow',
      'lost events',
      'agent event',
    ],
  )
})

test('they agree on real records, and the kernel takes nearly all', { skip: NO_REAL_LINES }, () => {
  const input = Buffer.from(`${REAL_LINES.join('\n')}\n`)
  const decoder = newDecoder(INPUT_BYTES)
  assert.deepEqual(together(decoder, input), plainly(input))
  assert.ok(decoder.declinedLines <= REAL_LINES.length * 0.03, `${decoder.declinedLines} lines declined`)
})

const sources = [...Object.values(LINES), ...REAL_LINES]

test('they agree on lines damaged in any way', () => {
  // One decoder for all: what it learnt from one line must not show in the next.
  const decoder = newDecoder(INPUT_BYTES)
  fc.assert(
    fc.property(fc.array(damaged(sources), { minLength: 1, maxLength: 4 }), (pieces) => {
      const input = Buffer.concat([...pieces, Buffer.from('\n')])
      assert.deepEqual(together(decoder, input), plainly(input))
    }),
    { numRuns: RUNS },
  )
})

test('they agree on records with odd keys and values', () => {
  const decoder = newDecoder(INPUT_BYTES)
  fc.assert(
    fc.property(fc.array(oddRecord(), { minLength: 1, maxLength: 4 }), (lines) => {
      const input = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      assert.deepEqual(together(decoder, input), plainly(input))
    }),
    { numRuns: RUNS },
  )
})

test('they agree whichever columns are read', () => {
  const columns = fc.subarray([...ALL_COLUMNS])
  fc.assert(
    fc.property(columns, fc.array(oddRecord(), { minLength: 1, maxLength: 9 }), (names, lines) => {
      const reads = new Set(names)
      const input = Buffer.from([...lines, ...Object.values(LINES)].map((line) => `${line}\n`).join(''))
      assert.deepEqual(together(newDecoder(INPUT_BYTES, reads), input, reads), plainly(input, reads))
    }),
    { numRuns: RUNS / 30 },
  )
})
