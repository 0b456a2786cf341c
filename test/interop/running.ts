import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const START_TIMEOUT_MS = 30_000
const LOOK_EVERY_MS = 50

/** A peer in a process of its own, and what it said. */
export class Running {
  readonly #child: ReturnType<typeof spawn>
  #said = ''

  private constructor(path: string, argv: readonly string[]) {
    this.#child = spawn(path, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (text) => {
        this.#said += text
      })
  }

  /** Resolves when it listens on all the ports. */
  static async start(path: string, argv: readonly string[], ports: readonly number[]): Promise<Running> {
    const running = new Running(path, argv)
    const deadlineMs = Date.now() + START_TIMEOUT_MS
    for (const port of ports)
      while (!(await listens(port))) {
        if (running.#child.exitCode !== null || Date.now() > deadlineMs)
          throw new Error(`${path} does not listen on ${port}:\n${running.#said}`)
        await sleep(LOOK_EVERY_MS)
      }
    return running
  }

  /** Lets it write what it has. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    const done = (connected: boolean) => {
      socket.destroy()
      resolve(connected)
    }
    socket.on('connect', () => done(true)).on('error', () => done(false))
  })
}
