import { BpfError, type MapHandle } from './libbpf.ts'
import { errno, mapShared, pageBytes } from './libc.ts'

import { BUSY, DISCARDED, recordBytes } from './span.ts'

/** More than any of ours has. */
const MOST_RECORD_BYTES = 4096

/** Some records that follow each other in the ring, each behind its header. The next ones are written over them. */
export interface Span {
  readonly bytes: Buffer
  /** Records in it that are none are not counted. */
  readonly records: number
}

/**
 * A BPF ring buffer, read where it lies, without a call to the kernel. The kernel maps the data twice in a row, so a span never
 * breaks at the end of the ring. What is read is copied out at once: whoever kept a view of the ring would bring the process down
 * when the ring is closed.
 */
export class Ring {
  readonly #consumer: BigUint64Array
  readonly #producer: BigUint64Array
  readonly #headers: Int32Array
  readonly #bytes: Buffer
  readonly #mask: number
  readonly #unmap: () => void
  readonly #copy: Buffer
  readonly #spanBytes: number

  /** Spans end with the record that makes them `spanBytes` long. */
  constructor({ fd, maxEntries, name }: MapHandle, spanBytes: number) {
    this.#spanBytes = spanBytes
    this.#copy = Buffer.alloc(spanBytes + MOST_RECORD_BYTES)
    const page = pageBytes()
    const mine = mapShared(fd, { bytes: page, offset: 0, isWritable: true })
    const theirs = mapShared(fd, { bytes: page + 2 * maxEntries, offset: page, isWritable: false })
    if (mine === null || theirs === null) throw new BpfError(`ring ${name} cannot be mapped`, errno())
    this.#mask = maxEntries - 1
    this.#consumer = new BigUint64Array(mine.bytes, 0, 1)
    this.#producer = new BigUint64Array(theirs.bytes, 0, 1)
    this.#headers = new Int32Array(theirs.bytes, page, maxEntries / 2)
    this.#bytes = Buffer.from(theirs.bytes, page, 2 * maxEntries)
    this.#unmap = () => {
      mine.unmap()
      theirs.unmap()
    }
  }

  /** What has come in since the last call; null when there is nothing. */
  read(): Span | null {
    const start = Number(Atomics.load(this.#consumer, 0))
    const end = Number(Atomics.load(this.#producer, 0))
    let at = start
    let records = 0
    while (at < end && at - start < this.#spanBytes) {
      const header = Atomics.load(this.#headers, (at & this.#mask) >>> 2) >>> 0
      if (header & BUSY) break
      if (!(header & DISCARDED)) records++
      at += recordBytes(header)
    }
    if (at === start) return null
    const offset = start & this.#mask
    this.#bytes.copy(this.#copy, 0, offset, offset + at - start)
    Atomics.store(this.#consumer, 0, BigInt(at))
    return { bytes: this.#copy.subarray(0, at - start), records }
  }

  close(): void {
    this.#unmap()
  }
}
