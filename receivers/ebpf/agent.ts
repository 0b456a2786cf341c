import { chmodSync, existsSync, unlinkSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import type { Clock, Logger } from '../../src/sdk/index.ts'
import { Backlog } from './backlog.ts'
import { NOISE } from './drop-policy.ts'
import { jsonOf } from './frame-json.ts'
import { encodeFrame, type Frame, FrameError, FrameReader, jsonFrame } from './frames.ts'
import { KernelWatch } from './kernel-watch.ts'
import { watchSchema } from './watch-settings.ts'
import { PROTOCOL_VERSION, type Request } from './world.ts'

export interface AgentParts {
  readonly socket: string
  /** The last frames are kept so far, for a pipeline that is away or slow. */
  readonly bufferBytes: number
  readonly clock: Clock
  readonly log: Logger
}

/** A kernel that is watched as somebody asked for, and what has not been fetched yet. */
interface Watching {
  /** What was asked for, as JSON. */
  readonly request: string
  readonly watch: KernelWatch
  readonly backlog: Backlog
  /** The newest of each, for whoever comes later. */
  survey: Frame | null
  stop(): Promise<void>
}

/** Who owns the socket and its group may ask. */
const SOCKET_MODE = 0o660
/** A request is a few hundred bytes; whoever sends more is somebody else. */
const REQUEST_TIMEOUT_MS = 5000
/** A pipeline that does not take the last frames in this time does not get them. */
const GOODBYE_MS = 2000

/**
 * The part that needs rights, as a process of its own. It does what a pipeline asks it to, keeps on while the pipeline is away, and
 * hands over what it has kept. One pipeline at a time.
 */
export class Agent {
  readonly #parts: AgentParts
  #watching: Watching | null = null
  #connection: Socket | null = null
  #turn: Promise<void> = Promise.resolve()

  constructor(parts: AgentParts) {
    this.#parts = parts
  }

  /** Serves until `signal` aborts. Throws when the socket cannot be had. */
  async run(signal: AbortSignal): Promise<void> {
    const { socket: path, log } = this.#parts
    await this.#clearPath(path)
    const server = createServer((socket) => this.#meet(socket))
    await listening(server, path)
    chmodSync(path, SOCKET_MODE)
    log.info('waiting for a pipeline', { socket: path })
    await aborted(signal)
    await this.#watching?.stop()
    await this.#hangUp()
    await new Promise((resolve) => server.close(resolve))
  }

  /** What was counted last is handed over before the socket closes. */
  async #hangUp(): Promise<void> {
    const socket = this.#connection
    if (socket === null) return
    const deadline = this.#parts.clock.after(GOODBYE_MS, () => socket.destroy())
    await new Promise((resolve) => {
      socket.once('close', resolve)
      const finish = () => {
        this.#send()
        if (!socket.writableNeedDrain) socket.end()
      }
      socket.on('drain', finish)
      finish()
    })
    deadline()
  }

  /** Removes a socket that nobody listens on any more. */
  async #clearPath(path: string): Promise<void> {
    if (!existsSync(path)) return
    const isAlive = await new Promise<boolean>((resolve) => {
      const probe = createConnection(path, () => {
        probe.destroy()
        resolve(true)
      }).on('error', () => resolve(false))
    })
    if (isAlive) throw new Error(`another agent listens on ${path}`)
    unlinkSync(path)
  }

  /** Reads the request; what comes after it is of no interest. */
  #meet(socket: Socket): void {
    const reader = new FrameReader()
    let isAnswered = false
    const cancel = this.#parts.clock.after(REQUEST_TIMEOUT_MS, () => {
      if (!isAnswered) socket.destroy()
    })
    socket
      .on('error', () => socket.destroy())
      .on('close', () => {
        cancel()
        if (this.#connection === socket) this.#connection = null
      })
    socket.on('data', (piece) => {
      if (isAnswered) return
      try {
        for (const frame of reader.read(piece)) {
          if (frame.type !== 'request') throw new FrameError(`a frame "${frame.type}" instead of a request`)
          isAnswered = true
          // One after the other: a new request may end what the one before it began.
          this.#turn = this.#turn
            .then(() => this.#answer(jsonOf('request', frame), socket))
            .catch((error) => this.#refuse(socket, (error as Error).message))
          return
        }
      } catch (error) {
        if (!(error instanceof FrameError)) throw error
        this.#refuse(socket, error.message)
      }
    })
  }

  async #answer(request: Request, socket: Socket): Promise<void> {
    if (request.version !== PROTOCOL_VERSION)
      return this.#refuse(
        socket,
        `the agent speaks version ${PROTOCOL_VERSION}, the pipeline ${request.version}; run both from one build`,
      )
    const settings = watchSchema.safeParse(request.watch)
    if (!settings.success) return this.#refuse(socket, `settings: ${settings.error.issues[0].message}`)
    if (this.#connection !== null) return this.#refuse(socket, 'another pipeline is connected to this agent')
    const text = JSON.stringify(request.watch)
    if (this.#watching !== null && this.#watching.request !== text) await this.#conclude(request, socket)
    // Whoever asked may have gone meanwhile.
    if (socket.destroyed) return
    this.#watching ??= this.#begin(text, settings.data)
    this.#greet(request, socket)
    this.#connection = socket
    this.#parts.log.info('a pipeline is connected')
    socket.on('drain', () => this.#send())
    this.#send()
  }

  /** Ends what was asked for before; its last records are still handed over to whoever got those before them. */
  async #conclude(request: Request, socket: Socket): Promise<void> {
    const watching = this.#watching
    if (watching === null) return
    await watching.stop()
    if (request.source === watching.watch.source) {
      this.#greet(request, socket)
      for (let next = watching.backlog.next(); next !== null; next = watching.backlog.next())
        socket.write(next.bytes)
    }
    this.#watching = null
  }

  /** Says whose records follow, and goes to where the pipeline is. */
  #greet(request: Request, socket: Socket): void {
    if (this.#watching === null) return
    const { watch, backlog, survey } = this.#watching
    socket.write(encodeFrame(jsonFrame('hello', { source: watch.source })))
    this.#introduce(socket)
    if (survey !== null) socket.write(encodeFrame(survey))
    backlog.rewind(request.source === watch.source ? request.records : 0)
  }

  /** What whoever missed frames has to know to read those that follow. */
  #introduce(socket: Socket): void {
    if (this.#watching === null) return
    const { watch } = this.#watching
    socket.write(encodeFrame(jsonFrame('world', watch.world)))
  }

  #begin(request: string, settings: ReturnType<typeof watchSchema.parse>): Watching {
    const { clock, log, bufferBytes } = this.#parts
    const watch = new KernelWatch({ settings, ignoredDrops: NOISE, clock, log })
    const backlog = new Backlog(bufferBytes)
    const abort = new AbortController()
    const watching: Watching = {
      request,
      watch,
      backlog,
      survey: null,
      stop: async () => {
        abort.abort()
        await running
      },
    }
    const running = watch
      .run((frame) => {
        if (frame.type === 'hello') return
        if (frame.type === 'survey') watching.survey = { ...frame, payload: Buffer.from(frame.payload) }
        backlog.add(frame)
        this.#send()
      }, abort.signal)
      .catch((error: Error) => {
        log.error('the kernel cannot be read any more; the next request begins anew', {
          reason: error.message,
        })
        if (this.#watching === watching) this.#watching = null
        this.#connection?.destroy()
      })
    return watching
  }

  /** As much as the pipeline takes; its socket says when it takes more. */
  #send(): void {
    const socket = this.#connection
    if (socket === null || this.#watching === null) return
    while (!socket.writableNeedDrain && !socket.destroyed) {
      const next = this.#watching.backlog.next()
      if (next === null) return
      if (next.skipped) this.#introduce(socket)
      socket.write(next.bytes)
    }
  }

  #refuse(socket: Socket, reason: string): void {
    this.#parts.log.warn('a connection was refused', { reason })
    socket.end(encodeFrame(jsonFrame('refusal', { reason })))
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
