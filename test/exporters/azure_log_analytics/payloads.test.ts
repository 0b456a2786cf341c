import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { MAX_FIELD_BYTES } from '../../../exporters/azure_log_analytics/log-entry.ts'
import {
  MAX_PAYLOAD_BYTES,
  MAX_SPAN_MS,
  payloadsOf,
} from '../../../exporters/azure_log_analytics/payloads.ts'
import type { Payload, Row } from '../../../src/sdk/index.ts'
import { row } from '../../support/rows.ts'

/** As the API counts: before compression and after it. */
const ONE_MB = 1_000_000
const START_MS = Date.UTC(2026, 0, 1)

/** Short, long, longer than a field may be, and of characters that take one to six bytes. */
const texts = fc
  .tuple(
    fc.constantFrom('a', 'é', '€', '😀', '"', '\\', '\u0001', '\ud800', 'k8s:app='),
    fc.oneof(
      { weight: 20, arbitrary: fc.nat(200) },
      { weight: 1, arbitrary: fc.nat(70_000) },
      { weight: 1, arbitrary: fc.constantFrom(63_900, 64_000, 64_001) },
    ),
  )
  .map(([unit, times]) => unit.repeat(times))

const rows: fc.Arbitrary<Row> = fc
  .record({
    atMs: fc.oneof(fc.nat(60_000), fc.nat(7_200_000)),
    pod: texts,
    query: texts,
    labels: fc.array(texts, { maxLength: 4 }),
  })
  .map(({ atMs, pod, query, labels }) =>
    row({
      TimeGenerated: new Date(START_MS + atMs).toISOString(),
      SourcePodName: pod,
      Layer7: { type: 'REQUEST', dns: { query } },
      AdditionalFlowData: { SourceLabels: labels },
    }),
  )

test('any rows become payloads within the limits, in order, each row in one of them', () => {
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 60 }), fc.nat(3), (some, copies) => {
      // Many rows of a kind fill payloads, which single ones hardly do.
      const all = [...some, ...Array.from({ length: copies }, () => some).flat()].map((one) => ({ ...one }))
      const payloads = [...payloadsOf(all)]
      const carried = payloads.flatMap((payload) => payload.rows)
      assert.equal(carried.length, all.length)
      for (const [i, one] of carried.entries()) assert.equal(one, all[i], 'the very objects, in their order')
      for (const payload of payloads) checkLimits(payload)
    }),
    { numRuns: 60 },
  )
})

test('a payload is as full as it can be', () => {
  const some = Array.from({ length: 3000 }, (_, i) => row({ UUID: String(i) }))
  const payloads = [...payloadsOf(some)]
  const entryBytes = payloads[0].body.length / payloads[0].rows.length
  for (const { body } of payloads.slice(0, -1)) assert.ok(body.length > MAX_PAYLOAD_BYTES - 2 * entryBytes)
})

test('what gzip cannot shrink still fits', () => {
  // A random character of three bytes carries two bytes of chance: as near to noise as JSON comes.
  let seed = 1
  const noise = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return String.fromCharCode(0x4e00 + (seed % 20_000))
  }
  const some = Array.from({ length: 60 }, () =>
    row({ SourcePodName: Array.from({ length: 20_000 }, noise).join('') }),
  )
  for (const payload of payloadsOf(some)) checkLimits(payload)
  // And for bytes that are nothing but noise, were there any: zlib's bound for what it stores as it is.
  const bound = (bytes: number) => bytes + (bytes >> 12) + (bytes >> 14) + (bytes >> 25) + 13 + 18
  assert.ok(bound(MAX_PAYLOAD_BYTES) <= ONE_MB)
})

test('half an hour and a row more is two payloads', () => {
  const at = (ms: number) => row({ TimeGenerated: new Date(START_MS + ms).toISOString() })
  const sizes = (...times: number[]) => [...payloadsOf(times.map(at))].map(({ rows }) => rows.length)
  assert.deepEqual(sizes(0, MAX_SPAN_MS - 1), [2])
  assert.deepEqual(sizes(0, MAX_SPAN_MS), [1, 1])
  assert.deepEqual(sizes(MAX_SPAN_MS, 0), [1, 1], 'backwards too')
  assert.deepEqual(sizes(0, MAX_SPAN_MS - 1, MAX_SPAN_MS, 1), [2, 2])
})

test('a row whose time nobody can read goes with its neighbours', () => {
  const some = [row(), row({ TimeGenerated: 'yesterday' }), row()]
  assert.deepEqual(
    [...payloadsOf(some)].map(({ rows }) => rows.length),
    [3],
  )
})

test('a row that no call can hold is unfit, and those around it are not', () => {
  const column = 'x'.repeat(MAX_FIELD_BYTES)
  const names = Array.from({ length: 16 }, (_, i) => `Column${i}`)
  const giant = row(Object.fromEntries(names.map((name) => [name, column])))
  const payloads = [...payloadsOf([row(), giant, row()])]
  assert.deepEqual(
    payloads.map(({ rows, body, unfit }) => [rows.length, body.length > 0, unfit === undefined]),
    [
      [1, true, true],
      [1, false, false],
      [1, true, true],
    ],
  )
  assert.match(payloads[1].unfit!, /^the row has 1024\d\d\d bytes, and a call to .* takes 1 MB$/)
})

test('a long text is cut, and says so', () => {
  const [{ body }] = payloadsOf([row({ SourcePodName: '€'.repeat(30_000) })])
  const [{ SourcePodName: pod }] = JSON.parse(Buffer.from(body).toString())
  assert.match(pod, /^€{21000,}\s\.\.\. cut by flowfold: 90000 bytes, Log Analytics takes 64 KB$/)
  assert.ok(!pod.includes('\ufffd'), 'between two characters')
})

test('a long dynamic value becomes one that says so, and is JSON still', () => {
  const labels = Array.from({ length: 3000 }, (_, i) => `k8s:"app-${i}"=\\value`)
  const [{ body }] = payloadsOf([row({ AdditionalFlowData: { SourceLabels: labels } })])
  const [{ AdditionalFlowData: data }] = JSON.parse(Buffer.from(body).toString())
  assert.match(data.cut, /^cut by flowfold: \d+ bytes, Log Analytics takes 64 KB$/)
  assert.ok(data.start.startsWith('{"SourceLabels":["k8s:\\"app-0\\"'))
})

function checkLimits({ rows, body, unfit }: Payload): void {
  if (unfit !== undefined) return assert.equal(rows.length, 1)
  const text = Buffer.from(body).toString()
  assert.ok(body.length <= ONE_MB, `${body.length} bytes`)
  assert.ok(gzipSync(body).length <= ONE_MB)
  const entries = JSON.parse(text) as { readonly [column: string]: unknown }[]
  assert.equal(entries.length, rows.length)
  assert.deepEqual(
    entries.map(({ UUID, FirstFlowTime }) => [UUID, FirstFlowTime]),
    rows.map(({ UUID, TimeGenerated }) => [UUID, TimeGenerated]),
  )
  const times = rows.map(({ TimeGenerated }) => Date.parse(TimeGenerated))
  assert.ok(Math.max(...times) - Math.min(...times) < MAX_SPAN_MS)
  for (const value of entries.flatMap((entry) => Object.values(entry))) {
    const field = typeof value === 'string' ? value : JSON.stringify(value)
    assert.ok(Buffer.byteLength(field) <= MAX_FIELD_BYTES)
  }
}
