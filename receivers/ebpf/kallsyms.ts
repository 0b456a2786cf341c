import { closeSync, openSync, readSync } from 'node:fs'

/** Addresses of the kernel are all above this; below it, and without the right to see them, they read as 0. */
const KERNEL_BASE = 0xffff_0000_0000_0000n
/** Further from a symbol than any function is long: it belongs to a module that was loaded later. */
const LONGEST_FUNCTION_BYTES = 1 << 20

/** Names places in the kernel's text: `nft_do_chain+0x3e8`. Reads `/proc/kallsyms` when first asked. */
export class KernelSymbols {
  readonly #path: string
  #table: Table | null = null

  constructor(path = '/proc/kallsyms') {
    this.#path = path
  }

  /** Reads the file now. Without CAP_SYSLOG the kernel does not show its addresses, and all stay numbers. */
  prepare(): void {
    this.#load()
  }

  /** The address in hex where no name is to be had. */
  nameOf(address: bigint): string {
    const { offsets, starts, names } = this.#load()
    const offset = Number(address - KERNEL_BASE)
    const index = lastAtMost(offsets, offset)
    if (offset < 0 || index < 0 || offset - offsets[index] > LONGEST_FUNCTION_BYTES)
      return `0x${address.toString(16)}`
    const name = names.toString('latin1', starts[index], names.indexOf(LINE_FEED, starts[index]))
    return `${name}+0x${(offset - offsets[index]).toString(16)}`
  }

  #load(): Table {
    this.#table ??= readTable(this.#path)
    return this.#table
  }
}

/** Behind address and kind. */
const NAME_AT = 19
const [TAB, LINE_FEED] = [9, 10]
/** As four characters. */
const FFFF = 0x66666666
const CHUNK_BYTES = 1 << 16

interface Table {
  /** Of functions, above the base, ascending. */
  readonly offsets: Float64Array
  /** Where in `names` the name of each is. */
  readonly starts: Uint32Array
  /** Each with a line feed behind it: 100,000 strings would cost 60 MiB. */
  readonly names: Buffer
}

/** Lines are `ffffffff81000000 T name [module]`. The file is longer than what is kept of it, and read in pieces. */
function readTable(path: string): Table {
  const offsets: number[] = []
  const starts: number[] = []
  const names: Buffer[] = []
  let nameBytes = 0
  for (const text of completeLines(path)) {
    let packed = 0
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf(LINE_FEED, start)
      // The upper 16 bits of an address in the kernel are all ones, and what is left fits a number.
      if (isFunction(text[start + 17]) && text.readUInt32LE(start) === FFFF) {
        offsets.push(Number.parseInt(text.toString('latin1', start + 4, start + 16), 16))
        starts.push(nameBytes + packed)
        const tab = text.subarray(start, end).indexOf(TAB)
        // What is written is shorter than what has been read.
        packed += text.copy(text, packed, start + NAME_AT, tab < 0 ? end : start + tab)
        text[packed++] = LINE_FEED
      }
      start = end + 1
    }
    names.push(Buffer.from(text.subarray(0, packed)))
    nameBytes += packed
  }
  // The kernel's own come in order, those of modules after them.
  const order = Uint32Array.from(offsets.keys()).sort((a, b) => offsets[a] - offsets[b])
  return {
    offsets: Float64Array.from(order, (index) => offsets[index]),
    starts: Uint32Array.from(order, (index) => starts[index]),
    names: Buffer.concat(names),
  }
}

/** Pieces of a file that end with a line; each is written over by the next. Nothing when it cannot be read. */
function* completeLines(path: string): Generator<Buffer> {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return
  }
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES)
    for (let kept = 0; ; ) {
      const length = kept + readSync(file, buffer, kept, buffer.length - kept, null)
      if (length === kept) return
      const complete = buffer.lastIndexOf(LINE_FEED, length - 1) + 1
      const rest = Buffer.from(buffer.subarray(complete, length))
      yield buffer.subarray(0, complete)
      kept = rest.copy(buffer)
    }
  } finally {
    closeSync(file)
  }
}

function isFunction(kind: number): boolean {
  return kind === 0x74 || kind === 0x54 || kind === 0x77 || kind === 0x57 // t T w W
}

/** Index of the last value that is not above `wanted`; -1 when all are. */
function lastAtMost(sorted: Float64Array, wanted: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] <= wanted) low = middle + 1
    else high = middle
  }
  return low - 1
}
