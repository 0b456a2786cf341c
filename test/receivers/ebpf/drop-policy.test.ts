import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DropFacts, hubbleReason, isLoss } from '../../../receivers/ebpf/drop-policy.ts'
import { DROP_REASONS } from '../../../src/sdk/index.ts'

const TCP = 6
const drop = (differs: Partial<DropFacts>): DropFacts => ({
  reason: 'NETFILTER_DROP',
  location: 'nft_do_chain+0x3e8',
  protocol: TCP,
  bytes: 60,
  ...differs,
})

const JUDGED: readonly (readonly [what: string, Partial<DropFacts>, isLoss: boolean])[] = [
  ['what a firewall drops', {}, true],
  ['a packet without a byte', { bytes: 0 }, false],
  ['what a socket leaves behind', { reason: 'QUEUE_PURGE' }, false],
  ['what was taken', { reason: 'CONSUMED' }, false],
  ['what came twice', { reason: 'TCP_OLD_DATA' }, false],
  ['a segment to a closed port', { reason: 'NO_SOCKET', location: 'tcp_v4_rcv+0x91' }, true],
  ['the echo a ping has read', { reason: 'NO_SOCKET', location: 'ping_rcv+0xab', protocol: 1 }, false],
  [
    'the same without the right to see symbols',
    { reason: 'NO_SOCKET', location: '0xffff', protocol: 58 },
    false,
  ],
  ['what nobody gives a reason for', { reason: 'NOT_SPECIFIED' }, false],
  ['a reason of a later kernel', { reason: 'REASON_250' }, true],
]

for (const [what, differs, expected] of JUDGED)
  test(`${what} is ${expected ? 'a' : 'no'} loss`, () => assert.equal(isLoss(drop(differs), false), expected))

test('what nobody gives a reason for is a loss when one asks, and its place is known', () => {
  assert.ok(isLoss(drop({ reason: 'NOT_SPECIFIED' }), true))
  assert.ok(!isLoss(drop({ reason: 'NOT_SPECIFIED', location: '' }), true))
})

const NAMED: readonly (readonly [reason: string, location: string, expected: string])[] = [
  ['NETFILTER_DROP', 'nft_do_chain+0x3e8', 'POLICY_DENIED'],
  ['IP_OUTNOROUTES', 'ip_output+0x1', 'FIB_LOOKUP_FAILED'],
  ['NO_SOCKET', '', 'SOCKET_LOOKUP_FAILED'],
  ['IP_INHDR', 'ip_forward+0x2a0', 'TTL_EXCEEDED'],
  ['IP_INHDR', 'ip6_forward+0x2a0', 'TTL_EXCEEDED'],
  ['IP_INHDR', 'ip_rcv_core+0x1', 'INVALID_PACKET_DROPPED'],
  ['SOCKET_RCVBUFF', '', 'DROP_REASON_UNKNOWN'],
  ['REASON_250', '', 'DROP_REASON_UNKNOWN'],
]

for (const [reason, location, expected] of NAMED)
  test(`${reason} at "${location}" is Hubble's ${expected}`, () => {
    assert.equal(hubbleReason(reason, location), expected)
    assert.ok([...DROP_REASONS.values()].includes(expected))
  })
