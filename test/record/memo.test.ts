import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dictionary } from '../../src/record/dictionary.ts'
import { Memo } from '../../src/record/memo.ts'

/** A memo of the length of texts, and how often each was computed. */
function lengths() {
  const dictionary = new Dictionary()
  const asked: string[] = []
  const memo = new Memo(dictionary, (id) => {
    asked.push(dictionary.text(id))
    return dictionary.text(id).length
  })
  return { dictionary, asked, memo }
}

test('each answer is computed once, 0 included', () => {
  const { dictionary, asked, memo } = lengths()
  const ids = [0, dictionary.intern('web'), dictionary.intern('api-2')]
  for (let round = 0; round < 3; round++)
    assert.deepEqual(
      ids.map((id) => memo.at(id)),
      [0, 3, 5],
    )
  assert.deepEqual(asked, ['', 'web', 'api-2'])
})

test('a column of ids gets the answers that single ids get, however large the ids are', () => {
  const { dictionary, memo } = lengths()
  const texts = Array.from({ length: 3000 }, (_, i) => 'x'.repeat((i % 50) + 1) + i)
  const ids = Uint32Array.from(texts, (text) => dictionary.intern(text)).reverse()
  const answers = new Uint32Array(ids.length)
  memo.column(ids, answers)
  assert.deepEqual([...answers], texts.map((text) => text.length).reverse())
  assert.deepEqual(
    Array.from(ids, (id) => memo.at(id)),
    [...answers],
  )
})

test('a compaction gives ids to other texts, and the memo forgets what it knew of the old', () => {
  const { dictionary, memo } = lengths()
  assert.equal(memo.at(dictionary.intern('web')), 3)
  dictionary.compact()
  assert.equal(memo.at(dictionary.intern('payments')), 8)
})
