/**
 * What the kernel's side hands to the side that makes flows: in one process as it lies in memory, between two as bytes on a
 * Unix socket. Frames that count records say how many records came before them, so whoever reads them sees what is missing.
 */
export interface Frame {
  readonly type: FrameType
  /** Records in the payload; 0 for frames that tell of the world. */
  readonly records: number
  /** Records since the source began, before this frame. */
  readonly first: number
  /** Valid only until the call that brought it returns. */
  readonly payload: Buffer
}

export type FrameType = keyof typeof FRAME_NUMBERS

const FRAME_NUMBERS = {
  /** JSON, `Hello`: the first frame of a connection. */
  hello: 1,
  /** JSON, `World`: what names, features and clocks the records that follow are to be read with. */
  world: 2,
  /** JSON, `Losses`: sums since the source began. */
  losses: 3,
  /** Flow keys, then their counts. */
  flows: 4,
  /** Drop keys, then their counts. */
  drops: 5,
  /** Flow keys of sockets, then their counts. */
  retransmits: 6,
  /** A span of a ring. */
  records: 7,
  /** JSON, `Request`: what the pipeline asks of the agent. */
  request: 8,
  /** JSON, `Survey`: who lives on this host. */
  survey: 9,
  /** JSON, `Refusal`: why the agent does not do what it was asked to. */
  refusal: 10,
} as const

const FRAME_TYPES = new Map<number, FrameType>(
  Object.entries(FRAME_NUMBERS).map(([type, number]) => [number, type as FrameType]),
)

/** u32 bytes of payload, u32 type, u32 records, u32 zero, u64 first; little endian. */
export const FRAME_HEADER_BYTES = 24
/** Nobody who speaks our language sends a larger one. */
export const MAX_PAYLOAD_BYTES = 4 << 20

export function encodeFrame({ type, records, first, payload }: Frame): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length)
  bytes.writeUInt32LE(payload.length, 0)
  bytes.writeUInt32LE(FRAME_NUMBERS[type], 4)
  bytes.writeUInt32LE(records, 8)
  bytes.writeBigUInt64LE(BigInt(first), 16)
  payload.copy(bytes, FRAME_HEADER_BYTES)
  return bytes
}

export function jsonFrame(type: FrameType, value: object): Frame {
  return { type, records: 0, first: 0, payload: Buffer.from(JSON.stringify(value)) }
}

/** The other side does not speak our language, or speaks another version of it. */
export class FrameError extends Error {}

/** Cuts what comes in from a socket into frames, wherever the pieces end. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** Whole frames, in order. Throws `FrameError` at what is no frame; then the connection is of no use any more. */
  *read(piece: Buffer): Generator<Frame> {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece])
    while (this.#bytes.length >= FRAME_HEADER_BYTES) {
      const length = this.#bytes.readUInt32LE(0)
      const type = FRAME_TYPES.get(this.#bytes.readUInt32LE(4))
      const first = Number(this.#bytes.readBigUInt64LE(16))
      if (length > MAX_PAYLOAD_BYTES) throw new FrameError(`a frame of ${length} bytes`)
      if (type === undefined) throw new FrameError(`a frame of unknown type ${this.#bytes.readUInt32LE(4)}`)
      if (!Number.isSafeInteger(first)) throw new FrameError('a frame with an impossible count')
      const end = FRAME_HEADER_BYTES + length
      if (this.#bytes.length < end) return
      const frame = {
        type,
        records: this.#bytes.readUInt32LE(8),
        first,
        payload: this.#bytes.subarray(FRAME_HEADER_BYTES, end),
      }
      this.#bytes = this.#bytes.subarray(end)
      yield frame
    }
  }
}
