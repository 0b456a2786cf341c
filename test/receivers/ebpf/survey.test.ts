import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  hostsIn,
  readCgroup,
  readFibTrie,
  readInet6,
  readSockets,
  surveyHost,
} from '../../../receivers/ebpf/survey.ts'

const look = () => surveyHost(() => new Promise((resolve) => setImmediate(resolve)))
const ID = '0123456789abcdef'.repeat(4)
const UID = '11111111-2222-3333-4444-555555555555'

const CGROUPS: readonly (readonly [text: string, expected: object])[] = [
  ['0::/system.slice/nginx.service\n', { unit: 'nginx' }],
  ['0::/system.slice/system-getty.slice/getty@tty1.service\n', { unit: 'getty@tty1' }],
  [`0::/system.slice/docker-${ID}.scope\n`, { container: ID }],
  [`4:memory:/docker/${ID}\n`, { container: ID }],
  [`0::/machine.slice/libpod-${ID}.scope/container\n`, { container: ID }],
  [
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope\n`,
    { container: ID, podUid: UID },
  ],
  [`0::/kubepods/besteffort/pod${UID}/${ID}\n`, { container: ID, podUid: UID }],
  ['0::/\n', {}],
  ['', {}],
]

for (const [text, expected] of CGROUPS)
  test(`the cgroup ${JSON.stringify(text)} tells ${Object.keys(expected).join(' and ') || 'nothing'}`, () => {
    assert.deepEqual(readCgroup(text), expected)
  })

test('local addresses are read out of the routing table', () => {
  const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 10.99.1.0/24 2 0 2
        |-- 10.99.1.0
           /24 link UNICAST
        |-- 10.99.1.2
           /32 host LOCAL
        |-- 10.99.1.255
           /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
Local:
        |-- 10.99.1.2
           /32 host LOCAL
`
  assert.deepEqual(readFibTrie(trie), ['10.99.1.2'])
  const inet6 = `fd990000000000020000000000000002 05 40 00 80     eth0
fe80000000000000d08e12fffe345678 05 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
`
  assert.deepEqual(readInet6(inet6), ['fd99:0:0:2::2'])
})

test('sockets that wait are read, and those of clients are not', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
  const socket = (port: string, state: string, inode: number) =>
    `   0: 00000000:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0\n`
  const tcp = head + socket('1F90', '0A', 11) + socket('A028', '01', 12)
  assert.deepEqual([...readSockets(tcp, 6)], [[11, { protocol: 6, port: 8080 }]])
  const udp = head + socket('0035', '07', 21) + socket('A028', '07', 22)
  assert.deepEqual([...readSockets(udp, 17)], [[21, { protocol: 17, port: 53 }]])
})

test('other machines are read out of the hosts file', () => {
  const text =
    '127.0.0.1 localhost\n::1 ip6-localhost\nff02::1 ip6-allnodes\n# 10.0.0.1 no\n10.0.0.2\tdb db.local # ours\n\n10.0.0.3\n'
  assert.deepEqual(hostsIn(text), [{ address: '10.0.0.2', name: 'db' }])
})

test('a look around this host finds the program that waits at a port', async () => {
  const tcp = createServer().listen(0)
  await once(tcp, 'listening')
  const udp = createSocket('udp4').bind(0)
  await once(udp, 'listening')
  const { port } = tcp.address() as { port: number }
  try {
    const { listeners } = await look()
    const mine = listeners.find((listener) => listener.protocol === 6 && listener.port === port)
    assert.ok(mine, 'it found nobody at its own port')
    assert.match(mine.workload.name, /./)
    // A datagram socket at a port that was not chosen is a client's.
    const client = listeners.find((one) => one.protocol === 17 && one.port === udp.address().port)
    assert.equal(client, undefined)
  } finally {
    tcp.close()
    udp.close()
  }
})

test('a look around finds who lives in another namespace, by its name', async (t) => {
  const name = `ffsurvey${process.pid}`
  const refusal = why(name)
  if (refusal !== null) {
    t.skip(`cannot make a network namespace: ${refusal}`)
    return
  }
  t.after(() => execFileSync('ip', ['netns', 'del', name]))
  const inside = (...command: string[]) => execFileSync('nsenter', [`--net=/run/netns/${name}`, ...command])
  inside('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other')
  inside('ip', 'address', 'add', '10.98.7.2/24', 'dev', 'eth0')
  inside('ip', 'address', 'add', 'fd98::2/64', 'dev', 'eth0', 'nodad')
  inside('ip', 'link', 'set', 'other', 'up')
  inside('ip', 'link', 'set', 'eth0', 'up')
  const child = spawn('nsenter', [`--net=/run/netns/${name}`, 'sleep', '60'], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const { ino } = statSync(`/run/netns/${name}`)
  for (let tries = 0; ; tries++) {
    const { tenants } = await look()
    const tenant = tenants.find(({ netnsInode }) => netnsInode === ino)
    if (tenant === undefined && tries < 50) {
      await sleep(50)
      continue
    }
    assert.deepEqual(tenant?.workload, { name, kind: 'NetworkNamespace' })
    assert.deepEqual(tenant.addresses, ['10.98.7.2', 'fd98::2'])
    return
  }
})

/** Makes the namespace; null, or why it cannot be made. */
function why(name: string): string | null {
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' })
    return null
  } catch (error) {
    return (error as Error).message.split('\n').at(-2) ?? String(error)
  }
}
