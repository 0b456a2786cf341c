import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePane } from '../../../processors/aggregate/pane.ts'
import { VarintReader, VarintWriter } from '../../../processors/aggregate/varint.ts'
import type { Pane } from '../../../src/sdk/index.ts'
import { CommittedFold } from './committed-fold.ts'
import { at, folding, rowsOf, sorted, summary, totalFlows } from './support.ts'

test('any numbers and texts come back from bytes', () => {
  const number = fc.oneof(fc.nat(), fc.constantFrom(0, 127, 128, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53))
  fc.assert(
    fc.property(fc.array(fc.tuple(number, fc.string({ unit: 'binary', maxLength: 9000 }))), (pairs) => {
      const writer = new VarintWriter()
      for (const [count, text] of pairs) {
        writer.number(count)
        writer.text(text)
      }
      const reader = new VarintReader(writer.bytes())
      for (const pair of pairs) assert.deepEqual([reader.number(), reader.text()], pair)
      assert.ok(reader.isAtEnd)
    }),
    { numRuns: 50 },
  )
})

test('a seal holds only what was touched since the last one', () => {
  const { give, fold } = folding()
  give(...Array.from({ length: 500 }, (_, i) => at(1, { source: { namespace: `ns-${i}` } })))
  const [first] = fold.seal()
  give(at(2, { source: { namespace: 'ns-7' } }))
  const [second] = fold.seal()
  assert.ok(second.body.length < first.body.length / 50)
  assert.deepEqual([first.complete, second.complete], [true, false])
  assert.equal(second.window, first.window)
  assert.deepEqual(fold.seal(), [])
})

test('a window that opens and closes between two seals costs none', () => {
  const { give, fold } = folding()
  give(at(0), at(100))
  assert.deepEqual(
    fold.seal().map(({ window }) => window),
    ['2026-01-01T00:01:30Z/30s/0'],
  )
})

test('what is stored of a window stays within a few times its size', () => {
  const stored = new CommittedFold({})
  const flows = Array.from({ length: 20 }, (_, i) => at(1, { source: { namespace: `ns-${i}` } }))
  stored.give(flows)
  stored.commit()
  const { storedBytes } = stored
  const touched = flows.slice(0, 8)
  for (let second = 2; second < 30; second++) {
    stored.give(touched)
    stored.commit()
    assert.ok(stored.storedBytes <= 6 * storedBytes, `${stored.storedBytes} bytes after ${second} seconds`)
  }
  stored.crash()
  assert.equal(totalFlows(stored.finish()), 20 + 28 * 8)
})

const damage: readonly (readonly [what: string, body: (body: Uint8Array) => Uint8Array, says: RegExp])[] = [
  [
    'torn',
    (body) => body.subarray(0, body.length - 9),
    /pane of window 2026-01-01T00:00:00Z\/30s\/0 is damaged/,
  ],
  ['empty', () => new Uint8Array(0), /is too short to be a pane/],
  [
    'flipped',
    (body) => body.map((byte, i) => (i === 40 ? byte ^ 4 : byte)),
    /is damaged: its checksum differs/,
  ],
  [
    'newer',
    (body) => body.map((byte, i) => (i === 0 ? 9 : byte)),
    /has version 9; this flowfold reads version 2/,
  ],
  ['foreign', () => new TextEncoder().encode('{"window": "what is this?"}'), /has version 123/],
]

for (const [what, spoil, says] of damage)
  test(`a ${what} pane is named, and the others are restored`, () => {
    const before = folding()
    before.give(at(0), at(31))
    const [bad, good] = before.fold.seal()
    const after = folding()
    const panes: Pane[] = [{ ...bad, body: spoil(bad.body) }, good]
    assert.throws(() => after.fold.restore(before.fold.state(), panes), says)
    assert.equal(after.fold.pendingFlows(), 1)
    // The store may let go of what nobody can read.
    assert.deepEqual(
      after.close().map((closed) => [closed.window, rowsOf([closed]).length]),
      [[bad.window, 0]],
    )
    assert.deepEqual(summary(after.flush()), [[30, 0, 1]])
  })

test('any cut of a pane, and any flipped bit, throws: none is taken for a whole one', () => {
  const { give, fold } = folding()
  give(at(0), at(1, { verdict: 'DROPPED' }))
  const [{ body }] = fold.seal()
  for (let at = 0; at < body.length; at++) {
    assert.throws(() => decodePane(body.subarray(0, at)))
    assert.throws(() => decodePane(body.with(at, body[at] ^ (1 << (at % 8)))))
  }
})

test('a state of another kind is named, and the panes are restored all the same', () => {
  const before = folding()
  before.give(at(0))
  const after = folding()
  assert.throws(
    () => after.fold.restore({ version: 2 }, before.fold.seal()),
    /the stored watermark and revisions cannot be read: version/,
  )
  assert.equal(after.fold.pendingFlows(), 1)
})

test('windows of changed settings leave as they are, and what comes for them is a supplement', () => {
  const before = folding({ key: 'acns' })
  before.give(at(0), at(1, { source: { namespace: 'other' } }))
  const same = folding({ key: 'acns' })
  same.fold.restore(before.fold.state(), before.fold.seal())
  const expected = sorted(same.flush())

  const again = folding({ key: 'acns' })
  again.give(at(0), at(1, { source: { namespace: 'other' } }))
  const after = folding({ key: 'pod', window: '60s' })
  for (let i = 0; i < 100; i++) after.host.dictionary.intern(`a text that goes with the compaction ${i}`)
  after.fold.restore(again.fold.state(), again.fold.seal())
  assert.equal(after.fold.pendingFlows(), 2)
  after.host.dictionary.compact()
  for (let i = 0; i < 100; i++) after.host.dictionary.intern(`a text that takes the place of that one ${i}`)
  assert.deepEqual(sorted(after.give(at(2))), expected)
  assert.deepEqual(summary(after.flush()), [[0, 1, 1]])
})

test('settings may change with every crash: no flow is lost and no row is there twice', () => {
  const settings = fc.constantFrom({ key: 'acns' }, { key: 'workload' }, { window: '10s' }, { evidence: 1 })
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 5 }) },
    { weight: 2, arbitrary: fc.constant('commit' as const) },
    { weight: 2, arbitrary: settings },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const stored = new CommittedFold({})
      let flows = 0
      for (const what of steps) {
        if (what === 'commit') stored.commit()
        else if (!Array.isArray(what)) stored.crash(what)
        else {
          flows += what.length
          stored.give(what.map((second) => at(second)))
        }
      }
      const rows = stored.finish()
      assert.equal(totalFlows(rows), flows)
      assert.equal(new Set(rows.map(({ UUID }) => UUID)).size, rows.length)
      // All flows are alike: each window and revision is one row.
      const windows = rows.map(
        ({ WindowStart, WindowEnd, Revision }) => `${WindowStart} ${WindowEnd} ${Revision}`,
      )
      assert.equal(new Set(windows).size, rows.length)
    }),
    { numRuns: 100 },
  )
})
