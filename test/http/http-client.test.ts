import assert from 'node:assert/strict'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createProxy } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HttpClient, type HttpClientOptions, type HttpOutcome } from '../../src/http/http-client.ts'
import { TestCa } from '../support/certificates.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { type Answer, faultyServer, refusingUrl } from '../support/faulty-server.ts'
import { tempDir } from '../support/temp-dir.ts'

const NEVER = new AbortController().signal
const NO_TLS = { caFile: null, certFile: null, keyFile: null, serverName: null, insecureSkipVerify: false }
const TOKEN = 'a-token-that-nobody-may-see'

function client(test: TestContext, options: Partial<HttpClientOptions> = {}): HttpClient {
  const made = new HttpClient({
    clock: new FakeClock(),
    timeoutMs: 30_000,
    connections: 2,
    tls: NO_TLS,
    proxy: 'none',
    headers: () => ({ authorization: `Bearer ${TOKEN}` }),
    ...options,
  })
  test.after(() => made.close())
  return made
}

function post(client: HttpClient, url: string, body = 'rows', signal = NEVER): Promise<HttpOutcome> {
  return client.request({ method: 'POST', url, body: Buffer.from(body) }, signal)
}

function reasonOf(outcome: HttpOutcome): string {
  return outcome.kind === 'failure' ? outcome.reason : outcome.summary
}

test('an answer has a status, headers, a body and one line for people', async (t) => {
  const server = await faultyServer(t, [
    { status: 503, headers: { 'retry-after': '7' }, body: '{\n  "text": "busy"\n}\u0000' },
  ])
  const outcome = await post(client(t), `${server.url}/v1/logs`)
  assert.equal(outcome.kind, 'answer')
  if (outcome.kind !== 'answer') return
  assert.equal(outcome.status, 503)
  assert.equal(outcome.headers['retry-after'], '7')
  assert.equal(outcome.summary, '503 Service Unavailable: { "text": "busy" }')
  const [request] = server.requests
  assert.deepEqual(
    [request.method, request.url, request.body.toString(), request.headers.authorization],
    ['POST', '/v1/logs', 'rows', `Bearer ${TOKEN}`],
  )
})

for (const compression of ['gzip', 'zstd'] as const)
  test(`a body goes out in ${compression}, and says so`, async (t) => {
    const server = await faultyServer(t, [{ status: 200 }])
    const body = Buffer.from('rows and rows and rows')
    await client(t).request({ method: 'POST', url: server.url, body, compression }, NEVER)
    assert.equal(server.requests[0].headers['content-encoding'], compression)
    assert.equal(server.requests[0].body.toString(), 'rows and rows and rows')
  })

test('requests share a few connections', async (t) => {
  const server = await faultyServer(t, [{ status: 200, body: 'x'.repeat(1000) }])
  const http = client(t)
  for (let i = 0; i < 10; i++) await post(http, server.url)
  assert.equal(server.requests.length, 10)
  assert.ok(server.connections() <= 2, `${server.connections()} connections`)
})

const FAULTS: readonly (readonly [what: string, answer: Answer, reason: RegExp])[] = [
  ['cut before the answer', 'reset', /^the connection to 127\.0\.0\.1:\d+ was closed before an answer came$/],
  [
    'cut inside the answer',
    'half',
    /^the connection to 127\.0\.0\.1:\d+ was closed while the answer was read$/,
  ],
]

for (const [what, answer, reason] of FAULTS)
  test(`a connection ${what} is a failure of the network`, async (t) => {
    const server = await faultyServer(t, [answer, { status: 200 }])
    const http = client(t)
    const outcome = await post(http, server.url)
    assert.equal(outcome.kind === 'failure' && outcome.cause, 'network')
    assert.match(reasonOf(outcome), reason)
    assert.equal((await post(http, server.url)).kind, 'answer')
  })

test('a refused connection says where', async (t) => {
  const url = await refusingUrl()
  assert.deepEqual(await post(client(t), url), {
    kind: 'failure',
    cause: 'network',
    reason: `connection refused by ${new URL(url).host}`,
  })
})

test('what is no HTTP server is told as such', async (t) => {
  const server = await faultyServer(t, [
    () => {
      throw new Error('never asked')
    },
  ])
  const outcome = await post(client(t), server.url.replace('http:', 'https:'))
  assert.match(reasonOf(outcome), /does not speak TLS; is the endpoint "http:\/\/"\?$/)
})

test('an answer that does not come in time ends the attempt', async (t) => {
  const clock = new FakeClock()
  const server = await faultyServer(t, ['silence', { status: 200 }])
  const http = client(t, { clock, timeoutMs: 5000 })
  const outcome = post(http, server.url)
  await server.seen()
  await clock.advance(5000)
  assert.deepEqual(await outcome, {
    kind: 'failure',
    cause: 'timeout',
    reason: `no answer from ${new URL(server.url).host} within 5s`,
  })
  assert.equal((await post(http, server.url)).kind, 'answer')
})

test('an attempt that is called off rejects, and leaves no timer', async (t) => {
  const clock = new FakeClock()
  const server = await faultyServer(t, ['silence'])
  const abort = new AbortController()
  const outcome = post(client(t, { clock }), server.url, 'rows', abort.signal)
  await server.seen()
  abort.abort(new Error('stopping'))
  await assert.rejects(outcome, /stopping/)
  await assert.rejects(post(client(t), server.url, 'rows', abort.signal), /stopping/)
})

test('of an endless answer only the beginning is read', async (t) => {
  const server = await faultyServer(t, [{ status: 200, body: 'x'.repeat(10 * 2 ** 20) }, { status: 204 }])
  const http = client(t)
  const outcome = await post(http, server.url)
  assert.equal(outcome.kind === 'answer' && outcome.body.length, 65_536)
  assert.equal(reasonOf(outcome).length, 300)
  assert.equal(reasonOf(await post(http, server.url)), '204 No Content')
})

test('a server that repeats what it was sent gives no secret away', async (t) => {
  const server = await faultyServer(t, [
    ({ headers }) => ({ status: 400, body: `cannot read ${JSON.stringify(headers)}` }),
  ])
  const outcome = await post(client(t), server.url)
  assert.match(reasonOf(outcome), /"authorization":"\*\*\*"/)
  assert.doesNotMatch(reasonOf(outcome), new RegExp(TOKEN))
})

test('a proxy is asked for the tunnel, and its password is no part of any reason', async (t) => {
  const asked: unknown[] = []
  const proxy = createProxy()
  proxy.on('connect', (request, socket) => {
    asked.push([request.url, request.headers['proxy-authorization']])
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => proxy.close())
  const { port } = proxy.address() as AddressInfo
  const http = client(t, { proxy: `http://user:pass-word@127.0.0.1:${port}` })
  const outcome = await post(http, 'https://backend.example:4318')
  const basic = Buffer.from('user:pass-word').toString('base64')
  assert.deepEqual(asked, [['backend.example:4318', `Basic ${basic}`]])
  assert.equal(reasonOf(outcome), 'the proxy answered 407 when asked for backend.example:4318')
})

test('the environment names a proxy, and those who are reached without', async (t) => {
  const asked: unknown[] = []
  const proxy = createProxy((request, response) => {
    asked.push(request.url)
    response.end()
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { http_proxy = '', no_proxy = '' } = process.env
  t.after(() => {
    proxy.close()
    Object.assign(process.env, { http_proxy, no_proxy })
  })
  const { port } = proxy.address() as AddressInfo
  Object.assign(process.env, { http_proxy: `http://127.0.0.1:${port}`, no_proxy: '127.0.0.1' })
  const server = await faultyServer(t, [{ status: 200 }])
  const http = client(t, { proxy: null })
  await post(http, 'http://backend.example/v1/logs')
  await post(http, server.url)
  assert.deepEqual(asked, ['http://backend.example/v1/logs'])
  assert.equal(server.requests.length, 1)
})

test('a server with a certificate of an unknown CA is not trusted', async (t) => {
  const server = await faultyServer(t, [{ status: 200 }], new TestCa(tempDir(t)).sign('server'))
  assert.match(reasonOf(await post(client(t), server.url)), /signed by nobody we know; set tls\.ca_file/)
  assert.equal(server.requests.length, 0)
  const careless = client(t, { tls: { ...NO_TLS, insecureSkipVerify: true } })
  assert.equal(reasonOf(await post(careless, server.url)), '200 OK')
})

test('a CA of our own is trusted, for names it signed and while it lasts', async (t) => {
  const ca = new TestCa(tempDir(t))
  const tls = { ...NO_TLS, caFile: ca.certFile }
  const reasonWith = async (certificate: { cert: string; key: string }, more = {}) => {
    const server = await faultyServer(t, [{ status: 200 }], certificate)
    return reasonOf(await post(client(t, { tls: { ...tls, ...more } }), server.url))
  }
  assert.equal(await reasonWith(ca.sign('good')), '200 OK')
  assert.match(await reasonWith(ca.sign('old', { days: -1 })), /^TLS: the certificate of .* has expired$/)
  const named = ca.sign('named', { names: ['collector.example'] })
  assert.match(await reasonWith(named), /is for another name; set tls\.server_name/)
  assert.equal(await reasonWith(named, { serverName: 'collector.example' }), '200 OK')
})

test('a server that wants a certificate gets ours, and the renewed one', async (t) => {
  const folder = tempDir(t)
  const clock = new FakeClock()
  const ca = new TestCa(folder)
  const server = await faultyServer(t, [{ status: 200 }], {
    ...ca.sign('server'),
    ca: ca.cert,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const stranger = new TestCa(folder, 'stranger').sign('wrong')
  const right = ca.sign('right')
  const tls = { ...NO_TLS, caFile: ca.certFile, certFile: stranger.certFile, keyFile: stranger.keyFile }
  const http = client(t, { clock, tls })
  assert.equal((await post(http, server.url)).kind, 'failure')

  renameSync(right.certFile, stranger.certFile)
  await clock.advance(1000)
  const mismatch = await post(http, server.url)
  assert.match(reasonOf(mismatch), /key values mismatch/)

  renameSync(right.keyFile, stranger.keyFile)
  await clock.advance(1000)
  assert.equal(reasonOf(await post(http, server.url)), '200 OK')

  const anonymous = client(t, { tls: { ...NO_TLS, caFile: ca.certFile } })
  assert.match(reasonOf(await post(anonymous, server.url)), /tls\.cert_file/)
})

test('a CA file that is gone for a moment still holds', async (t) => {
  const clock = new FakeClock()
  const ca = new TestCa(tempDir(t))
  const server = await faultyServer(t, [{ status: 200 }], ca.sign('server'))
  const http = client(t, { clock, tls: { ...NO_TLS, caFile: ca.certFile } })
  rmSync(ca.certFile)
  await clock.advance(1000)
  assert.equal(reasonOf(await post(http, server.url)), '200 OK')
})

test('a request through a proxy reaches the backend', async (t) => {
  const ca = new TestCa(tempDir(t))
  const server = await faultyServer(t, [{ status: 200 }], ca.sign('server'))
  const proxy = createProxy()
  proxy.on('connect', (request, socket) => {
    const [host, port] = (request.url ?? '').split(':')
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(through).pipe(socket)
    })
    for (const end of [socket, through]) end.on('error', () => {})
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => proxy.close())
  const { port } = proxy.address() as AddressInfo
  const tls = { ...NO_TLS, caFile: ca.certFile }
  const outcome = await post(client(t, { tls, proxy: `http://127.0.0.1:${port}` }), server.url)
  assert.equal(reasonOf(outcome), '200 OK')
})

test('what is no certificate is told with the first attempt after it came', async (t) => {
  const clock = new FakeClock()
  const folder = tempDir(t)
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, new TestCa(folder).cert)
  const http = client(t, { clock, tls: { ...NO_TLS, caFile } })
  writeFileSync(caFile, 'no certificate')
  await clock.advance(1000)
  assert.match(
    reasonOf(await post(http, 'https://127.0.0.1:1')),
    /^127.0.0.1:1: the files of `tls` are no PEM/,
  )
})
