import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { Agent, createServer as createHttpServer, get } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { readDns } from '../../../receivers/ebpf/dns.ts'
import { dnsBytes, overTcp, RESPONSE, TYPE } from './dns-wire.ts'

/**
 * Both sides of a talk in HTTP and DNS, to be run inside namespaces: `talk.ts serve` prints `ready` and runs until it is killed,
 * `talk.ts ask JSON` asks a server everything `rounds` times, and ends.
 */
export interface Asking {
  readonly ip4: string
  readonly ip6: string
  readonly rounds: number
}

export const HTTP_PORT = 8080
const DNS_PORT = 53

/** Names that the server knows, and how it fails with others. */
const RCODES: { readonly [name: string]: number } = {
  'www.example.test.': 0,
  'nx.example.test.': 3,
  'broken.example.test.': 2,
}
const ADDRESSES = {
  [TYPE.A]: [192, 0, 2, 9],
  [TYPE.AAAA]: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
}

async function serve(): Promise<void> {
  const http = createHttpServer(({ url = '' }, response) => {
    response.writeHead(Number(/^\/status\/(\d+)/.exec(url)?.[1] ?? 200), { 'set-cookie': 'secret' })
    response.end('body')
  })
  await new Promise<void>((resolve) => http.listen(HTTP_PORT, '::', resolve))
  const udp = createSocket('udp6', (query, { address, port }) =>
    udp.send(answerTo(query, 'udp'), port, address),
  )
  await new Promise<void>((resolve) => udp.bind(DNS_PORT, '::', resolve))
  const tcp = createTcpServer((socket) => serveDns(socket))
  await new Promise<void>((resolve) => tcp.listen(DNS_PORT, '::', resolve))
  process.stdout.write('ready\n')
}

function serveDns(socket: Socket): void {
  socket.on('error', () => {})
  socket.on('data', (segment) => socket.write(overTcp(answerTo(segment.subarray(2), 'tcp'))))
}

/** Names that begin with `tcp.` are only answered over TCP: over UDP the answer says to come again. */
function answerTo(bytes: Uint8Array, transport: 'udp' | 'tcp'): Uint8Array {
  const asked = readDns(bytes)
  if (asked === null) return new Uint8Array()
  const { id, query, queryType } = asked
  const type = queryType === 'AAAA' ? TYPE.AAAA : TYPE.A
  const isCut = transport === 'udp' && query.startsWith('tcp.')
  const rcode = isCut ? 0 : (RCODES[query.replace(/^tcp\./, '')] ?? 3)
  const found = rcode === 0 && !isCut
  return dnsBytes({
    id,
    flags: RESPONSE | rcode | (isCut ? 0x200 : 0),
    query: { name: query, type },
    answers: found ? [{ name: query, type, data: ADDRESSES[type] }] : [],
  })
}

async function ask({ ip4, ip6, rounds }: Asking): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await lookUp(ip4)
    await fetchAll(ip4)
    await fetchAll(`[${ip6}]`)
  }
}

async function lookUp(server: string): Promise<void> {
  const resolver = new Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([server])
  for (const prefix of ['', 'tcp.'])
    for (const name of Object.keys(RCODES)) {
      await resolver.resolve4(prefix + name).catch(() => {})
      await resolver.resolve6(prefix + name).catch(() => {})
    }
}

async function fetchAll(host: string): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  for (const path of ['/status/200?token=secret', '/status/404', '/status/503'])
    await new Promise<void>((resolve, reject) => {
      const url = `http://${host}:${HTTP_PORT}${path}`
      get(url, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
    })
  agent.destroy()
}

const [kind, options] = process.argv.slice(2)
if (kind === 'serve') await serve()
if (kind === 'ask') await ask(JSON.parse(options))
