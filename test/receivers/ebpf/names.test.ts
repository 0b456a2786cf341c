import assert from 'node:assert/strict'
import { SocketAddress } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { isGlobal, network, parseAddress, parseRange } from '../../../receivers/ebpf/address.ts'
import { ipv6Text } from '../../../receivers/ebpf/bytes.ts'
import { HostNames } from '../../../receivers/ebpf/host-names.ts'
import { Names } from '../../../receivers/ebpf/names.ts'
import { NamesTable, namesSetting } from '../../../receivers/ebpf/names-table.ts'
import type { Survey } from '../../../receivers/ebpf/survey.ts'
import { worldNames } from '../../../receivers/ebpf/world-names.ts'

const TCP = 6
const UDP = 17

const table = (...entries: object[]) => new NamesTable(namesSetting.parse(entries))
const workloadOf = (names: NamesTable, address: string) => names.named(address)?.endpoint?.workloads?.[0].name

test('the narrowest range names an address, and of equal ones the first', () => {
  const names = table(
    { address: '10.0.0.0/8', workload: 'all' },
    { address: '10.1.0.0/16', workload: 'some' },
    { address: '10.1.2.3', workload: 'one' },
    { address: '10.1.0.0/16', workload: 'never' },
    { address: 'fd99::/64', workload: 'six' },
    { address: '::ffff:192.0.2.1', workload: 'mapped' },
  )
  assert.deepEqual(
    ['10.1.2.3', '10.1.9.9', '10.9.9.9', 'fd99::1', '192.0.2.1', '11.0.0.1', 'fd98::1'].map((address) =>
      workloadOf(names, address),
    ),
    ['one', 'some', 'all', 'six', 'mapped', undefined, undefined],
  )
})

test('a range that holds everything does not hold the other family', () => {
  assert.equal(workloadOf(table({ address: '::/0', workload: 'six' }), '10.0.0.1'), undefined)
  assert.equal(workloadOf(table({ address: '0.0.0.0/0', workload: 'four' }), 'fd99::1'), undefined)
})

test('an entry has all that an endpoint can have', () => {
  const entry = {
    address: '10.0.0.1',
    namespace: 'shop',
    pod: 'web-1',
    workload: 'web',
    kind: 'Deployment',
    cluster: 'prod',
    labels: { app: 'web', tier: '' },
  }
  assert.deepEqual(table(entry).named('10.0.0.1')?.endpoint, {
    namespace: 'shop',
    labels: ['k8s:app=web', 'k8s:tier='],
    pod_name: 'web-1',
    workloads: [{ name: 'web', kind: 'Deployment' }],
    cluster_name: 'prod',
  })
})

for (const address of [
  '',
  '10.0.0',
  '10.0.0.0/33',
  'fd99::/129',
  '10.0.0.0/',
  '10.0.0.0/08',
  'web',
  'fe80::1%eth0',
  '10.0.0.1/8/8',
])
  test(`"${address}" is no address, and says so`, () => {
    const result = namesSetting.safeParse([{ address }])
    assert.match(String(result.error), /is no address; write for example/)
  })

const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 })
const sparse = fc
  .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
  .map((list) => Uint8Array.from(list))

test('addresses are written as Node writes them, and read back', () => {
  fc.assert(
    fc.property(fc.oneof(v6, sparse), (bytes) => {
      const text = ipv6Text(bytes, 0)
      const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
      const isDotted = value < 2n ** 48n
      if (!isDotted) assert.equal(text, new SocketAddress({ address: text, family: 'ipv6' }).address)
      const parsed = parseAddress(text)
      const isMapped = value >> 32n === 0xffffn
      assert.deepEqual(parsed, isMapped ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value })
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      const value = Number(parseAddress(text)!.value)
      assert.equal([24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.'), text)
    }),
  )
})

test('a range holds exactly the addresses that share its first bits', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (a, b, prefix) => {
      const range = parseRange(`${a}/${prefix}`)!
      const bits = (text: string) =>
        text
          .split('.')
          .map((part) => Number(part).toString(2).padStart(8, '0'))
          .join('')
          .slice(0, prefix)
      assert.equal(network(parseAddress(b)!, prefix) === range.value, bits(a) === bits(b))
    }),
  )
})

test('whoever has an address of the internet, and no name, is the world', () => {
  const global = ['8.8.8.8', '172.32.0.1', '2001:db8::1', '1.1.1.1']
  const near = [
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.0.1',
    '127.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ]
  for (const address of global) assert.ok(isGlobal(parseAddress(address)!), address)
  for (const address of [...near, '::1', 'fe80::1', 'fd99::1', 'ff02::1', '100.64.0.1'])
    assert.ok(!isGlobal(parseAddress(address)!), address)
  assert.equal(worldNames.named('8.8.8.8')?.endpoint?.identity, 2)
  assert.equal(worldNames.named('10.0.0.1'), null)
})

const SURVEY: Survey = {
  hostAddresses: ['192.0.2.2', '10.0.0.1'],
  listeners: [{ protocol: TCP, port: 80, workload: { name: 'nginx', kind: 'Service' } }],
  tenants: [
    {
      netnsInode: 5,
      addresses: ['10.0.0.5', '10.0.0.1', '10.9.9.9'],
      workload: { name: 'api', kind: 'Container' },
      labels: ['container:0123'],
    },
    {
      netnsInode: 6,
      addresses: ['10.0.0.6', '10.9.9.9'],
      workload: { name: 'db', kind: 'Process' },
      podName: 'db-0',
      labels: [],
    },
  ],
  hosts: [
    { address: '192.168.0.9', name: 'printer' },
    { address: '192.0.2.2', name: 'myself' },
  ],
  hiddenProcesses: 0,
}

test('the host is the host, with the program that waits at a port', () => {
  const host = new HostNames()
  host.learn(SURVEY)
  const names = new Names([host])
  const HOST = { identity: 1, labels: ['reserved:host'] }
  assert.deepEqual(names.endpoint('192.0.2.2', TCP, 80), {
    ...HOST,
    workloads: [{ name: 'nginx', kind: 'Service' }],
  })
  assert.deepEqual(names.endpoint('192.0.2.2', UDP, 80), HOST)
  assert.deepEqual(
    names.endpoint('10.0.0.1', TCP, 41000),
    HOST,
    'also where a namespace has the same address',
  )
})

test('who lives in a namespace has its addresses, unless two have the same', () => {
  const host = new HostNames()
  host.learn(SURVEY)
  const names = new Names([host])
  assert.deepEqual(names.endpoint('10.0.0.5', TCP, 1), {
    labels: ['container:0123'],
    workloads: [{ name: 'api', kind: 'Container' }],
  })
  assert.deepEqual(names.endpoint('10.0.0.6', TCP, 1), {
    pod_name: 'db-0',
    workloads: [{ name: 'db', kind: 'Process' }],
  })
  assert.equal(names.endpoint('10.9.9.9', TCP, 1), undefined)
  assert.deepEqual(names.endpoint('192.168.0.9', TCP, 1), { workloads: [{ name: 'printer', kind: 'Host' }] })
})

test('names change their revision only when they change', () => {
  const host = new HostNames()
  const names = new Names([table(), host, worldNames])
  host.learn(SURVEY)
  const { revision } = names
  host.learn(structuredClone(SURVEY))
  assert.equal(names.revision, revision)
  host.learn({ ...SURVEY, listeners: [] })
  assert.notEqual(names.revision, revision)
})

test('what the config says goes before what was found out', () => {
  const host = new HostNames()
  host.learn(SURVEY)
  const names = new Names([table({ address: '10.0.0.5', workload: 'mine' }), host, worldNames])
  assert.deepEqual(names.endpoint('10.0.0.5', TCP, 1), { workloads: [{ name: 'mine' }] })
})
