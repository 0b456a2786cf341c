import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { newDecoder, plainly, together } from './both-ways.ts'

/** The kernel looks at 16 and 64 bytes at a time: texts end everywhere in those, and hold what is not plain anywhere. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 1200)

const plain = fc.nat(140).map((length) => 'abc 0:,[]{}'.repeat(13).slice(0, length))
const odd = fc.constantFrom('\\"', '\\\\', '\\u00e9', '\\n', '\\x', '\\', 'é', '\x01', '"', '\0', '\x7f')
const text = fc
  .oneof(
    { weight: 9, arbitrary: plain },
    { weight: 1, arbitrary: fc.tuple(plain, odd, plain).map((parts) => parts.join('')) },
  )
  .map((inside) => `"${inside}"`)

const jsonOf = (texts: fc.Arbitrary<string>) =>
  fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      texts,
      fc.constantFrom('1', '-2.5e3', 'true', 'null', '{}', '[]', '""'),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 6 }).map((values) => `[${values}]`),
    object: fc.array(fc.tuple(texts, tie('value')), { maxLength: 6 }).map((members) => {
      return `{${members.map(([key, value]) => `${key}:${value}`)}}`
    }),
  })).value

const value = jsonOf(text)

/** One byte of it another one, or missing. */
const injured = fc
  .tuple(
    value,
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom('', '"', '\\', '}', ']', ',', ':', ' '),
  )
  .map(([json, share, byte]) => {
    const at = Math.floor(share * json.length)
    return json.slice(0, at) + byte + json.slice(at + 1)
  })

function flowLine(members: string): string {
  return `{"flow":{"time":"2026-03-11T09:08:07Z",${members}}}`
}

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''))
}

function agreeOn(lines: fc.Arbitrary<string>): void {
  const decoder = newDecoder(1 << 18)
  fc.assert(
    fc.property(fc.array(lines, { minLength: 1, maxLength: 4 }), (some) => {
      const input = bytesOf(some)
      assert.deepEqual(together(decoder, input), plainly(input))
    }),
    { numRuns: RUNS },
  )
}

test('they agree on values that nobody reads, however deep they are and wherever their texts end', () => {
  const key = fc.constantFrom('other', 'ethernet', 'interface', 'tunnel', 'uuid')
  agreeOn(
    fc
      .tuple(key, fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: injured }))
      .map(([name, json]) => flowLine(`"${name}":${json},"is_reply":true`)),
  )
})

test('the kernel itself takes what is plain, wherever texts end', () => {
  const decoder = newDecoder(1 << 18)
  const values = jsonOf(plain.map((inside) => `"${inside}"`))
  fc.assert(
    fc.property(values, (json) => {
      together(decoder, bytesOf([flowLine(`"other":${json}`)]))
      assert.equal(decoder.declinedLines, 0, json)
    }),
    { numRuns: RUNS },
  )
})

test('they agree on escaped quotes that look like the end of a text, wherever they stand', () => {
  const decoder = newDecoder(1 << 18)
  for (let length = 0; length <= 130; length++) {
    const before = 'x'.repeat(length)
    const values = [`["${before}\\",1]`, `{"${before}\\":1}`, `{"a":"${before}\\"}`, `["${before}\\\\",1]`]
    const input = bytesOf(values.map((json) => flowLine(`"other":${json}`)))
    assert.deepEqual(together(decoder, input), plainly(input))
  }
})

test('they agree on paths of URLs, wherever they begin and end', () => {
  const scheme = fc.constantFrom('http://', 'https://', 'h2c+x://', 'http:/', 'http//', '1http://', '//', '')
  const authority = fc.stringMatching(/^[a-z.:@0-9]{0,40}$/)
  const rest = fc
    .array(
      fc.oneof(fc.constantFrom('/', '?', '#', '&', '%20', '\\u0026', '\\"', '\\', '"', 'é', '\x02'), plain),
      {
        maxLength: 5,
      },
    )
    .map((parts) => parts.join(''))
  agreeOn(
    fc
      .tuple(scheme, authority, rest)
      .map((parts) => parts.join(''))
      .map((url) => flowLine(`"l7":{"http":{"url":"${url}","code":200}}`)),
  )
})

test('they agree on short values that differ in one byte, wherever it is', () => {
  const decoder = newDecoder(1 << 18)
  for (let length = 1; length <= 70; length++)
    for (let at = 0; at < length; at++) {
      const labels = ['a', 'b'].map((byte) => `${'x'.repeat(at)}${byte}${'x'.repeat(length - at - 1)}`)
      const input = bytesOf(labels.map((name) => flowLine(`"IP":{"source":"${name}"},"verdict":"${name}"`)))
      assert.deepEqual(together(decoder, input), plainly(input))
    }
})
