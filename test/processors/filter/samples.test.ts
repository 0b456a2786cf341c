import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Flow } from '../../../src/sdk/index.ts'
import { passing } from './support.ts'

const SAMPLES = new URL('../../../../shared/data/hubble-samples.jsonl', import.meta.url)
const skip = existsSync(SAMPLES) ? false : 'hubble-samples.jsonl is not here'
const flows: readonly Flow[] = skip
  ? []
  : readFileSync(SAMPLES, 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('{"flow":') ? [(JSON.parse(line) as { flow: Flow }).flow] : []))

const hasLabel = (endpoint: Flow['source'], label: string) => endpoint?.labels?.includes(label) === true
const ofBookinfo = (flow: Flow) => flow.source?.namespace === 'bookinfo'

/** What is asked, and the same asked of the JSON by hand. */
const QUESTIONS: readonly (readonly [what: string, filter: object, byHand: (flow: Flow) => boolean])[] = [
  ['dropped', { verdict: ['dropped'] }, (flow) => flow.verdict === 'DROPPED'],
  ['policy denied', { drop_reason: ['Policy denied'] }, (flow) => flow.drop_reason_desc === 'POLICY_DENIED'],
  ['dns', { protocol: ['dns'] }, (flow) => flow.l7?.dns !== undefined],
  ['name not found', { dns_rcode: ['NXDOMAIN'] }, (flow) => flow.l7?.dns?.rcode === 3],
  [
    'name found',
    { dns_rcode: ['NOERROR'] },
    (flow) => flow.l7?.type === 'RESPONSE' && flow.l7.dns !== undefined && !flow.l7.dns.rcode,
  ],
  ['server errors', { http_code: ['5xx'] }, (flow) => (flow.l7?.http?.code ?? 0) >= 500],
  ['icmp', { protocol: ['icmp'] }, (flow) => (flow.l4?.ICMPv4 ?? flow.l4?.ICMPv6) !== undefined],
  ['a namespace', { from: { namespacedPod: ['bookinfo/'] } }, ofBookinfo],
  [
    'some pods',
    { from: { namespacedPod: ['bookinfo/ratings-v1*'] } },
    (flow) => ofBookinfo(flow) && flow.source?.pod_name?.startsWith('ratings-v1') === true,
  ],
  [
    'a label',
    { to: { labelSelector: { matchLabels: { app: 'reviews' } } } },
    (flow) => hasLabel(flow.destination, 'k8s:app=reviews'),
  ],
  [
    'the world',
    { either: { labelSelector: { matchExpressions: [{ key: 'reserved:world', operator: 'Exists' }] } } },
    (flow) => hasLabel(flow.source, 'reserved:world') || hasLabel(flow.destination, 'reserved:world'),
  ],
  [
    'a network',
    { to: { ip: ['10.0.0.0/16'] } },
    (flow) => flow.IP?.destination?.startsWith('10.0.') === true,
  ],
  ['IPv6', { from: { ip: ['::/0'] } }, (flow) => flow.IP?.source?.includes(':') === true],
  ['leaving', { direction: ['egress'] }, (flow) => flow.traffic_direction === 'EGRESS'],
  ['replies', { reply: true }, (flow) => flow.is_reply === true],
]

for (const [what, filter, byHand] of QUESTIONS)
  test(`real records: ${what}`, { skip }, (t) => {
    const expected = flows.filter(byHand)
    t.diagnostic(`${expected.length} of ${flows.length}`)
    assert.ok(expected.length > 0 && expected.length < flows.length, 'the samples cannot tell')
    assert.deepEqual(passing({ include: [filter] }, flows), expected)
    assert.equal(passing({ exclude: [filter] }, flows).length, flows.length - expected.length)
  })
