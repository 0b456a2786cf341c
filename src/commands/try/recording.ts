import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { Decoder, defineReceiver, type Host, type Intake, type ReceiverDefinition } from '../../sdk/index.ts'

const CHUNK_BYTES = 2 ** 20
/** A line that does not fit is damage: Hubble's are a few kilobytes. */
const INPUT_BYTES = 8 * 2 ** 20
const LINE_FEED = 0x0a

/** Where the bytes of an events.log come from. */
export type Bytes = (signal: AbortSignal) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** The bytes of a recording, which may be compressed. */
export function bytesOf(path: string): Bytes {
  return (signal) => {
    const file = createReadStream(path, { highWaterMark: CHUNK_BYTES, signal })
    if (!path.endsWith('.gz')) return file
    const plain = createGunzip({ chunkSize: CHUNK_BYTES })
    file.on('error', (error) => plain.destroy(error))
    return file.pipe(plain)
  }
}

/**
 * Reads an events.log once from its beginning to its end. Unlike a receiver of the catalog it keeps no position.
 * `failed` is told when it cannot be read to its end.
 */
export function recording(bytes: Bytes, failed: (error: Error) => void): ReceiverDefinition {
  return defineReceiver({
    kind: 'receiver',
    type: 'recording',
    summary: 'Reads a recording.',
    settings: z.unknown(),
    metrics: [],
    create: ({ host, reads }) => ({
      position: () => null,
      async run(intake, signal) {
        const decoder = new Decoder({ dictionary: host.dictionary, reads, inputBytes: INPUT_BYTES })
        const lines = new Lines(decoder, host, intake)
        try {
          for await (const chunk of bytes(signal)) await lines.take(chunk)
        } catch (error) {
          failed(error as Error)
        }
        // The last line may lack its line feed.
        await lines.take(Uint8Array.of(LINE_FEED))
      },
    }),
  })
}

class Lines {
  readonly #decoder: Decoder
  readonly #host: Host
  readonly #intake: Intake
  #filled = 0
  /** Inside a line that is too long. */
  #isSkipping = false

  constructor(decoder: Decoder, host: Host, intake: Intake) {
    this.#decoder = decoder
    this.#host = host
    this.#intake = intake
  }

  async take(chunk: Uint8Array): Promise<void> {
    const { input } = this.#decoder
    let rest = this.#isSkipping ? this.#skip(chunk) : chunk
    while (rest.length > 0) {
      const part = rest.subarray(0, input.length - this.#filled)
      input.set(part, this.#filled)
      this.#filled += part.length
      rest = rest.subarray(part.length)
      await this.#decode()
      if (this.#filled < input.length) continue
      this.#filled = 0
      this.#isSkipping = true
      this.#intake.lost({ kind: 'dropped', reason: 'line_too_long', flows: 1 })
      rest = this.#skip(rest)
    }
  }

  async #decode(): Promise<void> {
    let at = 0
    for (;;) {
      const { batch, consumedBytes, losses } = this.#decoder.decode(at, this.#filled, this.#host.clock.now())
      if (consumedBytes === 0) break
      for (const loss of losses) this.#intake.lost(loss)
      const pause = this.#intake.next(batch)
      if (pause) await pause
      at += consumedBytes
    }
    this.#decoder.input.copyWithin(0, at, this.#filled)
    this.#filled -= at
  }

  /** What stands behind the end of the line, which may be nothing yet. */
  #skip(chunk: Uint8Array): Uint8Array {
    const end = chunk.indexOf(LINE_FEED)
    this.#isSkipping = end < 0
    return end < 0 ? new Uint8Array() : chunk.subarray(end + 1)
  }
}
