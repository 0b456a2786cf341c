import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { filter } from '../../../processors/filter/index.ts'
import { mistakes } from './support.ts'

const within = (filter: object) => mistakes({ include: [filter] })

const endpoint = (from: object) => within({ from })
const selector = (label_selector: object) => endpoint({ label_selector })
const expression = (fields: object) => selector({ match_expressions: [{ key: 'app', ...fields }] })

const MISTAKES: readonly (readonly [what: string, found: readonly string[], expected: RegExp])[] = [
  [
    'unknown protocol',
    within({ protocol: ['tpc'] }),
    /^include\.0\.protocol\.0: "tpc" is no protocol; did you mean "tcp"\?$/,
  ],
  ['protocol far from any', within({ protocol: ['quicquic'] }), /is no protocol; write one of tcp, udp/],
  ['unknown verdict', within({ verdict: ['droped'] }), /"droped" is no verdict; did you mean "DROPPED"\?/],
  ['verdict that Hubble leaves out', within({ verdict: ['VERDICT_UNKNOWN'] }), /is no verdict; write one of/],
  ['unknown direction', within({ direction: ['inbound'] }), /"inbound" is no direction/],
  [
    'unknown drop reason',
    within({ drop_reason: ['Policy deniedd'] }),
    /no drop reason; did you mean "POLICY_DENIED"\?/,
  ],
  ['port 0', within({ port: [0] }), /"0" is no port/],
  ['port beyond 16 bits', within({ source_port: [65536] }), /"65536" is no port/],
  ['half a port', within({ port: [80.5] }), /"80.5" is no port/],
  [
    'range of ports upside down',
    within({ destination_port: ['90-80'] }),
    /"90-80" is no port; .*"8000-8100"/,
  ],
  [
    'ports without a list',
    within({ port: 80 }),
    /^include\.0\.port: must be a list; put the value in brackets/,
  ],
  ['HTTP code', within({ http_code: [700] }), /"700" is no HTTP status; write 404, "4xx" or "500-599"/],
  ['HTTP hundred', within({ http_code: ['9xx'] }), /"9xx" is no HTTP status/],
  ['rcode', within({ dns_rcode: ['NXDOMAN'] }), /"NXDOMAN" is no DNS rcode/],
  ['rcode beyond 12 bits', within({ dns_rcode: [4096] }), /"4096" is no DNS rcode/],
  ['reply', within({ reply: 'yes' }), /^include\.0\.reply: must be true or false$/],
  ['CIDR of 33 bits', endpoint({ ip: ['10.0.0.0/33'] }), /"10.0.0.0\/33" is neither an address nor a CIDR/],
  ['IPv6 CIDR of 129 bits', endpoint({ ip: ['::/129'] }), /"::\/129" is neither/],
  ['CIDR without an address', endpoint({ ip: ['/8'] }), /"\/8" is neither/],
  ['address with a leading zero', endpoint({ ip: ['010.0.0.1'] }), /is neither/],
  ['length with a leading zero', endpoint({ ip: ['10.0.0.0/08'] }), /is neither/],
  ['address with a zone', endpoint({ ip: ['fe80::1%eth0'] }), /is neither/],
  ['host name', endpoint({ ip: ['example.com'] }), /is neither/],
  ['two slashes in a CIDR', endpoint({ ip: ['10.0.0.0/8/8'] }), /is neither/],
  ['empty pod', endpoint({ namespaced_pod: [''] }), /"" names neither namespace nor pod; write "shop\/"/],
  [
    'pod of a slash',
    endpoint({ namespacedPod: ['/'] }),
    /^include\.0\.from\.namespacedPod\.0: "\/" names neither/,
  ],
  ['pod of a star', endpoint({ namespaced_pod: ['*'] }), /"\*" names neither/],
  ['any namespace by a star', endpoint({ namespaced_pod: ['*/web'] }), /"\*" may only come last; .*"\/web-"/],
  ['pod with two slashes', endpoint({ namespaced_pod: ['a/b/c'] }), /"a\/b\/c" has two slashes/],
  ['pod in capitals', endpoint({ namespaced_pod: ['Shop/web'] }), /names are lower-case/],
  ['pod with a space', endpoint({ namespaced_pod: ['shop/ web'] }), /can be no pod/],
  ['part of a namespace', endpoint({ namespace: ['shop-*'] }), /can be no namespace/],
  ['part of a workload', endpoint({ workload: ['web*'] }), /can be no workload/],
  ['operator', expression({ operator: 'in', values: ['a'] }), /"in" is no operator; did you mean "In"\?/],
  [
    'In without values',
    expression({ operator: 'In' }),
    /match_expressions\.0\.values: "In" needs at least one value/,
  ],
  [
    'NotIn with an empty list',
    expression({ operator: 'NotIn', values: [] }),
    /"NotIn" needs at least one value/,
  ],
  ['Exists with values', expression({ operator: 'Exists', values: ['a'] }), /"Exists" takes no values/],
  [
    'expression without a key',
    selector({ match_expressions: [{ operator: 'Exists' }] }),
    /key: must be a text/,
  ],
  [
    'label value that is a number',
    selector({ match_labels: { version: 1 } }),
    /match_labels\.version: must be a text; put it in quotes/,
  ],
  [
    'label key with a value',
    selector({ match_expressions: [{ key: 'app=web', operator: 'Exists' }] }),
    /is no label key/,
  ],
  [
    'label key with a value, in a map',
    selector({ match_labels: { 'app=web': 'x' } }),
    /match_labels\.app=web: .*is no label key/,
  ],
  ['unknown field', within({ protocl: ['tcp'] }), /unknown field "protocl"; did you mean "protocol"\?/],
  [
    'unknown endpoint field',
    endpoint({ namespacedPods: [] }),
    /unknown field "namespacedPods"; did you mean "namespacedPod"\?/,
  ],
  [
    'unknown selector field',
    selector({ matchLabel: {} }),
    /unknown field "matchLabel"; did you mean "matchLabels"\?/,
  ],
  [
    'one field in two spellings',
    within({ sourcePort: [1], source_port: [2] }),
    /^include\.0\.sourcePort: is there twice; "source_port" is the same field$/,
  ],
  ['endpoint that is a text', within({ from: 'shop/web' }), /^include\.0\.from: must be a map of fields$/],
]

for (const [what, found, expected] of MISTAKES)
  test(`a mistake and its way out: ${what}`, () => {
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0], expected)
  })

test('every setting and every field of a filter says what it is', () => {
  const undescribed: string[] = []
  const visit = (schema: { [key: string]: unknown }, path: string) => {
    for (const [name, field] of Object.entries(
      (schema.properties ?? {}) as { [name: string]: typeof schema },
    )) {
      if (typeof field.description !== 'string') undescribed.push(`${path}.${name}`)
      visit(field, `${path}.${name}`)
    }
    if (schema.items) visit(schema.items as typeof schema, `${path}[]`)
    for (const branch of (schema.anyOf ?? []) as (typeof schema)[]) visit(branch, path)
  }
  visit(
    z.toJSONSchema(filter.settings, { io: 'input', unrepresentable: 'any' }) as { [key: string]: unknown },
    '',
  )
  assert.deepEqual(undescribed, [])
})
