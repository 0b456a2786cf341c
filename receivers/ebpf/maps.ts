import { BpfError, type BpfObject, type MapHandle, mapCalls, possibleCpus } from './libbpf.ts'
import { errno, mapShared, pageBytes } from './libc.ts'

const ENOENT = 2
const MOST_AT_ONCE = 4096

/** Entries as they were taken out: all keys, then all values. The bytes are written over by the next ones. */
export interface Entries {
  readonly bytes: Buffer
  readonly count: number
}

export interface Layout {
  readonly keyBytes: number
  readonly valueBytes: number
}

/**
 * Two maps of which the programs write one, while the other is read and emptied. What a packet added is in exactly one
 * reading.
 */
export class MapPair {
  /** The programs' own variable. */
  readonly #active: Int32Array
  readonly #unmap: () => void
  readonly #maps: readonly [MapHandle, MapHandle]
  readonly #layout: Layout
  readonly #bytes: Buffer
  readonly #count = Buffer.alloc(4)
  readonly #cursors = [Buffer.alloc(4), Buffer.alloc(4)] as const

  /** Of an object that is loaded. Its layout must be ours: a wrong size would make wrong sums, silently. */
  constructor(object: BpfObject, name: string, layout: Layout) {
    this.#maps = [object.map(`${name}0`), object.map(`${name}1`)]
    for (const map of this.#maps) {
      if (map.keyBytes !== layout.keyBytes || map.valueBytes !== layout.valueBytes)
        throw new Error(`${map.name} has entries of ${map.keyBytes} + ${map.valueBytes} bytes, not ours`)
    }
    const variables = mapShared(object.variables('.bss').fd, {
      bytes: pageBytes(),
      offset: 0,
      isWritable: true,
    })
    if (variables === null) throw new BpfError("the programs' variables cannot be mapped", errno())
    this.#active = new Int32Array(variables.bytes, 0, 1)
    this.#unmap = () => variables.unmap()
    this.#layout = layout
    this.#bytes = Buffer.alloc((layout.keyBytes + layout.valueBytes) * this.#atOnce)
  }

  get maxEntries(): number {
    return this.#maps[0].maxEntries
  }

  get #atOnce(): number {
    return Math.min(MOST_AT_ONCE, this.maxEntries)
  }

  /** Lets the programs write the other map. After a grace period nobody writes the first any more. */
  swap(): void {
    Atomics.store(this.#active, 0, 1 - this.#active[0])
  }

  /** Takes everything out of the map that is not written; a grace period after `swap`. */
  async take(each: (entries: Entries) => void | Promise<void>): Promise<void> {
    const { fd, name } = this.#maps[1 - this.#active[0]]
    const keys = this.#bytes.subarray(0, this.#atOnce * this.#layout.keyBytes)
    const values = this.#bytes.subarray(keys.length)
    let [from, to] = this.#cursors
    for (let isFirst = true; ; isFirst = false) {
      this.#count.writeUInt32LE(this.#atOnce)
      const error = mapCalls.takeBatch(fd, isFirst ? null : from, to, keys, values, this.#count, null)
      if (error !== 0 && error !== -ENOENT) throw new BpfError(`${name} cannot be read`, error)
      const count = this.#count.readUInt32LE()
      if (count > 0) await each(this.#packed(count))
      if (error !== 0) return
      ;[from, to] = [to, from]
    }
  }

  close(): void {
    this.#unmap()
  }

  /** A batch that is not full has a hole between its keys and its values. */
  #packed(count: number): Entries {
    const { keyBytes, valueBytes } = this.#layout
    const valuesAt = this.#atOnce * keyBytes
    this.#bytes.copyWithin(count * keyBytes, valuesAt, valuesAt + count * valueBytes)
    return { bytes: this.#bytes.subarray(0, count * (keyBytes + valueBytes)), count }
  }
}

/** The counters of an object, summed over the CPUs. */
export class Counters {
  readonly #map: MapHandle
  readonly #cpus = possibleCpus()
  readonly #key = Buffer.alloc(4)
  readonly #values = Buffer.alloc(8 * this.#cpus)

  constructor(object: BpfObject) {
    this.#map = object.map('counters')
  }

  read(index: number): number {
    this.#key.writeUInt32LE(index)
    if (mapCalls.lookup(this.#map.fd, this.#key, this.#values) !== 0) return 0
    let sum = 0
    for (let cpu = 0; cpu < this.#cpus; cpu++) sum += Number(this.#values.readBigUInt64LE(cpu * 8))
    return sum
  }
}
