import { readFileSync } from 'node:fs'

/** Addresses of the kernel are all above this; below it, and without the right to see them, they read as 0. */
const KERNEL_BASE = 0xffff_0000_0000_0000n
/** Further from a symbol than any function is long: it belongs to a module that was loaded later. */
const LONGEST_FUNCTION_BYTES = 1 << 20

/** Names places in the kernel's text: `nft_do_chain+0x3e8`. Reads `/proc/kallsyms` when first asked, 10 MiB of it. */
export class KernelSymbols {
  readonly #path: string
  #table: Table | null = null

  constructor(path = '/proc/kallsyms') {
    this.#path = path
  }

  /** Whether the kernel shows us its addresses; without CAP_SYSLOG it does not. */
  get areVisible(): boolean {
    return this.#load().offsets.length > 0
  }

  /** The address in hex where no name is to be had. */
  nameOf(address: bigint): string {
    const { offsets, lines, text } = this.#load()
    const offset = Number(address - KERNEL_BASE)
    const index = lastAtMost(offsets, offset)
    if (offset < 0 || index < 0 || offset - offsets[index] > LONGEST_FUNCTION_BYTES)
      return `0x${address.toString(16)}`
    const line = lines[index]
    const end = text.indexOf('\n', line)
    const [name] = text.toString('latin1', line, end < 0 ? text.length : end).split(/[\s]/)
    return `${name}+0x${(offset - offsets[index]).toString(16)}`
  }

  #load(): Table {
    this.#table ??= readTable(this.#path)
    return this.#table
  }
}

/** Behind address and kind. */
const NAME_AT = 19
const LINE_FEED = 10

interface Table {
  /** Of functions, above the base, ascending. */
  readonly offsets: Float64Array
  /** Where in `text` the name of each is. */
  readonly lines: Uint32Array
  readonly text: Buffer
}

/** Lines are `ffffffff81000000 T name [module]`. Names stay in the text: 100,000 strings would cost 60 MiB. */
function readTable(path: string): Table {
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch {
    text = Buffer.alloc(0)
  }
  // A line has at least 20 bytes.
  const offsets = new Float64Array(Math.ceil(text.length / 20))
  const lines = new Uint32Array(offsets.length)
  let count = 0
  for (let start = 0; start + NAME_AT < text.length; ) {
    // The upper 16 bits of an address in the kernel are all ones, and what is left fits a number.
    if (isFunction(text[start + 17]) && text.toString('latin1', start, start + 4) === 'ffff') {
      offsets[count] = Number.parseInt(text.toString('latin1', start + 4, start + 16), 16)
      lines[count++] = start + NAME_AT
    }
    const end = text.indexOf(LINE_FEED, start)
    start = end < 0 ? text.length : end + 1
  }
  // The kernel's own come in order, those of modules after them.
  const order = Uint32Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => offsets[a] - offsets[b],
  )
  return {
    offsets: Float64Array.from(order, (index) => offsets[index]),
    lines: Uint32Array.from(order, (index) => lines[index]),
    text,
  }
}

function isFunction(kind: number): boolean {
  return 'tTwW'.includes(String.fromCharCode(kind))
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
