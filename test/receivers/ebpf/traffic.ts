import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * One end of some traffic, to be run inside a namespace: `traffic.ts KIND JSON`. Listeners print `ready` and run until they are
 * killed; senders end when all is sent.
 */
const KINDS = {
  /** Takes any TCP connection and throws away what comes. */
  sink({ port }: { port: number }) {
    createServer((socket) => socket.on('error', () => {}).resume()).listen(port, '::', ready)
  },

  /** Sends `bytes` over each of `streams` connections. */
  async bulk({ host, port, streams, bytes }: { host: string; port: number; streams: number; bytes: number }) {
    await Promise.all(Array.from({ length: streams }, () => pour(host, port, bytes)))
  },

  /** Opens a connection that nobody takes. */
  async refused({ host, port }: { host: string; port: number }) {
    await new Promise((resolve) => connect(port, host).on('error', resolve))
  },

  /** Takes datagrams on `ports` ports from `port` on, and says nothing. */
  async hole({ port, ports }: { port: number; ports: number }) {
    for (let index = 0; index < ports; index++) {
      const socket = createSocket('udp6')
      await new Promise<void>((resolve) => socket.bind(port + index, '::', resolve))
    }
    ready()
  },

  /**
   * Sends `packets` datagrams of `bytes` bytes from each of `sources` ports to each of `ports` ports from `port` on, with a pause
   * after each 64.
   */
  async datagrams({
    host,
    port,
    ports = 1,
    sources = 1,
    packets,
    bytes,
    pauseMs = 0,
  }: {
    host: string
    port: number
    ports?: number
    sources?: number
    packets: number
    bytes: number
    pauseMs?: number
  }) {
    const payload = Buffer.alloc(bytes, 'x')
    const type = host.includes(':') ? 'udp6' : 'udp4'
    const sockets = Array.from({ length: sources }, () => createSocket(type))
    for (const socket of sockets) {
      await new Promise<void>((resolve) => socket.bind(0, resolve))
      // Nobody may answer, which is no failure.
      socket.on('error', () => {})
    }
    for (let round = 0; round < packets; round++)
      for (const socket of sockets)
        for (let index = 0; index < ports; index++) {
          const sent = new Promise<void>((resolve) =>
            socket.send(payload, port + index, host, () => resolve()),
          )
          if (index % 64 === 63 || index === ports - 1) await sent
          if (index % 64 === 63 && pauseMs > 0) await sleep(pauseMs)
        }
    for (const socket of sockets) socket.close()
  },
}

async function pour(host: string, port: number, bytes: number): Promise<void> {
  const socket = connect(port, host)
  const piece = Buffer.alloc(1 << 18, 'x')
  for (let left = bytes; left > 0; left -= piece.length) {
    const isTaken = socket.write(left < piece.length ? piece.subarray(0, left) : piece)
    if (!isTaken) await new Promise((resolve) => socket.once('drain', resolve))
  }
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject).on('close', () => resolve())
    socket.end()
  })
}

function ready(): void {
  process.stdout.write('ready\n')
}

const [kind, options] = process.argv.slice(2)
await KINDS[kind as keyof typeof KINDS](JSON.parse(options))
