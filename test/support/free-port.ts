import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the ports that Linux gives to clients and to `listen(0)` (32768 and up, ip(7): ip_local_port_range), and above
 * those that `fetch` refuses (10080 is the last, fetch.spec.whatwg.org/#port-blocking).
 */
const FIRST = 11_000
const PROCESSES = 1000
/** Each test file runs in a process of its own, and uses them again and again. */
const PORTS_OF_A_PROCESS = 20

let next = 0

/**
 * A port on loopback where nobody listens, nor will before the test does. One that the kernel picks could become the
 * source of any connection of another test in the meantime.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS_OF_A_PROCESS; tries++) {
    const port = FIRST + (process.pid % PROCESSES) * PORTS_OF_A_PROCESS + (next++ % PORTS_OF_A_PROCESS)
    if (await isFree(port)) return port
  }
  throw new Error(`all ${PORTS_OF_A_PROCESS} ports of a test file are taken`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
