import { Buffer } from 'node:buffer'
import { readSync } from 'node:fs'
import { pipeline, Readable, type TransformOptions } from 'node:stream'
import { constants, createGunzip, gunzipSync, type ZlibOptions } from 'node:zlib'

const COMPRESSED_HEAD_BYTES = 4096
const CHUNK_BYTES = 64 * 1024

/** What a deflated byte can grow to at most (zlib technical details, "Maximum Expansion Factor"). */
const LARGEST_EXPANSION = 1032

type State = { readonly kind: 'reading' | 'ended' } | { readonly kind: 'damaged'; readonly reason: string }

/**
 * The content of a gzip file, read by position, forwards. It holds what one `read` asks for and a chunk more, so that
 * an unfinished line can be read again.
 */
export class Gunzip {
  readonly #stream: ReturnType<typeof createGunzip>
  #chunks: Buffer[] = []
  /** Position of the first held byte, and behind the last. */
  #from = 0
  #to = 0
  #state: State = { kind: 'reading' }
  #arrived: () => void = () => {}

  /** The descriptor stays the caller's. */
  constructor(fd: number) {
    // With a buffer of one byte the stream stops after each chunk, so none is lost when the next one proves damaged.
    const options: ZlibOptions & TransformOptions = { chunkSize: CHUNK_BYTES, highWaterMark: 1 }
    this.#stream = createGunzip(options)
    this.#stream.on('data', (chunk: Buffer) => {
      this.#stream.pause()
      this.#chunks.push(chunk)
      this.#to += chunk.length
      this.#arrived()
    })
    this.#stream.on('end', () => this.#finish({ kind: 'ended' }))
    this.#stream.on('error', (error) => this.#finish({ kind: 'damaged', reason: error.message }))
    this.#stream.pause()
    pipeline(Readable.from(compressed(fd)), this.#stream, () => {})
  }

  /** Why the content ends before its end; null when it does not. */
  get damage(): string | null {
    return this.#state.kind === 'damaged' ? this.#state.reason : null
  }

  /** Fills `into` with the content from `position` on; fewer bytes mean that it ends there. Never goes back. */
  async read(into: Uint8Array, position: number): Promise<number> {
    if (position < this.#from) throw new Error(`gunzip is at ${this.#from}, asked for ${position}`)
    this.#forget(position)
    while (this.#to < position + into.length && this.#state.kind === 'reading') {
      await this.#nextChunk()
      this.#forget(position)
    }
    return this.#copy(into, position)
  }

  close(): void {
    this.#stream.destroy()
    this.#finish({ kind: 'ended' })
    this.#chunks = []
  }

  #nextChunk(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve
      this.#stream.resume()
    })
  }

  #forget(position: number): void {
    while (this.#chunks.length > 0 && this.#from + this.#chunks[0].length <= position)
      this.#from += this.#chunks.shift()?.length ?? 0
  }

  #copy(into: Uint8Array, position: number): number {
    let filled = 0
    let from = this.#from
    for (const chunk of this.#chunks) {
      const skipped = Math.max(0, position - from)
      const part = chunk.subarray(skipped, skipped + into.length - filled)
      into.set(part, filled)
      filled += part.length
      from += chunk.length
    }
    return filled
  }

  #finish(state: State): void {
    if (this.#state.kind === 'reading') this.#state = state
    this.#arrived()
  }
}

function* compressed(fd: number): Generator<Buffer> {
  for (let position = 0; ; ) {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    const bytes = readSync(fd, chunk, 0, chunk.length, position)
    if (bytes === 0) return
    position += bytes
    yield chunk.subarray(0, bytes)
  }
}

/** Whether a file begins as gzip does (RFC 1952, 2.3.1); no log does. */
export function isGzip(fd: number): boolean {
  const magic = Buffer.alloc(2)
  return readSync(fd, magic, 0, 2, 0) === 2 && magic[0] === 0x1f && magic[1] === 0x8b
}

/** The first bytes of the content, up to `bytes`; none when they are damaged. */
export function headOfGzip(fd: number, bytes: number): Buffer {
  const compressed = Buffer.alloc(COMPRESSED_HEAD_BYTES)
  const length = readSync(fd, compressed, 0, compressed.length, 0)
  try {
    return gunzipSync(compressed.subarray(0, length), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
      0,
      bytes,
    )
  } catch {
    return Buffer.alloc(0)
  }
}

/** Size of the content as the trailer tells it; null when it cannot be true: nobody compresses an empty log. */
export function sizeOfGzip(fd: number, compressedBytes: number): number | null {
  const trailer = Buffer.alloc(4)
  if (compressedBytes < 18 || readSync(fd, trailer, 0, 4, compressedBytes - 4) < 4) return null
  const bytes = trailer.readUInt32LE(0)
  return bytes > 0 && bytes <= compressedBytes * LARGEST_EXPANSION ? bytes : null
}
