import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { COUNTS, FLOW, KEY } from '../../../receivers/ebpf/layout.ts'
import type { CountsObservation } from '../../../receivers/ebpf/observation.ts'
import { Observations } from '../../../receivers/ebpf/observations.ts'

const DAY_NS = 86_400n * 10n ** 9n

interface Written {
  readonly source?: readonly number[]
  readonly hook?: number
  readonly firstNs?: bigint
  readonly lastNs?: bigint
}

/** Reads one entry of the map of flows, of interface 7. */
function read(observations: Observations, { source, hook = 0, firstNs = 0n, lastNs = firstNs }: Written) {
  const payload = Buffer.alloc(FLOW.keyBytes + FLOW.valueBytes)
  payload.set(source ?? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1], KEY.source)
  payload[KEY.hook] = hook
  payload.writeUInt32LE(7, KEY.interfaceIndex)
  payload.writeBigUInt64LE(firstNs, FLOW.keyBytes + COUNTS.first)
  payload.writeBigUInt64LE(lastNs, FLOW.keyBytes + COUNTS.last)
  const seen: CountsObservation[] = []
  observations.read({ type: 'flows', records: 1, first: 0, payload }, 0, (observation) => {
    seen.push(observation as CountsObservation)
    return 'taken'
  })
  return seen[0]
}

test('a time is the monotonic one and what wall time is ahead of it, to the nanosecond', () => {
  const monotonic = fc.bigInt({ min: 0n, max: 100n * DAY_NS })
  const ahead = fc.bigInt({ min: -10n * DAY_NS, max: 30_000n * DAY_NS })
  fc.assert(
    fc.property(monotonic, ahead, fc.nat(), (firstNs, wallAheadNs, spanNs) => {
      const observations = new Observations()
      observations.learn({ wallAheadNs: String(wallAheadNs) })
      const observation = read(observations, { firstNs, lastNs: firstNs + BigInt(spanNs) })
      const { seconds, nanos } = observation.first
      assert.equal(BigInt(seconds) * 10n ** 9n + BigInt(nanos), firstNs + wallAheadNs)
      assert.ok(nanos >= 0 && nanos < 1e9)
      assert.equal(observation.spanNs, spanNs)
    }),
  )
})

test('an interface has its name as soon as somebody tells it, and a new one when that changes', () => {
  const observations = new Observations()
  assert.deepEqual(read(observations, {}).at, {
    interfaceIndex: 7,
    interfaceName: '',
    passage: 'from_endpoint',
  })
  observations.learn({ interfaces: [{ index: 7, name: 'lxc7', netns: 0, end: 'host_end' }] })
  assert.deepEqual(read(observations, {}).at, {
    interfaceIndex: 7,
    interfaceName: 'lxc7',
    passage: 'from_endpoint',
  })
  assert.equal(read(observations, { hook: 1 }).at.passage, 'to_endpoint')
  observations.learn({ interfaces: [{ index: 7, name: 'eth0', netns: 0, end: 'own_end' }] })
  assert.deepEqual(read(observations, {}).at, {
    interfaceIndex: 7,
    interfaceName: 'eth0',
    passage: 'to_endpoint',
  })
})

test('addresses are what their bytes say, however often they come', () => {
  const observations = new Observations()
  const bytes = fc.oneof(
    fc.array(fc.nat(255), { minLength: 16, maxLength: 16 }),
    fc
      .array(fc.nat(255), { minLength: 4, maxLength: 4 })
      .map((ipv4) => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ipv4]),
  )
  fc.assert(
    fc.property(bytes, (source) => {
      const fresh = read(new Observations(), { source }).tuple.source
      assert.equal(read(observations, { source }).tuple.source, fresh)
      assert.equal(read(observations, { source }).tuple.source, fresh)
      if (!fresh.includes(':')) assert.equal(fresh, source.slice(12).join('.'))
    }),
  )
})
