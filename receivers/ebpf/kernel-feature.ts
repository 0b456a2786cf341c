import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Emitter } from './emitter.ts'
import type { FrameType } from './frames.ts'
import { COUNTER } from './layout.ts'
import { BpfObject } from './libbpf.ts'
import { Counters, type Layout, MapPair } from './maps.ts'
import { Ring } from './ring.ts'

/** What makes one object different from another. */
export interface FeatureParts {
  /** Its file in `bpf/dist`. */
  readonly file: string
  /** Name of its pair of maps, and of the frames their entries go into. */
  readonly counts: FrameType & ('flows' | 'drops' | 'retransmits')
  readonly layout: Layout
  readonly hasRing: boolean
  /** Programs that attach to what their section names. */
  readonly programs: readonly string[]
  /** Sizes maps and sets variables, before the kernel sees the object. */
  configure?(object: BpfObject): void
  /** Reasons by which records are lost, and the counters of each. */
  readonly losses: { readonly [reason: string]: number }
  /** Looks at entries before they are handed on. */
  inspect?(bytes: Buffer, count: number, emitter: Emitter): Promise<void>
}

/** The bound on what one frame holds of a ring. */
const SPAN_BYTES = 1 << 18
/** Of a map: past it, waiting longer may lose flows. What is left is filled in 60 ms by half a million new ones a second. */
const FILLING = 0.5

/** One object in the kernel: what it counts, and how that is read. Each works without the others. */
export class KernelFeature {
  readonly object: BpfObject
  readonly #parts: FeatureParts
  readonly #pair: MapPair
  readonly #ring: Ring | null
  readonly #counters: Counters
  readonly #links: { detach(): void }[] = []
  #insertedAtSwap = 0

  private constructor(object: BpfObject, parts: FeatureParts) {
    this.object = object
    this.#parts = parts
    this.#pair = new MapPair(object, parts.counts, parts.layout)
    this.#counters = new Counters(object)
    for (const program of parts.programs) this.#links.push(object.attach(program))
    this.#ring = parts.hasRing ? new Ring(object.map('records'), SPAN_BYTES) : null
  }

  /** Throws `BpfError` when the kernel refuses; then nothing is left behind. */
  static load(parts: FeatureParts): KernelFeature {
    const object = BpfObject.open(fileURLToPath(new URL(`../../bpf/dist/${parts.file}`, import.meta.url)))
    try {
      parts.configure?.(object)
      object.load()
      return new KernelFeature(object, parts)
    } catch (error) {
      object.close()
      throw error
    }
  }

  /** So many entries were made that it is time to swap. */
  get isFilling(): boolean {
    return this.#counters.read(COUNTER.inserted) - this.#insertedAtSwap > this.#pair.maxEntries * FILLING
  }

  /** Records lost since it was loaded, by reason. */
  get lost(): { [reason: string]: number } {
    const { file, programs, losses } = this.#parts
    const lost: { [reason: string]: number } = {}
    for (const [reason, counter] of Object.entries(losses)) lost[reason] = this.#counters.read(counter)
    if (programs.length === 0) return lost
    const missed = programs.reduce((sum, program) => sum + missedRuns(this.object.programFd(program)), 0)
    return { ...lost, [`${file.replace('.bpf.o', '')}_interrupted`]: missed }
  }

  counter(index: number): number {
    return this.#counters.read(index)
  }

  /** Hands on what is in the ring; how many records that was. */
  async drain(emitter: Emitter): Promise<number> {
    let records = 0
    for (let span = this.#ring?.read(); span; span = this.#ring?.read()) {
      records += span.records
      await emitter.records('records', span.records, span.bytes)
    }
    return records
  }

  /** Lets the programs write the other map; a grace period later, `take` hands on what is in the first. */
  swap(): void {
    this.#insertedAtSwap = this.#counters.read(COUNTER.inserted)
    this.#pair.swap()
  }

  async take(emitter: Emitter): Promise<void> {
    await this.#pair.take(async ({ bytes, count }) => {
      await this.#parts.inspect?.(bytes, count, emitter)
      await emitter.records(this.#parts.counts, count, bytes)
    })
  }

  /** Ends the programs; what was counted can still be read. Programs on interfaces end with their attachments. */
  detach(): void {
    for (const link of this.#links.splice(0)) link.detach()
  }

  close(): void {
    this.detach()
    this.#ring?.close()
    this.#pair.close()
    this.object.close()
  }
}

/**
 * How often the kernel left a program out because it was running on that CPU already, in what an interrupt had broken into.
 * Source: Linux `bpf_prog_show_fdinfo`, since 5.12; 0 before.
 */
function missedRuns(programFd: number): number {
  const info = readFileSync(`/proc/self/fdinfo/${programFd}`, 'utf8')
  return Number(/^recursion_misses:\s*(\d+)/m.exec(info)?.[1] ?? 0)
}
