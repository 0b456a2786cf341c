import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { catalog } from '../../../flowfold.ts'
import { FAULTS } from './faults.ts'
import { MatrixWorld } from './matrix-world.ts'
import { PEERS } from './peers.ts'

const definitions = await Promise.all(Object.values(catalog.exporters).map((load) => load()))
const senders = definitions.filter(({ kind }) => kind === 'sender').map(({ type }) => type)

test('every exporter that sends is in the matrix, and no other', () => {
  assert.deepEqual(Object.keys(PEERS).toSorted(), senders.toSorted())
})

for (const type of senders)
  for (const [way, peer] of Object.entries(PEERS[type] ?? {}))
    suite(way, { concurrency: 4 }, () => {
      for (const { what, absent, run, repeats, refuses = () => [] } of FAULTS) {
        const why = absent?.(peer) ?? null
        if (why !== null) test(`${what}: does not apply; ${why}`, () => {})
        else
          test(`${what}: no row is lost, ${repeats} come again`, async (t) => {
            const world = await MatrixWorld.open(t, peer)
            await run(world)
            await world.settled()
            assert.deepEqual(world.refused().toSorted(), refuses(peer))
            const all = Array.from({ length: world.made }, (_, i) => `${i}`)
            assert.deepEqual(world.repeated().toSorted(), repeats === 'all' ? all : [])
          })
      }
    })
