import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dictionary } from '../../src/record/dictionary.ts'

/** Keeps every id it is given. */
class Keeper {
  ids: number[] = []

  mark(keep: (id: number) => void): void {
    for (const id of this.ids) keep(id)
  }

  remap(renamed: Uint32Array): void {
    this.ids = this.ids.map((id) => renamed[id])
  }
}

function keeping(dictionary: Dictionary, texts: readonly string[]): Keeper {
  const keeper = new Keeper()
  keeper.ids = texts.map((text) => dictionary.intern(text))
  dictionary.hold(keeper)
  return keeper
}

test('a compaction keeps what holders mark, drops the rest, and gives ids out anew', () => {
  const dictionary = new Dictionary()
  dictionary.intern('gone')
  const keeper = keeping(dictionary, ['kept', 'kept as well'])
  dictionary.compact()
  assert.deepEqual(
    keeper.ids.map((id) => dictionary.text(id)),
    ['kept', 'kept as well'],
  )
  assert.equal(dictionary.size, 3)
  assert.equal(dictionary.intern('kept'), keeper.ids[0])
})

test('what is in use may fill it: then it does not compact with every batch', () => {
  const dictionary = new Dictionary({ maxBytes: 1000 })
  keeping(
    dictionary,
    Array.from({ length: 50 }, (_, i) => `in use ${i}`),
  )
  assert.equal(dictionary.compactIfFull(), true)
  dictionary.intern('one more')
  assert.equal(dictionary.compactIfFull(), false)
  for (let i = 0; i < 50; i++) dictionary.intern(`passing by ${i}`)
  assert.equal(dictionary.compactIfFull(), true)
  assert.equal(dictionary.size, 51)
})

test('its bytes stand for memory, not for characters', () => {
  const dictionary = new Dictionary()
  const id = dictionary.intern('{"a":"b"}')
  const unparsed = dictionary.bytes
  assert.ok(unparsed > 9)
  dictionary.json(id)
  const parsed = dictionary.bytes
  assert.ok(parsed > unparsed)
  dictionary.json(id)
  assert.equal(dictionary.bytes, parsed)
})

test('endpoints are given out as they were taken in, the first time and again, however many a batch brings', () => {
  const dictionary = new Dictionary()
  const endpoints = Array.from({ length: 1500 }, (_, i) => ({ identity: i + 1, pod_name: `pod-${i}` }))
  const ids = endpoints.map((endpoint) => dictionary.internEndpoint(endpoint))
  const taken = () => ids.map((id) => dictionary.takeEndpoint(id))
  assert.deepEqual(taken(), endpoints)
  assert.deepEqual(taken(), endpoints)
  assert.equal(dictionary.internEndpoint(undefined), 0)
})

test('an endpoint that nobody looked at is not found under the id that another one has after a compaction', () => {
  const dictionary = new Dictionary()
  dictionary.internEndpoint({ identity: 1 })
  dictionary.compact()
  const id = dictionary.intern('{"identity":2}')
  assert.deepEqual(dictionary.takeEndpoint(id), { identity: 2 })
})
