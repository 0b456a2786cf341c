import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { catalog } from '../../../flowfold.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { faultyServer } from '../../support/faulty-server.ts'
import { testHost } from '../../support/host.ts'
import { payloadOf } from '../../support/payloads.ts'
import { row } from '../../support/rows.ts'
import { FAULTS, type Fault } from './faults.ts'
import { MatrixWorld } from './matrix-world.ts'
import { PEERS, type Peer } from './peers.ts'

const definitions = await Promise.all(Object.values(catalog.exporters).map((load) => load()))
const senders = definitions.filter(({ kind }) => kind === 'sender').map(({ type }) => type)

test('every exporter that sends is in the matrix, and no other', () => {
  assert.deepEqual(Object.keys(PEERS).toSorted(), senders.toSorted())
})

for (const type of senders)
  for (const [way, peer] of Object.entries(PEERS[type] ?? {}))
    suite(way, { concurrency: 4 }, () => {
      for (const fault of FAULTS) cell(fault, peer)
      test('an attempt that is called off rejects', (t) => calledOff(t, peer))
      test('an attempt that is called off while its answer comes is not taken for delivered', (t) =>
        calledOffLate(t, peer))
    })

function cell({ what, absent, run, repeats = () => [], refuses = () => [] }: Fault, peer: Peer): void {
  const why = absent?.(peer) ?? null
  if (why !== null) return void test(`${what}: does not apply; ${why}`, () => {})
  const [again, bad] = [repeats(peer), refuses(peer)]
  test(`${what}: of 5 rows 0 are lost, ${again.length} come again, ${bad.length} are refused`, async (t) => {
    const world = await MatrixWorld.open(t, peer)
    await run(world)
    await world.settled()
    assert.equal(world.made, 5)
    assert.deepEqual(world.refused().toSorted(), bad)
    assert.deepEqual(world.repeated().toSorted(), again)
  })
}

async function calledOff(t: TestContext, peer: Peer): Promise<void> {
  const server = await faultyServer(t, ['silence'], peer.tls)
  const { sender } = peer.open(t, server.url, { ...testHost(), clock: systemClock })
  const abort = new AbortController()
  const result = sender.send(payloadOf(sender, [row()]), abort.signal)
  await server.seen()
  abort.abort(new Error('stopping'))
  await assert.rejects(result, /stopping/)
  await assert.rejects(sender.send(payloadOf(sender, [row()]), abort.signal), /stopping/, 'before it began')
  sender.close?.()
}

async function calledOffLate(t: TestContext, peer: Peer): Promise<void> {
  const abort = new AbortController()
  const answer = () => {
    abort.abort(new Error('stopping'))
    return peer.takes(0)
  }
  const server = await faultyServer(t, [answer], peer.tls)
  const { sender } = peer.open(t, server.url, { ...testHost(), clock: systemClock })
  await assert.rejects(sender.send(payloadOf(sender, [row()]), abort.signal), /stopping/)
  sender.close?.()
}
