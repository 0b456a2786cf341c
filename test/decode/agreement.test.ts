import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { ALL_COLUMNS, newDecoder, plainly, together } from './both-ways.ts'
import { damaged } from './damaged.ts'
import { LINES, NO_REAL_LINES, REAL_LINES } from './lines.ts'
import { GOOD_TIMES, ODD_TIMES, oddRecord } from './odd-record.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 1200)
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

/** JSON and what is nearly JSON; only the plain decoder knows which is which. */
const VALUES = [
  ...'0 -0 00 01 007 10 -1 - +1 1. .5 1.5 1.50 1e 1e5 1E+5 1e- 1e-05 0x1 1a 4294967294 4294967295 99999999999 "53" "053" "5 3" "" "-1" 53"'.split(
    ' ',
  ),
  ..."true false null tru nul falsee True NaN Infinity undefined 'a' a".split(' '),
  ...'"\\u12aF" "\\u12g4" "\\u12" "\\ud800" "\\x" "\\/" "\\b\\f\\n\\r\\t\\"\\\\" "\\ "a\tb" "\x7f" "a\0b" "é" "\u2028"'.split(
    ' ',
  ),
  ...'[] {} [1,2] [1,] [,1] [1 2] [[] [1} {"a":1] {"a":1} {"a":1,} {"a"} {a:1} {"a":} {:1} {,} {"a":1"b":2} {"a":1,"a":2} {}} []] [{}] {"a":[{"b":[]}]}'.split(
    ' ',
  ),
  '[ ]',
  '{ }',
  '[1, 2]',
  '{"a": 1}',
  '{"a" :1}',
  ' 1',
  '1 ',
  '[true,false,null]',
  '"x" ',
  ...[59, 60, 61, 62, 63, 64, 65, 200].flatMap((depth) => [
    '['.repeat(depth) + ']'.repeat(depth),
    `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
    `${'[{"a":'.repeat(depth / 2)}[]${'}]'.repeat(depth / 2)}`,
  ]),
]
const PLACES = [
  ...[
    'other',
    'uuid',
    'emitter',
    'verdict',
    'drop_reason',
    'source',
    'node_name',
    'is_reply',
    'IP',
    'event_type',
  ].map((key) => `"${key}":VALUE`),
  '"l4":{"TCP":{"source_port":VALUE,"flags":{"SYN":true}}}',
  '"l4":{"TCP":{"flags":VALUE}}',
  '"l4":VALUE',
  '"l7":{"http":{"url":VALUE}}',
  '"IP":{"source":VALUE}',
  '"IP":{"encrypted":VALUE}',
  '"l7":{"dns":{"rcode":VALUE,"ips":VALUE}}',
  '"other":{"a":[VALUE],"b":VALUE}',
  '"aggregate":{"ingress_flow_count":VALUE}',
  '"interface":[VALUE]',
  'VALUE:1',
]

test('they agree on what is JSON, wherever it stands', () => {
  const decoder = newDecoder(INPUT_BYTES)
  for (const place of PLACES)
    for (const value of VALUES) {
      const line = `{"flow":{"time":"2026-03-11T09:08:07Z",${place.replaceAll('VALUE', () => value)}}}\n`
      assert.deepEqual(together(decoder, Buffer.from(line)), plainly(Buffer.from(line)), line)
    }
})

test('they agree on times', () => {
  const decoder = newDecoder(INPUT_BYTES)
  for (const time of [...GOOD_TIMES, ...ODD_TIMES]) {
    const line = Buffer.from(`{"flow":{"time":"${time}"}}\n`)
    assert.deepEqual(together(decoder, line), plainly(line), time)
  }
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
    { numRuns: Math.ceil(RUNS / 30) },
  )
})
