import { createConnection, type Socket } from 'node:net'
import type { Clock, Logger } from '../../src/sdk/index.ts'
import type { FrameSink } from './emitter.ts'
import { jsonOf } from './frame-json.ts'
import { encodeFrame, FrameError, FrameReader, jsonFrame } from './frames.ts'
import type { Progress } from './progress.ts'
import { PROTOCOL_VERSION, type Request } from './world.ts'

const RETRY_MS = 1000

/** How one connection ended. */
type End = { readonly kind: 'closed' } | { readonly kind: 'failed'; readonly reason: string }

/** Reads from an agent, and goes back to it whenever the connection ends. Records that were taken in do not come again. */
export class AgentClient {
  readonly #parts
  #complaint: string | null = null

  constructor(parts: {
    /** The agent's socket. */
    readonly path: string
    /** What it is asked to do, as written in a config. */
    readonly watch: object
    readonly progress: Progress
    readonly clock: Clock
    readonly log: Logger
  }) {
    this.#parts = parts
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    while (!signal.aborted) {
      const end = await this.#talk(sink, signal)
      if (signal.aborted) return
      this.#complain(end)
      await clock.sleep(RETRY_MS, signal)
    }
  }

  async #talk(sink: FrameSink, signal: AbortSignal): Promise<End> {
    const socket = createConnection(this.#parts.path)
    const hangUp = () => socket.destroy()
    signal.addEventListener('abort', hangUp, { once: true })
    try {
      socket.write(encodeFrame(jsonFrame('request', this.#request())))
      return await this.#listen(socket, sink, signal)
    } catch (error) {
      if (!(error instanceof FrameError) && !isSystemError(error)) throw error
      return { kind: 'failed', reason: error.message }
    } finally {
      signal.removeEventListener('abort', hangUp)
      socket.destroy()
    }
  }

  /** The socket is read no faster than the frames are taken. */
  async #listen(socket: Socket, sink: FrameSink, signal: AbortSignal): Promise<End> {
    const reader = new FrameReader()
    for await (const piece of socket)
      for (const frame of reader.read(piece)) {
        if (signal.aborted) return { kind: 'closed' }
        if (frame.type === 'refusal') return { kind: 'failed', reason: jsonOf('refusal', frame).reason }
        if (frame.type === 'hello') this.#greeted()
        await sink(frame)
      }
    return { kind: 'closed' }
  }

  #request(): Request {
    const { watch, progress } = this.#parts
    return { version: PROTOCOL_VERSION, watch, source: progress.source, records: progress.records }
  }

  #greeted(): void {
    this.#parts.log.info('connected to the agent', { socket: this.#parts.path })
    this.#complaint = null
  }

  #complain(end: End): void {
    const reason = end.kind === 'closed' ? 'it closed the connection' : end.reason
    if (reason === this.#complaint) return
    this.#complaint = reason
    this.#parts.log.error('no agent to read from; trying again every second', {
      socket: this.#parts.path,
      reason,
      help: `start one: flowfold ebpf-agent --socket ${this.#parts.path}`,
    })
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error
}
