import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { type HttpHead, readHttp } from '../../../receivers/ebpf/http.ts'

const read = (text: string) => readHttp(Buffer.from(text, 'latin1'))
const get = (url: string, protocol = 'HTTP/1.1'): HttpHead => ({
  kind: 'request',
  method: 'GET',
  url,
  protocol,
})

const HEADS: readonly (readonly [what: string, text: string, expected: HttpHead | null])[] = [
  ['a request', 'GET /cart HTTP/1.1\r\nHost: shop.test\r\n\r\n', get('http://shop.test/cart')],
  [
    'the host among others, in any case',
    'GET / HTTP/1.1\r\nA: b\r\nhOsT:  Shop.Test:8080 \r\n\r\n',
    get('http://shop.test:8080/'),
  ],
  ['a host in IPv6', 'GET / HTTP/1.1\r\nHost: [fd99::2]:80\r\n\r\n', get('http://[fd99::2]:80/')],
  ['no host', 'GET /a HTTP/1.0\r\n\r\n', get('/a', 'HTTP/1.0')],
  ['a host behind the cut', 'GET /a HTTP/1.1\r\nHost: shop.te', get('/a')],
  ['a host in the body', 'GET /a HTTP/1.1\r\n\r\nHost: secret.test\r\n', get('/a')],
  ['a host that is none', 'GET /a HTTP/1.1\r\nHost: user:pw@shop\r\n\r\n', get('/a')],
  ['a query and a fragment', 'GET /a?token=secret#part HTTP/1.1\r\n\r\n', get('/a')],
  [
    'a URL inside the path',
    'GET /get/http://u:secret@a.test/b HTTP/1.1\r\n\r\n',
    get('/get/http://a.test/b'),
  ],
  ['path parameters', 'GET /a;jsessionid=secret/b;v=1?q HTTP/1.1\r\n\r\n', get('/a/b')],
  [
    'a whole URL, to a proxy',
    'GET http://user:secret@Shop.test/a?b HTTP/1.1\r\n\r\n',
    get('http://shop.test/a'),
  ],
  ['a whole URL without a path', 'GET http://shop.test?b HTTP/1.1\r\n\r\n', get('http://shop.test/')],
  ['a URL of which nobody can say where its host is', 'GET http://a:b@c@d/ HTTP/1.1\r\n\r\n', null],
  [
    'a tunnel',
    'CONNECT Shop.test:443 HTTP/1.1\r\n\r\n',
    { kind: 'request', method: 'CONNECT', url: 'shop.test:443', protocol: 'HTTP/1.1' },
  ],
  [
    'a question about the server',
    'OPTIONS * HTTP/1.1\r\n\r\n',
    { kind: 'request', method: 'OPTIONS', url: '*', protocol: 'HTTP/1.1' },
  ],
  ['bytes that are no characters', 'GET /caf\xe9 HTTP/1.1\r\n\r\n', get('/caf%E9')],
  ['a cut path', 'GET /aaaa', get('/aaaa', '')],
  ['a cut query', 'GET /aaaa?token=sec', get('/aaaa', '')],
  ['a cut protocol', 'GET /aaaa HTTP/', get('/aaaa', '')],
  ['a path that is too long', `GET /${'a'.repeat(400)} HTTP/1.1\r\n\r\n`, get(`/${'a'.repeat(255)}`)],
  ['an answer', 'HTTP/1.1 503 Service Unavailable\r\n', { kind: 'answer', code: 503, protocol: 'HTTP/1.1' }],
  ['an answer without a reason', 'HTTP/1.1 204\r\n', { kind: 'answer', code: 204, protocol: 'HTTP/1.1' }],
  ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n', { kind: 'answer', code: 101, protocol: 'HTTP/1.1' }],
  ['an answer to wait for another', 'HTTP/1.1 100 Continue\r\n\r\n', { kind: 'interim' }],
  ['a status that is none', 'HTTP/1.1 700 x\r\n', null],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', null],
  ['a word of another protocol', 'QUIT /now\r\n', null],
  ['a method without a target', 'GET \r\n', null],
  ['a line of something else', 'GET lost\r\n', null],
  ['the middle of a body', '{"a":1}', null],
  ['nothing', '', null],
]

for (const [what, text, expected] of HEADS) test(`${what}`, () => assert.deepEqual(read(text), expected))

test('what a real client and a real server say to each other is read', async () => {
  const server = createServer((_, response) => response.writeHead(404, { 'x-secret': 'a' }).end('no'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const seen: (HttpHead | null)[] = []
  const relay = createTcpServer((client) => {
    const upstream = connect((server.address() as { port: number }).port, '127.0.0.1')
    client.once('data', (head) => seen.push(readHttp(head)))
    upstream.once('data', (head) => seen.push(readHttp(head)))
    client.pipe(upstream).pipe(client)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const { port } = relay.address() as { port: number }
  const asked = request({
    port,
    method: 'POST',
    path: '/orders?key=secret',
    headers: { authorization: 'x' },
    agent: false,
  })
  asked.end('body')
  const [response] = await once(asked, 'response')
  response.resume()
  await once(response, 'end')
  relay.close()
  server.close()
  assert.deepEqual(seen, [
    { kind: 'request', method: 'POST', url: `http://localhost:${port}/orders`, protocol: 'HTTP/1.1' },
    { kind: 'answer', code: 404, protocol: 'HTTP/1.1' },
  ])
})

/** Each hid a secret from a rule that would have found it by itself. */
const HIDDEN = [
  'GET http://h/;s=S3CREThttp://u:S3CRET@h/ HTTP/1.1',
  'GET /http://u:S3CRET;x@h/ HTTP/1.1',
  'GET /;a/u:S3CRET@h/ HTTP/1.1',
]

test('of any head at all, nothing leaves but method, host, path, status and protocol', () => {
  const secret = 'S3CRET'
  const piece = fc.constantFrom(
    ...['GET ', 'POST ', '/a', `?q=${secret}`, `#${secret}`, `;s=${secret}`, ' HTTP/1.1', '\r\n', '\n'],
    ...[
      `Cookie: ${secret}`,
      'Host: a.test',
      ':',
      ' ',
      'HTTP/1.1 ',
      '200',
      `http://u:${secret}@h/`,
      '\0',
      '\xff',
    ],
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = `${pieces.join('')}\r\nAuthorization: ${secret}\r\n\r\n${secret}`
      assert.ok(!JSON.stringify(read(text)).includes(secret), text)
    }),
    { numRuns: 20_000, examples: HIDDEN.map((target) => [[target]]) },
  )
})

test('any bytes are read', () => {
  const start = fc.constantFrom('', 'GET /', 'HTTP/1.1 2', 'CONNECT ', 'GET http://')
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 600 }), (text, bytes) => {
      const head = readHttp(Buffer.concat([Buffer.from(text), bytes]))
      if (head?.kind === 'request') assert.match(head.url, /^[\x21-\x7e]{1,600}$/)
    }),
    { numRuns: 2000 },
  )
})
