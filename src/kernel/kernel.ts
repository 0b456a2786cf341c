import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What `kernel.wasm` offers; addresses and lengths are in bytes. */
interface Exports {
  /** What hashes begin with; before the first text. */
  setSeed(seed: bigint): void
  /** A new block of zeros. */
  block(bytes: number): number
  /** Takes a block back; texts will be written there. */
  recycle(start: number, bytes: number): void
  /** Where a text of so many bytes can be written before `intern`. */
  room(bytes: number): number
  intern(start: number, length: number): number
  textCount(): number
  textStart(id: number): number
  textLength(id: number): number
  /** Bytes that texts and fragments take. */
  bytes(): number
  /** From now on these bytes, as a value of that kind, stand for `value`. */
  learn(kind: number, start: number, length: number, value: number, isText: boolean): void
  /** Drops texts whose cell in `renamed` is 0 and leaves the new ids of the others there. Forgets all fragments. */
  compact(renamed: number): void
  /** Decodes lines up to `to`; see `LineKernel`. */
  decode(cells: number, to: number): number
  /** Makes part of every column 0. */
  wipe(cells: number, offset: number, bytes: number): void
  /** Which of the first rows of two columns, of which there is one at least, bears the latest time. */
  latest(seconds: number, nanos: number, rows: number): number
  /** Forgets all answers; see `Answers`. */
  forget(answers: number): void
  /** Where an answer of so many bytes can be written. */
  note(answers: number, bytes: number): number
  /** The group of a key, made if there are fewer than `limit`; see `GroupTable`. */
  find(groups: number, key: number, limit: number): number
  rehash(groups: number): void
  members(groups: number, start: number, from: number, list: number, most: number): number
  drop(groups: number, starts: number, count: number): void
  /** Folds a batch; see `FoldKernel`. */
  fold(fold: number): number
  /** Writes rows; see `RowKernel`. */
  render(rows: number): number
}

const INITIAL_PAGES = 2
/** 2 GiB of address space; only what is touched is memory. Also in `build.ts`. */
const MAXIMUM_PAGES = 32768

/**
 * The WebAssembly half of the hot path and the memory it works on: texts with their ids, and the tables, input and
 * columns of line decoders. The memory is shared between JavaScript and the kernel and grows under their hands;
 * because it is a *shared* memory, views that somebody holds stay valid when it does.
 */
export class Kernel {
  readonly exports: Exports
  readonly #memory: WebAssembly.Memory
  /** Kinds of fragments that have a name have lower numbers. */
  #lastKind = 1000
  #bytes: Buffer
  #words: Uint32Array
  #doubles: Float64Array

  constructor() {
    this.#memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES, shared: true })
    this.exports = new WebAssembly.Instance(compiled(), { env: { memory: this.#memory } }).exports as Exports
    this.exports.setSeed(randomFillSync(new BigUint64Array(1))[0])
    this.#bytes = Buffer.from(this.#memory.buffer)
    this.#words = new Uint32Array(this.#memory.buffer)
    this.#doubles = new Float64Array(this.#memory.buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer
  }

  /** The whole memory as it is now. */
  get bytes(): Buffer {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = Buffer.from(this.#memory.buffer)
    return this.#bytes
  }

  /** The same in words of 32 bits: the word at `address` is `words[address / 4]`. */
  get words(): Uint32Array {
    if (this.#words.buffer !== this.#memory.buffer) this.#words = new Uint32Array(this.#memory.buffer)
    return this.#words
  }

  /** The same in words of 64 bits: the number at `address` is `doubles[address / 8]`. */
  get doubles(): Float64Array {
    if (this.#doubles.buffer !== this.#memory.buffer) this.#doubles = new Float64Array(this.#memory.buffer)
    return this.#doubles
  }

  /** A kind of fragments that nobody else has. */
  ownKind(): number {
    return ++this.#lastKind
  }

  /** Writes a list of words to a block of its own; answers with its address. */
  list(words: readonly number[]): number {
    const start = this.exports.block(words.length * 4)
    this.words.set(words, start / 4)
    return start
  }

  /** The id of a text; what is no Unicode in it becomes U+FFFD. */
  intern(text: string): number {
    // UTF-8 needs at most three bytes for each of JavaScript's 16-bit characters.
    const start = this.exports.room(text.length * 3)
    return this.exports.intern(start, this.bytes.write(text, start))
  }

  text(id: number): string {
    const start = this.exports.textStart(id)
    return this.bytes.toString('utf8', start, start + this.exports.textLength(id))
  }

  /** Keeps the texts that `mark` names; answers with the new id of each old one, 0 for those that are gone. */
  compact(mark: (keep: (id: number) => void) => void): Uint32Array {
    const size = this.exports.textCount()
    const renamed = this.exports.room(4 * size + 4)
    // Chunks begin at even addresses, texts end anywhere.
    const start = Math.ceil(renamed / 4)
    const cells = this.words.subarray(start, start + size).fill(0)
    mark((id) => {
      cells[id] = 1
    })
    cells[0] = 0
    this.exports.compact(start * 4)
    return cells.slice()
  }
}

let module: WebAssembly.Module | undefined

/** Compiled once a process, in a few milliseconds. */
function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)))
  return module
}
