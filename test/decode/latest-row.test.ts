import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Decoder, Dictionary } from '../../src/sdk/index.ts'
import { flow, line } from '../support/flows.ts'

const time = fc.record({ s: fc.integer({ min: 0, max: 3 }), ns: fc.integer({ min: 0, max: 3 }) })

test('the row of the latest time is the one that a plain loop finds', () => {
  const decoder = new Decoder({
    dictionary: new Dictionary(),
    reads: new Set(['time_s', 'time_ns']),
    inputBytes: 64 * 1024,
  })
  fc.assert(
    fc.property(fc.array(time, { maxLength: 40 }), (times) => {
      const text = times
        .map(({ s, ns }) => line(flow({ time: `2026-01-01T00:00:0${s}.00000000${ns}Z` })))
        .join('')
      const bytes = Buffer.from(text)
      decoder.input.set(bytes)
      const { latestRow } = decoder.decode(0, bytes.length, 0)
      const stamps = times.map(({ s, ns }) => s * 10 + ns)
      assert.equal(latestRow(), times.length === 0 ? null : stamps.indexOf(Math.max(...stamps)))
    }),
  )
})
