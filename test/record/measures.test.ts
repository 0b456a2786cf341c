import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rowOfFlow } from '../../src/record/row-of-flow.ts'
import { batchOf, byteCount, COLUMNS, Dictionary, type Flow } from '../../src/sdk/index.ts'
import { flow } from '../support/flows.ts'

const MEASURED: Flow = flow({
  interface: { index: 7, name: 'veth1a2b3c' },
  extensions: {
    packets: 240,
    bytes: 5_000_000_123,
    handshake_rtt_us: 180,
    retransmits: 3,
    kernel_drop: { Reason: 'NETFILTER_DROP', Location: 'nft_do_chain+0x3e8' },
  },
})
const ONE = { ingress: 1, egress: 0, unknown: 0 }

test('bytes are exact in columns of 32 bits', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(2 ** 32 - 1), (bytes, packets) => {
      const { columns } = batchOf(new Dictionary(), [flow({ extensions: { bytes, packets } }), flow()])
      assert.deepEqual([byteCount(columns, 0), columns.packets[0]], [bytes, packets])
      assert.deepEqual([byteCount(columns, 1), columns.packets[1]], [0, 0])
    }),
  )
})

test('interface and the kernel’s own reason are columns', () => {
  const dictionary = new Dictionary()
  const { columns } = batchOf(dictionary, [MEASURED])
  assert.equal(dictionary.text(columns.interface[0]), 'veth1a2b3c')
  assert.deepEqual(dictionary.json(columns.kernel_drop[0]), MEASURED.extensions?.kernel_drop)
})

test('a single flow tells all that was measured of it, and one of which nothing was measured nothing', () => {
  const { Packets, Bytes, Interface, KernelDrop, TcpHealth } = rowOfFlow(MEASURED, 'uuid', ONE, 'node-1')
  assert.deepEqual(
    { Packets, Bytes, Interface, KernelDrop, TcpHealth },
    {
      Packets: 240,
      Bytes: 5_000_000_123,
      Interface: 'veth1a2b3c',
      KernelDrop: { Reason: 'NETFILTER_DROP', Location: 'nft_do_chain+0x3e8' },
      TcpHealth: { HandshakeRttUs: 180, Retransmits: 3 },
    },
  )
  const plain = Object.keys(rowOfFlow(flow(), 'uuid', ONE, 'node-1'))
  for (const name of ['Packets', 'Bytes', 'Interface', 'KernelDrop', 'TcpHealth'])
    assert.ok(!plain.includes(name), name)
})

test('the columns of a row stand in the order of COLUMNS', () => {
  const order: readonly string[] = COLUMNS.map(({ name }) => name)
  const places = Object.keys(rowOfFlow(MEASURED, 'uuid', ONE, 'node-1')).map((name) => order.indexOf(name))
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  )
})
