import { once } from 'node:events'
import { createServer, type Server } from 'node:http'

/** A Splunk that takes everything, on loopback, and remembers how often it got each row. */
export class HecSink {
  readonly times = new Map<string, number>()
  /** Rows, repeats included. */
  rows = 0
  readonly #port: number
  readonly #server: Server

  constructor(port: number) {
    this.#port = port
    this.#server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      this.#take(Buffer.concat(parts).toString('latin1'))
      response.setHeader('content-type', 'application/json')
      response.end('{"text":"Success","code":0}')
    })
  }

  /** Until now, connections to its port were refused. */
  async open(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #take(body: string): void {
    for (const [, uuid] of body.matchAll(/"UUID":"([^"]+)"/g)) {
      this.rows++
      this.times.set(uuid, (this.times.get(uuid) ?? 0) + 1)
    }
  }
}
