import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtoExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { logRecord } from '../../../exporters/otlp_http/log-record.ts'
import type { Payload } from '../../../src/sdk/index.ts'
import { faultyServer } from '../../support/faulty-server.ts'
import { FULL_ROW } from '../../support/full-row.ts'
import { NEVER, payloadOf } from '../../support/payloads.ts'
import { row } from '../../support/rows.ts'
import { twinRecords } from './twin.ts'
import { otlpSender } from './world.ts'

const ENDPOINT = { endpoint: 'http://127.0.0.1:1' }
const ENCODINGS = ['json', 'proto'] as const

for (const encoding of ENCODINGS)
  test(`rows in ${encoding} are the same bytes as ever`, (t) => {
    const resource = { attributes: { 'k8s.cluster.name': 'prod' } }
    const sender = otlpSender(t, { ...ENDPOINT, encoding, resource })
    const { body } = payloadOf(sender, [row(), FULL_ROW])
    const golden = readFileSync(new URL(`golden/rows.${encoding}.txt`, import.meta.url), 'utf8').trim()
    assert.equal(encoding === 'json' ? String(body) : Buffer.from(body).toString('base64'), golden)
  })

for (const [encoding, Exporter] of [
  ['json', JsonExporter],
  ['proto', ProtoExporter],
] as const)
  test(`OpenTelemetry's own exporter puts the same bytes on the wire (${encoding})`, async (t) => {
    const server = await faultyServer(t, [{ status: 200 }])
    const sender = otlpSender(t, { endpoint: server.url, encoding, compression: 'none' })
    const rows = [row(), FULL_ROW]
    await sender.send(payloadOf(sender, rows), NEVER)
    const records = twinRecords(rows, { 'service.name': 'flowfold', 'k8s.node.name': 'node-1' })
    const exporter = new Exporter({ url: `${server.url}/v1/logs` })
    await new Promise<void>((resolve) => {
      exporter.export(records as never, () => resolve())
    })
    await exporter.shutdown()
    const [ours, theirs] = server.requests
    assert.deepEqual(ours.body, theirs.body)
    assert.equal(ours.url, theirs.url)
    assert.equal(ours.headers['content-type'], theirs.headers['content-type'])
  })

const VERDICTS = [
  ['FORWARDED', 'INFO', 9],
  ['DROPPED', 'WARN', 13],
  ['ERROR', 'ERROR', 17],
  ['AUDIT', 'INFO', 9],
  [undefined, 'INFO', 9],
] as const

for (const [Verdict, severityText, severityNumber] of VERDICTS)
  test(`a row that says ${Verdict} is ${severityText}`, () => {
    const { Verdict: _, ...unsaid } = row()
    const record = logRecord(Verdict === undefined ? unsaid : { ...unsaid, Verdict })
    assert.deepEqual([record.severityText, record.severityNumber], [severityText, severityNumber])
  })

test('a record has the time of the first flow to the nanosecond, and was observed with the last', () => {
  const record = logRecord(row({ TimeGenerated: '2026-01-01T00:00:00.123456789Z' }))
  assert.deepEqual(record.hrTime, [1_767_225_600, 123_456_789])
  assert.deepEqual(record.hrTimeObserved, [1_767_225_629, 500_000_000])
  const { LastFlowTime: _, ...single } = row({ TimeGenerated: '2026-01-01T01:00:00.1+01:00' })
  assert.deepEqual(logRecord(single).hrTimeObserved, [1_767_225_600, 100_000_000])
})

test('a record reads like a sentence', () => {
  assert.equal(logRecord(row()).body, 'shop/web -> shop/api:8080 TCP FORWARDED 12 flows')
})

for (const encoding of ENCODINGS) {
  test(`payloads in ${encoding} hold every row once, in order, within the limit`, (t) => {
    const sender = otlpSender(t, { ...ENDPOINT, encoding, max_payload_bytes: '100kB' })
    const rows = Array.from({ length: 1000 }, (_, i) => row({ UUID: uuid(i) }))
    const payloads = [...sender.encode(rows)]
    assert.ok(payloads.length > 5)
    assert.deepEqual(
      payloads.flatMap((payload) => payload.rows),
      rows,
    )
    for (const payload of payloads) {
      assert.ok(payload.body.length <= 100_000)
      assert.deepEqual(
        uuidsIn(payload),
        payload.rows.map(({ UUID }) => UUID),
      )
    }
    const fullest = Math.max(...payloads.map(({ body }) => body.length))
    assert.ok(fullest > 50_000, `the fullest has ${fullest} bytes`)
  })

  test(`a row that no payload can hold is unfit in ${encoding}, and its neighbours go on`, (t) => {
    const sender = otlpSender(t, { ...ENDPOINT, encoding, max_payload_bytes: '10kB' })
    const huge = row({ UUID: uuid(2), AdditionalFlowData: { Summary: 'x'.repeat(11_000) } })
    const rows = [row({ UUID: uuid(1) }), huge, row({ UUID: uuid(3) })]
    const payloads = [...sender.encode(rows)]
    assert.deepEqual(
      payloads.map(({ rows, unfit }) => [rows.map(({ UUID }) => UUID), unfit?.replace(/\d.*KiB,/, '')]),
      [
        [[uuid(1)], undefined],
        [[uuid(2)], 'the row takes  more than max_payload_bytes (9.8 KiB)'],
        [[uuid(3)], undefined],
      ],
    )
    assert.equal(payloads[1].body.length, 0)
    assert.deepEqual(uuidsIn(payloads[2]), [uuid(3)])
  })

  test(`no rows are no payload in ${encoding}`, (t) => {
    assert.deepEqual([...otlpSender(t, { ...ENDPOINT, encoding }).encode([])], [])
  })
}

function uuid(n: number): string {
  return `row-${String(n).padStart(6, '0')}`
}

/** In the order of the bytes, whichever the encoding. */
function uuidsIn({ body }: Payload): string[] {
  return [
    ...Buffer.from(body)
      .toString('latin1')
      .matchAll(/row-\d{6}/g),
  ].map(([found]) => found)
}
