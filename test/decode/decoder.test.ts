import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { Decoder } from '../../src/decode/decoder.ts'
import { Dictionary } from '../../src/record/dictionary.ts'
import { countFlows } from '../../src/record/flow-batch.ts'
import type { Loss } from '../../src/record/loss.ts'
import { ALL_COLUMNS, type Meaning, newDecoder, plainly, READ_AT_MS, sorted, together } from './both-ways.ts'
import { damaged } from './damaged.ts'
import { LINES, REAL_LINES } from './lines.ts'

const sources = [...Object.values(LINES), ...REAL_LINES]
const TRACE = LINES['TCP trace']

/** Reads as a receiver does: fills `input` piece by piece, decodes what is there, keeps the unfinished line. */
function inPieces(decoder: Decoder, bytes: Buffer, sizes: Iterator<number>): Meaning {
  const flows: Meaning['flows'][number][] = []
  const losses: Loss[] = []
  let start = 0
  let end = 0
  let consumedBytes = 0
  for (let read = 0; read < bytes.length; ) {
    const size = Math.min(sizes.next().value, bytes.length - read)
    assert.ok(end + size <= decoder.input.length)
    decoder.input.set(bytes.subarray(read, read + size), end)
    read += size
    end += size
    // Whatever stands behind the piece is none of the decoder's business.
    decoder.input.set(Buffer.from(TRACE).subarray(0, decoder.input.length - end), end)
    for (;;) {
      const behind = Buffer.from(decoder.input.subarray(end))
      const chunk = decoder.decode(start, end, READ_AT_MS)
      assert.deepEqual(Buffer.from(decoder.input.subarray(end)), behind)
      flows.push(...plain(chunk.batch))
      losses.push(...chunk.losses)
      start += chunk.consumedBytes
      consumedBytes += chunk.consumedBytes
      if (chunk.consumedBytes === 0) break
    }
    decoder.input.copyWithin(0, start, end)
    end -= start
    start = 0
  }
  return { flows, losses: sorted(losses), consumedBytes }
}

function plain({ rows, detail }: { readonly rows: Uint32Array; detail(row: number): object }) {
  return Array.from(rows, (row) => ({ ...detail(row) }))
}

test('input cut anywhere gives the same flows', () => {
  const decoder = newDecoder(1 << 18)
  const lines = fc.array(damaged(sources), { minLength: 1, maxLength: 5 })
  const sizes = fc.infiniteStream(
    fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 5000 })),
  )
  fc.assert(
    fc.property(lines, sizes, (pieces, sizes) => {
      const bytes = Buffer.concat([...pieces, Buffer.from(`\n${TRACE}\n`)])
      const whole = inPieces(decoder, bytes, [bytes.length].values())
      assert.equal(whole.consumedBytes, bytes.length)
      assert.deepEqual(inPieces(decoder, bytes, sizes), whole)
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 300) },
  )
})

test('every line is counted once, whatever is wrong with it', () => {
  const decoder = newDecoder(1 << 18)
  const broken = ['{"flow":', 'nonsense', '{}', '[]', '"x"', '{"flow":1}', '{"a":"\xff"}', '\\']
  const lines = fc.array(
    fc.constantFrom(...broken, TRACE, LINES['HTTP response'], `${TRACE}\r`, `\0${TRACE}`),
  )
  fc.assert(
    fc.property(lines, (lines) => {
      const { flows, losses } = together(
        decoder,
        Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'),
      )
      const dropped = losses.reduce((sum, loss) => sum + (loss.kind === 'dropped' ? loss.flows : 0), 0)
      assert.equal(flows.length + dropped, lines.length)
    }),
    { numRuns: 300 },
  )
})

test('rows stay in the order of their lines, whoever decodes them', () => {
  const lines = [
    TRACE,
    LINES['bare flow'],
    LINES['dropped packet'],
    LINES['record without a time'],
    TRACE + TRACE,
    TRACE,
  ]
  const input = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const { flows } = together(newDecoder(1 << 16), input)
  const starts = flows.map(({ line_start }) => line_start as number)
  assert.equal(flows.length, 7)
  assert.deepEqual(
    starts,
    starts.toSorted((a, b) => a - b),
  )
})

test('detail is the flow of the very record, also where two stand on a line', () => {
  const decoder = newDecoder(1 << 16)
  const [a, b] = ['{"flow":{"time":"2026-01-01T00:00:01Z"}}', '{"flow":{"time":"2026-01-01T00:00:02Z"}}']
  const input = Buffer.from(`${TRACE}\n\0${a}${b}\r\n{"flow":{}}\n`)
  decoder.input.set(input)
  const { batch } = decoder.decode(0, input.length, READ_AT_MS)
  const details = Array.from(batch.rows, (row) => batch.detail(row))
  assert.deepEqual(details[0].uuid, '0a1b2c3d-0000-4000-8000-000000000001')
  assert.deepEqual(
    details.map(({ time }) => time),
    [
      '2026-03-11T09:08:07.123456789Z',
      '2026-01-01T00:00:01Z',
      '2026-01-01T00:00:02Z',
      '2026-01-02T03:04:05.678Z',
    ],
  )
})

test('it stops when its columns are full, and goes on where it stopped', () => {
  const lines = Array.from(
    { length: 1000 },
    (_, i) => `{"flow":{"time":"2026-01-01T00:00:00Z","drop_reason":${i % 7}}}\n`,
  )
  const input = Buffer.from(lines.join(''))
  const decoder = newDecoder(input.length)
  decoder.input.set(input)
  const chunks: number[] = []
  for (let at = 0; at < input.length; ) {
    const { consumedBytes, batch } = decoder.decode(at, input.length, READ_AT_MS)
    at += consumedBytes
    chunks.push(batch.rows.length)
  }
  assert.ok(chunks.length > 1)
  assert.equal(
    chunks.reduce((a, b) => a + b),
    1000,
  )
})

test('counts of a batch are those of its records', () => {
  const decoder = newDecoder(1 << 16)
  const lines = [
    LINES['aggregated record'],
    LINES['aggregated record of old'],
    LINES['counts that are zero'],
    TRACE,
  ]
  const input = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  decoder.input.set(input)
  const { batch } = decoder.decode(0, input.length, READ_AT_MS)
  assert.equal(countFlows(batch), 15 + 7 + 1 + 1)
  assert.deepEqual([...batch.columns.aggregated.subarray(0, 4)], [1, 1, 0, 0])
})

test('a compaction between two batches changes ids and nothing else', () => {
  const dictionary = new Dictionary()
  const decoder = new Decoder({ dictionary, reads: ALL_COLUMNS, inputBytes: 1 << 18 })
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...sources), { minLength: 1, maxLength: 9 }),
      fc.boolean(),
      (lines, compact) => {
        const input = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        dictionary.intern(`text ${lines.length}`)
        if (compact) dictionary.compact()
        assert.deepEqual(together(decoder, input), plainly(input))
      },
    ),
    { numRuns: 200 },
  )
})

test('two decoders share a dictionary, and a closed one leaves its memory to texts', () => {
  const dictionary = new Dictionary()
  const [first, second] = [0, 1].map(
    () => new Decoder({ dictionary, reads: ALL_COLUMNS, inputBytes: 1 << 16 }),
  )
  const input = Buffer.from(`${TRACE}\n`)
  const meaning = plainly(input)
  assert.deepEqual(together(first, input), meaning)
  assert.deepEqual(together(second, input), meaning)
  first.close()
  const before = dictionary.kernel.buffer.byteLength
  for (let i = 0; i < 5000; i++) dictionary.intern(`a text of its own, and not a short one, number ${i}`)
  assert.equal(dictionary.text(dictionary.size - 1), 'a text of its own, and not a short one, number 4999')
  assert.ok(dictionary.kernel.buffer.byteLength < before + 700_000)
  assert.deepEqual(together(second, input), meaning)
})
