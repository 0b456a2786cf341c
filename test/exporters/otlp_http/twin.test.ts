import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { JsonLogsSerializer, ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import fc from 'fast-check'
import type { Json, Row, Sender } from '../../../src/sdk/index.ts'
import { FULL_ROW } from '../../support/full-row.ts'
import { payloadOf } from '../../support/payloads.ts'
import { row } from '../../support/rows.ts'
import { noRecording, recordedRows, sampleRows } from '../../support/sample-rows.ts'
import { twinRecords } from './twin.ts'
import { otlpSender } from './world.ts'

const SERIALIZERS = { json: JsonLogsSerializer, proto: ProtobufLogsSerializer }
const ENCODINGS = ['json', 'proto'] as const
type Encoding = (typeof ENCODINGS)[number]

/** Texts that need escapes, that are no ASCII, or no text at all; and lengths around those of a longer varint. */
const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\ud800',
    '\u0000',
    'é',
    '€',
    '😀',
    '"\\',
    'x'.repeat(127),
    'x'.repeat(128),
    'é'.repeat(8200),
  ),
)
const numbers = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -0, -1, 2 ** 32, 2 ** 53, -(2 ** 63), 2 ** 63, 1e300, 0.5, 127, 128, 16_383, 16_384),
)
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    texts,
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(texts, keysOf(FULL_ROW as unknown as Json)), tie('json'), { maxKeys: 4 }),
  ),
}))
const times = fc.constantFrom(
  '2026-01-01T00:00:00Z',
  '2026-01-01T00:00:00.5Z',
  '2106-02-07T06:28:16.999999999Z',
  '2026-01-01T01:00:00.1+01:00',
  '1970-01-01T00:00:00.000000001Z',
  'no time',
)
/** A row of which some columns hold anything of their type. */
const rows = fc
  .tuple(
    fc.constantFrom(row(), FULL_ROW),
    times,
    fc.option(times),
    fc.record(columns(), { requiredKeys: [] }),
  )
  .map(([base, TimeGenerated, last, some]) => {
    const { LastFlowTime: _, ...single } = { ...base, ...some, TimeGenerated }
    // Rows come out of the outbox as text.
    return JSON.parse(JSON.stringify(last === null ? single : { ...single, LastFlowTime: last })) as Row
  })
const resources = fc.dictionary(
  texts.filter((name) => name !== ''),
  fc.oneof(texts, numbers, fc.boolean()),
  { maxKeys: 3 },
)

for (const encoding of ENCODINGS) {
  test(`any rows in ${encoding} are the bytes of OpenTelemetry's serializer`, (t) => {
    const sender = senderOf(t, encoding)
    const check = (some: readonly Row[]) => assert.deepEqual(bodyOf(sender, some), theirs(encoding, some))
    fc.assert(fc.property(fc.array(rows, { minLength: 1, maxLength: 3 }), check), { numRuns: 200 })
  })

  test(`any resource in ${encoding} is the bytes of OpenTelemetry's serializer`, (t) => {
    const check = (resource: Resource) =>
      assert.deepEqual(bodyOf(senderOf(t, encoding, resource), [row()]), theirs(encoding, [row()], resource))
    fc.assert(fc.property(resources, check), { numRuns: 30 })
  })

  test(`sample rows in ${encoding} are the bytes of OpenTelemetry's serializer`, (t) => {
    const some = sampleRows()
    assert.deepEqual(bodyOf(senderOf(t, encoding), some), theirs(encoding, some))
  })

  test(`recorded rows in ${encoding} are the bytes of OpenTelemetry's serializer`, {
    skip: noRecording,
  }, (t) => {
    const some = recordedRows()
    assert.deepEqual(bodyOf(senderOf(t, encoding), some), theirs(encoding, some))
  })

  test(`rows in ${encoding} are the same bytes when a place has seen more values than it remembers`, (t) => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      row({ UUID: `row-${i}`, SourceNamespace: `n-${i % 1900}`, SourceIdentity: i }),
    )
    assert.deepEqual(bodyOf(senderOf(t, encoding), many), theirs(encoding, many))
  })

  test(`rows in ${encoding} are the same bytes when they bring more names than are remembered`, (t) => {
    const many = Array.from({ length: 3000 }, (_, i) =>
      row({ AdditionalFlowData: { [`Key${i}`]: 1, [`key${i}`]: { [`Below${i}`]: 'x' } } }),
    )
    assert.deepEqual(bodyOf(senderOf(t, encoding), many), theirs(encoding, many))
  })
}

type Resource = { [name: string]: string | number | boolean }

function senderOf(t: TestContext, encoding: Encoding, attributes: Resource = {}): Sender {
  const settings = { endpoint: 'http://127.0.0.1:1', encoding, max_payload_bytes: '64MiB' }
  return otlpSender(t, { ...settings, resource: { attributes } })
}

function bodyOf(sender: Sender, some: readonly Row[]): Buffer {
  return Buffer.from(payloadOf(sender, some).body)
}

function theirs(encoding: Encoding, some: readonly Row[], attributes: Resource = {}): Buffer {
  const resource = { 'service.name': 'flowfold', 'k8s.node.name': 'node-1', ...attributes }
  return Buffer.from(SERIALIZERS[encoding].serializeRequest(twinRecords(some, resource))!)
}

function columns(): { [column: string]: fc.Arbitrary<Json> } {
  const objects = fc.dictionary(fc.oneof(texts, keysOf(FULL_ROW as unknown as Json)), json, { maxKeys: 4 })
  const kinds = { string: texts, number: numbers, boolean: fc.boolean() }
  return Object.fromEntries(
    Object.entries(FULL_ROW).map(([column, value]) => [
      column,
      Array.isArray(value) ? fc.array(json) : (kinds[typeof value as keyof typeof kinds] ?? objects),
    ]),
  )
}

/** The keys of all objects in it, so that what is made up meets what is known. */
function keysOf(value: Json): fc.Arbitrary<string> {
  return fc.constantFrom(...new Set(keysIn(value)))
}

function keysIn(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(keysIn)
  return Object.entries(value).flatMap(([key, below]) => [key, ...keysIn(below)])
}
