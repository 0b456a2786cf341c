import fc from 'fast-check'
import type {
  CountsObservation,
  DropObservation,
  FiveTuple,
  HeadObservation,
  Observation,
  TcpEvent,
  TcpObservation,
  Vantage,
} from '../../../receivers/ebpf/observation.ts'
import { dnsBytes, RESPONSE, TYPE } from './dns-wire.ts'

export const TCP = 6
export const UDP = 17

/** From web, the pod behind `lxc1`, to api. */
export const TUPLE: FiveTuple = {
  source: '10.99.1.2',
  destination: '10.99.2.2',
  protocol: TCP,
  sourcePort: 41000,
  destinationPort: 8080,
}
export const FROM: Vantage = { interfaceIndex: 7, interfaceName: 'lxc1', passage: 'from_endpoint' }
export const TO: Vantage = { interfaceIndex: 9, interfaceName: 'lxc2', passage: 'to_endpoint' }
export const TIME = { seconds: 1_767_225_600, nanos: 1 }

export function reversed({
  source,
  destination,
  sourcePort,
  destinationPort,
  protocol,
}: FiveTuple): FiveTuple {
  return {
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    protocol,
  }
}

export function counts(differs: Partial<CountsObservation> = {}): CountsObservation {
  return {
    kind: 'counts',
    tuple: TUPLE,
    at: FROM,
    first: TIME,
    spanNs: 999_999_999,
    packets: 12,
    bytes: 3400,
    skbs: 10,
    tcpFlags: 0b10010,
    handshakeRttUs: 0,
    isReply: false,
    ...differs,
  }
}

export function drop(differs: Partial<DropObservation> = {}): DropObservation {
  return {
    kind: 'drop',
    tuple: TUPLE,
    first: TIME,
    spanNs: 0,
    packets: 2,
    bytes: 120,
    reason: 'NETFILTER_DROP',
    location: 'nft_do_chain+0x3e8',
    netnsInode: 4_026_532_177,
    interfaceIndex: 7,
    interfaceName: 'lxc1',
    place: 'endpoint_interface',
    ...differs,
  }
}

export function head(kind: 'dns' | 'http', payload: Uint8Array, differs: Partial<HeadObservation> = {}) {
  return {
    kind,
    tuple: kind === 'dns' ? { ...TUPLE, protocol: UDP, destinationPort: 53 } : TUPLE,
    at: FROM,
    time: TIME,
    isReply: null,
    payload,
    payloadBytes: payload.length,
    ...differs,
  } satisfies HeadObservation
}

export function socket(event: TcpEvent, differs: Partial<TcpObservation> = {}): TcpObservation {
  return { kind: 'tcp', tuple: TUPLE, time: TIME, netnsInode: 1, isHostNetns: false, event, ...differs }
}

const address = fc.oneof(
  fc.constantFrom('10.99.1.2', '10.99.2.2', '10.0.0.1', '8.8.8.8', 'fd99::2', '2001:db8::1', '192.0.2.2'),
  fc.ipV4(),
)
const port = fc.oneof(fc.constantFrom(0, 53, 80, 8080, 41000), fc.nat(65535))
const tuple: fc.Arbitrary<FiveTuple> = fc.record({
  source: address,
  destination: address,
  protocol: fc.oneof(fc.constantFrom(1, 2, TCP, UDP, 58, 112, 132, 47), fc.nat(255)),
  sourcePort: port,
  destinationPort: port,
})
const at: fc.Arbitrary<Vantage> = fc.record({
  interfaceIndex: fc.nat(20),
  interfaceName: fc.constantFrom('', 'lxc1', 'lxc2'),
  passage: fc.constantFrom('from_endpoint', 'to_endpoint'),
})
const time = fc.record({ seconds: fc.nat(2 ** 32 - 1), nanos: fc.nat(999_999_999) })
const isReply = fc.constantFrom(true, false, null)
const us = fc.nat(1_000_000)
const event: fc.Arbitrary<TcpEvent> = fc.oneof(
  fc.record({ kind: fc.constant('connected' as const), connectUs: us, srttUs: us }),
  fc.record({ kind: fc.constant('connect_failed' as const), connectUs: us, retransmits: us }),
  fc.record({
    kind: fc.constant('closed' as const),
    opener: fc.constantFrom('local' as const, 'remote' as const, 'unknown' as const),
    srttUs: us,
    retransmits: us,
    ackedBytes: us,
    receivedBytes: us,
  }),
  fc.record({ kind: fc.constant('retransmitted' as const), retransmits: us }),
)
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 512 }),
  fc
    .record({
      id: fc.nat(3),
      flags: fc.constantFrom(0x100, RESPONSE, RESPONSE | 3),
      name: fc.constantFrom('a.test', 'b.test'),
    })
    .map(({ id, flags, name }) => dnsBytes({ id, flags, query: { name, type: TYPE.A } })),
  fc
    .constantFrom(
      ...['GET /a?b HTTP/1.1\r\nHost: a.test\r\n\r\n', 'POST /b HTTP/1.0\r\n\r\n', 'HTTP/1.1 200 OK\r\n'],
      ...[
        'HTTP/1.1 503 No\r\n',
        'HTTP/1.1 100 Continue\r\n',
        'CONNECT a.test:443 HTTP/1.1\r\n\r\n',
        'GET /cu',
      ],
    )
    .map((text) => Uint8Array.from(Buffer.from(text))),
)

/** Anything the kernel's side may hand over. */
export const anyObservation: fc.Arbitrary<Observation> = fc.oneof(
  fc.record({
    kind: fc.constant('counts' as const),
    tuple,
    at,
    first: time,
    spanNs: fc.constant(0),
    packets: fc.nat(2 ** 31 - 1),
    bytes: fc.maxSafeNat(),
    skbs: fc.nat(1000),
    tcpFlags: fc.nat(511),
    handshakeRttUs: us,
    isReply,
  }),
  fc.record({
    kind: fc.constant('drop' as const),
    tuple,
    first: time,
    spanNs: fc.constant(0),
    packets: fc.nat(1000),
    bytes: fc.nat(100_000),
    reason: fc.constantFrom('NETFILTER_DROP', 'NO_SOCKET', 'QUEUE_PURGE', 'NOT_SPECIFIED', 'REASON_250'),
    location: fc.constantFrom('', 'nft_do_chain+0x3e8', '0xffffffff81234567'),
    netnsInode: fc.nat(3),
    interfaceIndex: fc.nat(20),
    interfaceName: fc.constantFrom('', 'lxc1'),
    place: fc.constantFrom('endpoint_interface' as const, 'endpoint_netns' as const, 'host' as const),
  }),
  fc.record({
    kind: fc.constantFrom('dns' as const, 'http' as const),
    tuple,
    at,
    time,
    isReply,
    payload,
    payloadBytes: fc.nat(1500),
  }),
  fc.record({
    kind: fc.constant('tcp' as const),
    tuple,
    time,
    netnsInode: fc.nat(3),
    isHostNetns: fc.boolean(),
    event,
  }),
)
