import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Dictionary } from '../../src/record/dictionary.ts'

/** What a dictionary must do, said with a `Map`: a text keeps its id until it is dropped. */
class Model {
  readonly dictionary = new Dictionary()
  ids = new Map<string, number>([['', 0]])
  kept = new Set<string>()

  constructor() {
    this.dictionary.hold({
      mark: (keep) => {
        for (const text of this.kept) keep(this.ids.get(text)!)
      },
      remap: (renamed) => {
        const left = [...this.ids].filter(([text]) => text === '' || this.kept.has(text))
        this.ids = new Map(left.map(([text, id]) => [text, renamed[id]]))
      },
    })
  }

  intern(text: string): void {
    const id = this.dictionary.intern(text)
    assert.equal(id, this.ids.get(text) ?? this.ids.size)
    this.ids.set(text, id)
  }

  check(): void {
    assert.equal(this.dictionary.size, this.ids.size)
    for (const [text, id] of this.ids) assert.equal(this.dictionary.text(id), text)
    assert.equal(new Set(this.ids.values()).size, this.ids.size)
  }
}

const text = fc.oneof(
  fc.nat(300).map((n) => `text ${n}`),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .tuple(fc.constantFrom('a', 'ab', 'é', '0123456789abcdef'), fc.nat(9000))
    .map(([unit, n]) => unit.repeat(n)),
)
const action = fc.oneof(
  { weight: 20, arbitrary: text.map((value) => (model: Model) => model.intern(value)) },
  { weight: 4, arbitrary: text.map((value) => (model: Model) => keep(model, value)) },
  { weight: 2, arbitrary: text.map((value) => (model: Model) => void model.kept.delete(value)) },
  { weight: 1, arbitrary: fc.constant((model: Model) => model.dictionary.compact()) },
)

function keep(model: Model, value: string): void {
  model.intern(value)
  model.kept.add(value)
}

test('whatever is interned, kept and compacted, texts and ids are those of a map', () => {
  fc.assert(
    fc.property(fc.array(action, { size: 'large', maxLength: 400 }), (actions) => {
      const model = new Model()
      for (const act of actions) act(model)
      model.check()
    }),
    { numRuns: 100 },
  )
})

test('a hundred thousand texts are found again after each of three compactions', () => {
  const model = new Model()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 100_000; i++) model.intern(`round ${round}, text ${i}`)
    for (let i = 0; i < 100_000; i += 3) model.kept.add(`round ${round}, text ${i}`)
    model.dictionary.compact()
    model.check()
  }
})

test('churn does not grow the memory: what a compaction frees is written again', () => {
  const dictionary = new Dictionary({ maxBytes: 2 ** 20 })
  const churn = () => {
    for (let i = 0; i < 40_000; i++) {
      dictionary.intern(`pod-${dictionary.generation}-${i}`)
      dictionary.compactIfFull()
    }
  }
  churn()
  const { byteLength } = dictionary.kernel.buffer
  for (let i = 0; i < 10; i++) churn()
  assert.ok(dictionary.generation > 10)
  assert.equal(dictionary.kernel.buffer.byteLength, byteLength)
})

test('equal values are the same object, and nothing has no value', () => {
  const dictionary = new Dictionary()
  const id = dictionary.intern('{"namespace":"shop"}')
  assert.equal(dictionary.json(id), dictionary.json(id))
  assert.deepEqual(dictionary.endpoint(id), { namespace: 'shop' })
  assert.equal(dictionary.json(0), undefined)
  assert.equal(dictionary.text(0), '')
})

test('what is no Unicode becomes U+FFFD', () => {
  const dictionary = new Dictionary()
  assert.equal(dictionary.text(dictionary.intern('a\ud800b')), 'a\ufffdb')
})
