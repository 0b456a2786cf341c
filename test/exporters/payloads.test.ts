import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { otlpHttp } from '../../exporters/otlp_http/index.ts'
import { splunkHec } from '../../exporters/splunk_hec/index.ts'
import type { Sender, SenderDefinition } from '../../src/sdk/index.ts'
import { testHost } from '../support/host.ts'
import { row } from '../support/rows.ts'

type Cut = (limit: number) => Sender

const SENDERS: readonly (readonly [what: string, cut: Cut])[] = [
  ['otlp_http in proto', cutting(otlpHttp, (limit) => otlp('proto', limit))],
  ['otlp_http in json', cutting(otlpHttp, (limit) => otlp('json', limit))],
  [
    'splunk_hec',
    cutting(splunkHec, (limit) => ({
      endpoint: 'http://127.0.0.1:1',
      token: 'abc',
      max_content_length: limit,
      max_event_size: limit,
    })),
  ],
]

function otlp(encoding: 'json' | 'proto', limit: number) {
  return { endpoint: 'http://127.0.0.1:1', encoding, max_payload_bytes: limit }
}

function cutting(definition: SenderDefinition, settings: (limit: number) => object): Cut {
  return (limit) =>
    definition.create({ settings: definition.settings.parse(settings(limit)), host: testHost() })
}

for (const [what, cut] of SENDERS)
  test(`payloads of ${what} hold each row once, in order, and keep the limit`, () => {
    const lengths = fc.array(fc.nat(6000), { maxLength: 150 })
    const limits = fc.integer({ min: 3000, max: 40_000 })
    fc.assert(
      fc.property(lengths, limits, (lengths, limit) => {
        const rows = lengths.map((length) => row({ AdditionalFlowData: { Summary: 'ü'.repeat(length / 2) } }))
        const payloads = [...cut(limit).encode(rows)]
        const sent = payloads.flatMap((payload) => payload.rows)
        assert.equal(sent.length, rows.length)
        for (const [i, one] of sent.entries()) assert.equal(one, rows[i], 'another object, or another place')
        for (const { rows, body, unfit } of payloads) {
          if (unfit === undefined) assert.ok(body.length > 0 && body.length <= limit, `${body.length} bytes`)
          else assert.deepEqual([rows.length, body.length], [1, 0])
        }
      }),
      { numRuns: 30 },
    )
  })
