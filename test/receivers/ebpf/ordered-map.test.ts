import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OrderedMap } from '../../../receivers/ebpf/ordered-map.ts'

test('whatever is set and deleted, it holds what a map holds, in the same order', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 9 }), value: fc.nat(), isDeleted: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const ordered = new OrderedMap<number, number>()
      const model = new Map<number, number>()
      for (const { key, value, isDeleted } of steps) {
        // A key that is set anew is the newest.
        model.delete(key)
        if (!isDeleted) model.set(key, value)
        if (isDeleted) ordered.delete(key)
        else ordered.set(key, value)
        assert.equal(ordered.size, model.size)
        assert.equal(ordered.get(key), model.get(key))
      }
      for (const [key, value] of model) {
        const { oldest } = ordered
        assert.deepEqual([oldest?.key, oldest?.value], [key, value])
        ordered.delete(key)
      }
      assert.equal(ordered.oldest, null)
    }),
  )
})
