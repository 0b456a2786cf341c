import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FlowMaker } from '../../../receivers/ebpf/flow-maker.ts'
import { flowOf } from '../../../receivers/ebpf/flow-of.ts'
import { FlowSheet } from '../../../receivers/ebpf/flow-sheet.ts'
import { Heads } from '../../../receivers/ebpf/heads.ts'
import { HostNames } from '../../../receivers/ebpf/host-names.ts'
import { Names } from '../../../receivers/ebpf/names.ts'
import { NamesTable, namesSetting } from '../../../receivers/ebpf/names-table.ts'
import type { Observation } from '../../../receivers/ebpf/observation.ts'
import type { Sighting } from '../../../receivers/ebpf/sighting.ts'
import type { Survey } from '../../../receivers/ebpf/survey.ts'
import { worldNames } from '../../../receivers/ebpf/world-names.ts'
import {
  batchOf,
  countFlows,
  Dictionary,
  FLOW_COLUMN_NAMES,
  FLOW_COLUMNS,
  type FlowBatch,
} from '../../../src/sdk/index.ts'
import { testHost } from '../../support/host.ts'
import { dnsBytes, RESPONSE, TYPE } from './dns-wire.ts'
import { anyObservation, counts, drop, FROM, head, reversed, TCP, TO, TUPLE } from './observed.ts'

const TABLE = namesSetting.parse([
  { address: '10.99.1.0/24', namespace: 'shop', workload: 'web', labels: { app: 'web' } },
])
const BARE = { names: [], unspecified_drops: false }
const SURVEY: Survey = {
  hostAddresses: ['192.0.2.2'],
  listeners: [{ protocol: TCP, port: 8080, workload: { name: 'nginx', kind: 'Service' } }],
  tenants: [
    {
      netnsInode: 5,
      addresses: ['10.99.2.2', 'fd99::2'],
      workload: { name: 'api', kind: 'Container' },
      labels: [],
    },
  ],
  hosts: [],
  hiddenProcesses: 0,
}
const counter = { add() {} }
const protocol = { messages: counter, unreadable: counter, unanswered: counter, unasked: counter }

function sightingsOf(observations: readonly Observation[]): Sighting[] {
  const heads = new Heads({ dns: protocol, http: protocol })
  return observations.flatMap((observation): readonly Sighting[] =>
    'payload' in observation ? heads.read(observation) : [observation],
  )
}

/** What a batch says, without ids. */
function plain({ columns, rows, dictionary }: FlowBatch) {
  return Array.from(rows, (row) =>
    Object.fromEntries(
      FLOW_COLUMN_NAMES.map((name) => {
        const cell = columns[name][row]
        const kind = FLOW_COLUMNS[name]
        if (kind === 'text') return [name, dictionary.text(cell)]
        return [name, kind === 'json' || kind === 'endpoint' ? dictionary.json(cell) : cell]
      }),
    ),
  )
}

test('the sheet says of any observations what flows of them say', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyObservation, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.constantFrom('compact', 'learn', 'go on'), { minLength: 4, maxLength: 4 }),
      (batches, between) => {
        const dictionary = new Dictionary()
        const hostNames = new HostNames()
        const names = new Names([new NamesTable(TABLE), hostNames, worldNames])
        const sheet = new FlowSheet({ dictionary, names, node: 'node-1', rows: 128 })
        for (const [index, observations] of batches.entries()) {
          if (between[index] === 'compact') dictionary.compact()
          if (between[index] === 'learn') hostNames.learn(SURVEY)
          const sightings = sightingsOf(observations)
          const flows = sightings.map((sighting) => flowOf(sighting, names, 'node-1'))
          const batch = sheet.batch(sightings)
          assert.deepEqual(plain(batch), plain(batchOf(new Dictionary(), flows)))
          assert.deepEqual(
            Array.from(batch.rows, (row) => batch.detail(row)),
            flows,
          )
          assert.equal(countFlows(batch), flows.length)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('names that were learnt later are in the flows that come later', () => {
  const host = testHost()
  const maker = new FlowMaker({ names: TABLE, unspecified_drops: false }, host)
  const destination = () => {
    maker.add(counts())
    const batch = maker.batch()!
    return batch.dictionary.endpoint(batch.columns.destination[0])
  }
  assert.equal(destination(), undefined)
  maker.learn(SURVEY)
  assert.deepEqual(destination(), { workloads: [{ name: 'api', kind: 'Container' }] })
  assert.equal(host.metric('ebpf_host_addresses'), 3)
})

test('a drop that is no loss is counted, and is no flow', () => {
  const host = testHost()
  const maker = new FlowMaker(BARE, host)
  maker.add(drop())
  maker.add(drop({ reason: 'QUEUE_PURGE', packets: 5 }))
  assert.equal(maker.batch()?.rows.length, 1)
  assert.equal(maker.batch(), null)
  assert.equal(host.metric('ebpf_ignored_drops_total'), 5)
})

const www = { name: 'www.example.test', type: TYPE.A }
const answer = (bytes: Uint8Array, afterMs: number, kind: 'dns' | 'http' = 'dns') => {
  const asked = head(kind, bytes)
  const time = { ...asked.time, nanos: asked.time.nanos + afterMs * 1e6 }
  return { ...asked, tuple: reversed(asked.tuple), at: { ...FROM, passage: 'to_endpoint' } as const, time }
}

test('an answer knows what was asked and how long it took, at each interface for itself', () => {
  const host = testHost()
  const maker = new FlowMaker(BARE, host)
  maker.add(head('dns', dnsBytes({ id: 1, query: www })))
  maker.add({ ...head('dns', dnsBytes({ id: 1, query: www })), at: TO })
  maker.add(answer(dnsBytes({ id: 1, flags: RESPONSE | 2 }), 3))
  maker.add(head('http', Buffer.from('GET /a HTTP/1.1\r\n\r\n')))
  maker.add(answer(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), 1, 'http'))
  maker.add(answer(Buffer.from('HTTP/1.1 404 Not Found\r\n'), 5, 'http'))
  const batch = maker.batch()!
  const l7 = Array.from(batch.rows, (row) => batch.detail(row).l7)
  assert.deepEqual(l7[2], {
    type: 'RESPONSE',
    latency_ns: '3000000',
    dns: { query: 'www.example.test.', rcode: 2, qtypes: ['A'] },
  })
  assert.deepEqual(l7[4], {
    type: 'RESPONSE',
    latency_ns: '5000000',
    http: { code: 404, method: 'GET', url: '/a', protocol: 'HTTP/1.1' },
  })
  assert.equal(host.metric('ebpf_waiting_questions'), 1)
  assert.equal(host.metric('ebpf_messages_total'), 6)
})

test('an answer to another question is nobody’s', () => {
  const maker = new FlowMaker(BARE, testHost())
  maker.add(head('dns', dnsBytes({ id: 1, query: www })))
  maker.add(answer(dnsBytes({ id: 1, flags: RESPONSE, query: { name: 'evil.test', type: TYPE.A } }), 3))
  const batch = maker.batch()!
  assert.deepEqual(batch.detail(1).l7, { type: 'RESPONSE', dns: { query: 'evil.test.', qtypes: ['A'] } })
})

test('bytes of a head may change as soon as it was added', () => {
  const maker = new FlowMaker(BARE, testHost())
  const bytes = dnsBytes({ id: 1, query: www })
  maker.add(head('dns', bytes))
  bytes.fill(0xff)
  const batch = maker.batch()!
  assert.equal(batch.detail(0).l7?.dns?.query, 'www.example.test.')
})

test('a batch is taken when it is full, and everything that was added is in one or counted', () => {
  const host = testHost()
  const maker = new FlowMaker(BARE, host)
  let flows = 0
  for (let i = 0; i < 20_000; i++) {
    maker.add(counts({ tuple: { ...TUPLE, sourcePort: i % 65_536 } }))
    if (maker.isFull) flows += countFlows(maker.batch()!)
  }
  flows += countFlows(maker.batch()!)
  assert.equal(flows, 20_000)
})

test('more addresses, names and paths than are remembered are told as well', () => {
  const maker = new FlowMaker(BARE, testHost())
  const asked = (index: number) => head('http', Buffer.from(`GET /${index} HTTP/1.1\r\n\r\n`))
  const queried = (index: number) =>
    head('dns', dnsBytes({ id: 1, query: { name: `n${index}.test`, type: TYPE.A } }))
  const check = (from: number) => {
    const batch = maker.batch()!
    for (const [index, row] of batch.rows.entries()) {
      const { ip_source, http_path, dns_query, time_s } = batch.columns
      const told = [ip_source, http_path, dns_query].map((column) => batch.dictionary.text(column[row]))
      const number = from + Math.floor(index / 2)
      const what = index % 2 === 0 ? [`/${number}`, ''] : ['', `n${number}.test.`]
      assert.deepEqual(told, [addressOf(number), ...what])
      assert.ok(time_s[row] > 0)
    }
  }
  const addressOf = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
  for (let index = 0, from = 0; index < 70_000; index++) {
    const source = addressOf(index)
    for (const observation of [asked(index), queried(index)])
      maker.add({ ...observation, tuple: { ...observation.tuple, source } })
    if (!maker.isFull && index < 69_999) continue
    check(from)
    from = index + 1
  }
})

test('whatever the kernel hands over is a flow or counted, and nothing stops it', () => {
  fc.assert(
    fc.property(fc.array(anyObservation, { maxLength: 60 }), (observations) => {
      const host = testHost()
      const maker = new FlowMaker({ names: TABLE, unspecified_drops: false }, host)
      for (const observation of observations) maker.add(observation)
      const batch = maker.batch()
      const isHead = ({ kind }: Observation) => kind === 'dns' || kind === 'http'
      const heads = observations.filter(isHead).length
      const ignored = observations.filter((one) => one.kind === 'drop').length
      const flows = batch?.rows.length ?? 0
      assert.ok(flows >= observations.length - heads - ignored)
      const read = host.metric('ebpf_messages_total')! + host.metric('ebpf_unreadable_heads_total')!
      assert.ok(read >= heads)
      for (let row = 0; row < flows; row++) JSON.stringify(batch!.detail(row))
    }),
    { numRuns: 300 },
  )
})
