import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { newDecoder, plainly, together } from './both-ways.ts'

/** Keys that the kernel compares as one, once it has seen them together; in Hubble's order. */
const KEYS: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['emitter', ['{"name":"Hubble","version":"1.19"}', '{"name":"Hubble"}']],
  ['verdict', ['"FORWARDED"', '"DROPPED"']],
  ['IP', ['{"source":"10.0.0.1","destination":"10.0.0.2"}', '{"source":"10.0.0.2"}']],
  ['source', ['{"identity":1,"pod_name":"a"}', '{"identity":2,"pod_name":"b"}']],
  ['Type', ['"L3_L4"', '"L7"']],
  ['node_name', ['"one/node-a"', '"one/node-b"']],
  ['node_labels', ['["a=b","c=d"]', '["a=b","c=e"]', '[]']],
  ['l7', ['{"type":"REQUEST","dns":{"query":"a."}}']],
  ['reply', ['true', 'false']],
  ['event_type', ['{"type":4}', '{"type":4,"sub_type":3}']],
  ['traffic_direction', ['"INGRESS"', '"EGRESS"']],
  ['policy_match_type', ['1', '2']],
  ['trace_observation_point', ['"TO_ENDPOINT"', '"TO_STACK"']],
  ['trace_reason', ['"NEW"', '"REPLY"']],
  ['unheard_of', ['1', '{"a":[1]}']],
  ['is_reply', ['true', 'false', 'null']],
  ['interface', ['{"index":7}', '{"index":8}']],
  ['Summary', ['"TCP Flags: SYN"', '"x"']],
]

/** Mostly in order and complete, so that runs are learned; now and then a key is missing, twice there, or elsewhere. */
const line = fc
  .tuple(
    fc.tuple(
      ...KEYS.map(([key, values]) =>
        fc.record({
          text: fc.constantFrom(...values).map((value) => `"${key}":${value}`),
          times: fc.oneof(
            { weight: 45, arbitrary: fc.constant(1) },
            { weight: 10, arbitrary: fc.constant(0) },
            { weight: 1, arbitrary: fc.constant(2) },
          ),
        }),
      ),
    ),
    fc.option(fc.tuple(fc.nat(KEYS.length - 1), fc.nat(KEYS.length - 1)), { freq: 1, nil: null }),
  )
  .map(([keys, swapped]) => {
    const order = keys.flatMap(({ text, times }) => Array<string>(times).fill(text))
    if (swapped && swapped[0] < order.length && swapped[1] < order.length) {
      const [a, b] = swapped
      ;[order[a], order[b]] = [order[b], order[a]]
    }
    return `{"flow":{${['"time":"2026-03-11T09:08:07.5Z"', ...order].join()}},"node_name":"one/node-a"}`
  })

test('kernel and plain decoder agree on keys that recur together, whatever stands between, before or behind', () => {
  // One decoder for all: what it learned from one line is what the next is compared with.
  const decoder = newDecoder(1 << 18)
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
      const input = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      assert.deepEqual(together(decoder, input), plainly(input))
    }),
    { numRuns: 400 },
  )
})

const RUN =
  '"Type":"L3_L4","node_name":"one/node-a","node_labels":["a=b"],"event_type":{"type":4},"traffic_direction":"EGRESS","is_reply":true'

for (const [what, text] of [
  ['a key of it again behind it', `${RUN},"event_type":{"type":5},"Summary":"x"`],
  ['a key of it before it', `"is_reply":false,${RUN},"Summary":"x"`],
  ['its end at the end of the object', RUN],
  ['its end before a blank', `${RUN} ,"Summary":"x"`],
  ['a byte more in its last value', `${RUN}x,"Summary":"x"`],
  ['no key behind it', `${RUN},"`],
  ['itself twice', `${RUN},${RUN},"Summary":"x"`],
] as const)
  test(`a known run with ${what} is read as the plain decoder reads it`, () => {
    const decoder = newDecoder(1 << 18)
    const known = `{"flow":{"time":"2026-03-11T09:08:07Z",${RUN},"Summary":"x"}}\n`
    together(decoder, Buffer.from(known.repeat(3)))
    const input = Buffer.from(`${known}{"flow":{"time":"2026-03-11T09:08:07Z",${text}}}\n${known}`)
    assert.deepEqual(together(decoder, input), plainly(input))
  })
