import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DnsMessage, dnsMessagesInSegment, readDns } from '../../../receivers/ebpf/dns.ts'
import { freePort } from '../../support/free-port.ts'
import { dnsBytes, overTcp, plainName, QUERY, RESPONSE, TYPE, u16, type WireMessage } from './dns-wire.ts'

const www = { name: 'www.example.test', type: TYPE.A }
const A = { name: 'www.example.test', type: TYPE.A, data: [10, 99, 2, 2] }

const MESSAGES: readonly (readonly [what: string, WireMessage, Partial<DnsMessage>])[] = [
  ['query', { query: www }, { isResponse: false, query: 'www.example.test.', queryType: 'A', rcode: 0 }],
  [
    'answer',
    { flags: RESPONSE, query: www, answers: [A] },
    { isResponse: true, rcode: 0, addresses: ['10.99.2.2'], ttlS: 60, answerTypes: ['A'], isCut: false },
  ],
  [
    'answer by way of another name',
    {
      flags: RESPONSE,
      query: www,
      answers: [
        { name: 'www.example.test', type: TYPE.CNAME, ttl: 300, data: plainName('Web.example.test') },
        { name: 'web.example.test', type: TYPE.A, ttl: 30, data: [10, 0, 0, 1] },
        { name: 'web.example.test', type: TYPE.A, ttl: 90, data: [10, 0, 0, 2] },
      ],
    },
    {
      cnames: ['web.example.test.'],
      addresses: ['10.0.0.1', '10.0.0.2'],
      ttlS: 30,
      answerTypes: ['CNAME', 'A'],
    },
  ],
  [
    'answer in IPv6',
    {
      flags: RESPONSE,
      query: { name: 'www.example.test', type: TYPE.AAAA },
      answers: [
        {
          name: 'www.example.test',
          type: TYPE.AAAA,
          data: [0xfd, 0x99, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
        },
      ],
    },
    { queryType: 'AAAA', addresses: ['fd99:0:2::2'] },
  ],
  ['answer that there is no such name', { flags: RESPONSE | 3, query: www }, { rcode: 3, ttlS: null }],
  ['failed answer', { flags: RESPONSE | 2, query: www }, { rcode: 2 }],
  [
    'answer with an extended code, BADCOOKIE',
    { flags: RESPONSE | 7, query: www, additional: [{ name: '', type: TYPE.OPT, ttl: 1 << 24, data: [] }] },
    { rcode: 23 },
  ],
  [
    'answer that repeats no question',
    { flags: RESPONSE | 1 },
    { isResponse: true, query: '', queryType: '', rcode: 1 },
  ],
  [
    'name in upper case, with bytes that are no characters',
    { query: { name: 'WwW.a\\b\xff .Test', type: 65_280 } },
    { query: 'www.a\\\\b\\255\\032.test.', queryType: 'TYPE65280' },
  ],
  ['question for the root', { query: { name: '.', type: 2 } }, { query: '.', queryType: 'NS' }],
]

for (const [what, message, expected] of MESSAGES)
  test(`it reads a ${what}`, () => {
    const read = readDns(dnsBytes(message))
    assert.ok(read)
    assert.deepEqual({ ...read, ...expected }, read)
    assert.equal(read.id, 7)
  })

const header = (questions: number, flags = QUERY) => [
  ...u16(7),
  ...u16(flags),
  ...u16(questions),
  0,
  0,
  0,
  0,
  0,
  0,
]
const label63 = [63, ...Array(63).fill(0x61)]

const NO_MESSAGES: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['nothing', []],
  ['half a header', header(1).slice(0, 11)],
  ['a dynamic update', [...header(1, 0x2800), ...plainName('a.test'), 0, 1, 0, 1]],
  ['a query without a question', header(0)],
  ['a query with two questions', [...header(2), ...plainName('a.test'), 0, 1, 0, 1]],
  ['a name without an end', [...header(1), 5, 0x61]],
  ['a name that points to itself', [...header(1), 0xc0, 12, 0, 1, 0, 1]],
  ['a name that points into itself', [...header(1), 1, 0x61, 0xc0, 12, 0, 1, 0, 1]],
  ['a name that points ahead', [...header(1), 0xc0, 18, 0, 1, 0, 1, 0, 0, 0]],
  ['a name that points into the header', [...header(1), 0xc0, 2, 0, 1, 0, 1]],
  ['a pointer with half its bytes', [...header(1), 0xc0]],
  ['a label of a kind that was given up', [...header(1), 0x41, 0x61, 0, 0, 1, 0, 1]],
  ['a name that is too long', [...header(1), ...label63, ...label63, ...label63, ...label63, 0, 0, 1, 0, 1]],
  ['a question without a type', [...header(1), ...plainName('a.test')]],
]

for (const [what, bytes] of NO_MESSAGES)
  test(`${what} is no message`, () => assert.equal(readDns(Uint8Array.from(bytes)), null))

test('segments hold messages with a length before each, or one whose length came alone', () => {
  const first = dnsBytes({ id: 1, query: www })
  const second = dnsBytes({ id: 2, query: { name: 'api.test', type: TYPE.AAAA } })
  const ids = (bytes: Uint8Array) => dnsMessagesInSegment(bytes).map(({ id }) => id)
  assert.deepEqual(ids(overTcp(first)), [1])
  assert.deepEqual(ids(Uint8Array.from([...overTcp(first), ...overTcp(second)])), [1, 2])
  assert.deepEqual(ids(first), [1])
  assert.deepEqual(ids(Uint8Array.from([0, 40])), [])
})

test('the head of a long answer over TCP tells what is in it', () => {
  const answers = Array.from({ length: 60 }, (_, i) => ({ ...A, data: [10, 0, 0, i] }))
  const whole = overTcp(dnsBytes({ flags: RESPONSE, query: www, answers }))
  const [head] = dnsMessagesInSegment(whole.subarray(0, 512))
  assert.equal(head.query, 'www.example.test.')
  assert.equal(head.isCut, true)
  assert.ok(head.addresses.length > 20 && head.addresses.length < 60)
})

test('a resolver asks and is answered over both transports, and both sides are read as it means them', async () => {
  const seen: DnsMessage[] = []
  const answer = (message: Uint8Array) => {
    const asked = readDns(message)
    assert.ok(asked)
    const { id, query } = asked
    // Over UDP it says "truncated", so that the resolver comes again over TCP.
    return (isUdp: boolean) =>
      dnsBytes({
        id,
        flags: isUdp ? RESPONSE | 0x200 : RESPONSE,
        query: { name: query, type: TYPE.A },
        answers: isUdp ? [] : [{ name: query, type: TYPE.A, data: [192, 0, 2, 9] }],
      })
  }
  const udp = createSocket('udp4', (message, peer) => {
    const reply = answer(message)(true)
    seen.push(readDns(message)!, readDns(reply)!)
    udp.send(reply, peer.port, peer.address)
  })
  const port = await freePort()
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  const tcp = createServer((socket) => {
    socket.once('data', (segment) => {
      seen.push(...dnsMessagesInSegment(segment))
      const reply = overTcp(answer(segment.subarray(2))(false))
      seen.push(...dnsMessagesInSegment(reply))
      socket.end(reply)
    })
  })
  tcp.listen(port, '127.0.0.1')
  await once(tcp, 'listening')
  try {
    const resolver = new Resolver({ timeout: 2000, tries: 2 })
    resolver.setServers([`127.0.0.1:${port}`])
    assert.deepEqual(await resolver.resolve4('shop.example.test'), ['192.0.2.9'])
  } finally {
    udp.close()
    tcp.close()
  }
  assert.deepEqual(
    seen.map(({ isResponse, query, queryType, addresses }) => [isResponse, query, queryType, ...addresses]),
    [
      [false, 'shop.example.test.', 'A'],
      [true, 'shop.example.test.', 'A'],
      [false, 'shop.example.test.', 'A'],
      [true, 'shop.example.test.', 'A', '192.0.2.9'],
    ],
  )
})

const labelText = fc.string({ unit: fc.constantFrom(...'abcxyz019-_'), minLength: 1, maxLength: 20 })
const nameText = fc.array(labelText, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const message: fc.Arbitrary<WireMessage> = fc
  .tuple(nameText, nameText, fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 20 }))
  .map(([name, alias, addresses]) => ({
    flags: RESPONSE,
    query: { name, type: TYPE.A },
    answers: [
      { name, type: TYPE.CNAME, data: plainName(alias) },
      ...addresses.map((data) => ({ name: alias, type: TYPE.A, data: [...data] })),
    ],
  }))

test('what is written is read, and every cut of it tells a beginning of the same or nothing', () => {
  fc.assert(
    fc.property(message, (wire) => {
      const bytes = dnsBytes(wire)
      const whole = readDns(bytes)
      assert.ok(whole)
      assert.equal(whole.query, `${wire.query!.name}.`)
      assert.deepEqual(
        whole.addresses,
        wire.answers!.slice(1).map(({ data }) => data.join('.')),
      )
      for (let length = 0; length < bytes.length; length++) {
        const cut = readDns(bytes.subarray(0, length))
        if (cut === null) continue
        assert.equal(cut.query, whole.query)
        assert.equal(cut.isCut, true)
        assert.deepEqual(cut.addresses, whole.addresses.slice(0, cut.addresses.length))
      }
    }),
    { numRuns: 50 },
  )
})

test('any bytes are read in bounded time, and damaged messages too', () => {
  const damaged = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }))
    .map(([wire, changes]) => {
      const bytes = dnsBytes(wire)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      return bytes
    })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), (bytes) => {
      for (const read of [readDns(bytes), ...dnsMessagesInSegment(bytes)]) {
        if (read === null) continue
        // 255 bytes on the wire, each at most four characters.
        assert.ok(read.query.length <= 1020)
        assert.ok(read.addresses.length + read.cnames.length <= 64)
        assert.match(read.query, /^[\x21-\x7e]*$/)
      }
    }),
    { numRuns: 2000 },
  )
})
