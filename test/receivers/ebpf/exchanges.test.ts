import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Again, Exchanges } from '../../../receivers/ebpf/exchanges.ts'

const at = (ms: number) => ({ seconds: 1000 + Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 })
function exchanges(again: Again, capacity = 10) {
  const counts = { unanswered: 0, unasked: 0 }
  const counter = (name: keyof typeof counts) => ({
    add(amount: number) {
      counts[name] += amount
    },
  })
  const counters = { unanswered: counter('unanswered'), unasked: counter('unasked') }
  return { counts, waiting: new Exchanges<string>({ again, capacity, maxAgeMs: 5000 }, counters) }
}

test('an answer knows its question, and how long it took', () => {
  const { waiting, counts } = exchanges('repeats')
  waiting.ask('a', 'one', { seconds: 1000, nanos: 999_999_999 })
  assert.deepEqual(waiting.answer('a', { seconds: 1001, nanos: 4 }), { question: 'one', latencyNs: 5 })
  assert.equal(waiting.answer('a', at(2)), null)
  assert.deepEqual([waiting.waiting, counts.unanswered, counts.unasked], [0, 0, 1])
})

test('the answer to a question that was asked again took as long as since the first', () => {
  const { waiting } = exchanges('repeats')
  waiting.ask('a', 'one', at(0))
  waiting.ask('a', 'again', at(1000))
  assert.deepEqual(waiting.answer('a', at(1100)), { question: 'one', latencyNs: 1.1e9 })
})

test('of two questions at once, nobody can tell which one is answered', () => {
  const { waiting, counts } = exchanges('confuses')
  waiting.ask('a', 'one', at(0))
  waiting.ask('a', 'two', at(1))
  assert.equal(waiting.answer('a', at(2)), null)
  assert.equal(waiting.answer('a', at(3)), null)
  waiting.ask('a', 'three', at(4))
  assert.equal(waiting.answer('a', at(5))?.question, 'three')
  assert.deepEqual([counts.unanswered, counts.unasked], [2, 2])
})

test('an answer that seems to come before its question took no time', () => {
  const { waiting } = exchanges('confuses')
  waiting.ask('a', 'one', at(10))
  assert.equal(waiting.answer('a', at(9))?.latencyNs, 0)
})

test('whatever comes, it stays small, and every question is answered, waits, or is counted', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    isAnswer: fc.boolean(),
    laterMs: fc.constantFrom(0, 1, 400, 6000),
  })
  fc.assert(
    fc.property(
      fc.constantFrom<Again>('repeats', 'confuses'),
      fc.array(step, { maxLength: 60 }),
      (again, steps) => {
        const { waiting, counts } = exchanges(again, 4)
        let now = 0
        const seen = { asked: 0, answered: 0, answers: 0 }
        for (const { key, isAnswer, laterMs } of steps) {
          now += laterMs
          if (!isAnswer) {
            seen.asked++
            waiting.ask(key, key, at(now))
          } else {
            seen.answers++
            const answered = waiting.answer(key, at(now))
            if (answered === null) continue
            seen.answered++
            assert.equal(answered.question, key)
            assert.ok(answered.latencyNs <= 5e9)
          }
          assert.ok(waiting.waiting <= 4)
        }
        assert.equal(seen.answers, seen.answered + counts.unasked)
        // What is confused was counted when it became so, and is still there.
        const known = seen.answered + counts.unanswered
        assert.ok(known <= seen.asked && seen.asked <= known + waiting.waiting)
        if (again === 'repeats') assert.equal(seen.asked, known + waiting.waiting)
      },
    ),
  )
})
