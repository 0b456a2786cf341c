import type { Kernel } from './kernel.ts'
import { pruned, type Shape } from './shape.ts'
import { writeTables } from './tables.ts'

/** The columns in which one key speaks where another is silent. */
export interface Roles<C extends string> {
  readonly lineStart: C
  readonly lineEnd: C
  readonly isReply: C
  /** Its value counts where `isReply` is 0. */
  readonly reply: C
  readonly dropReason: C
  /** Where it is set and `dropReason` is not, the kernel declines. */
  readonly dropNumber: C
  readonly nodeName: C
  /** Its value counts where `nodeName` is 0. */
  readonly envelopeNode: C
  readonly direction: C
  readonly ingressFlows: C
  readonly egressFlows: C
  readonly unknownFlows: C
  readonly aggregated: C
}

export interface LinePlan<C extends string, K extends string> {
  readonly shape: Shape<C, K>
  readonly roles: Roles<C>
  /** All columns, also those that only the rules between keys need. */
  readonly columns: readonly C[]
  readonly isRead: (column: C) => boolean
  /** The kinds of fragments; the same for all decoders of a kernel. `repeated` is one of them. */
  readonly kinds: readonly (K | 'repeated')[]
  /** The texts by which a flow without counts knows its direction. */
  readonly ingress: string
  readonly egress: string
  readonly rows: number
  readonly inputBytes: number
}

/** Why the kernel stopped. Also in `assembly/index.ts`. */
const STOPS = ['end', 'full', 'declined', 'unknown'] as const
export type Stop = (typeof STOPS)[number]

/** Indexes of the cells. Also in `assembly/index.ts`, in bytes. */
const CELL = {
  at: 0,
  row: 1,
  rows: 2,
  origin: 3,
  envelope: 4,
  columns: 5,
  stride: 6,
  columnCount: 7,
  missKind: 8,
  missStart: 9,
  missEnd: 10,
} as const
const ROLE_CELLS: { readonly [role in keyof Roles<string>]: number } = {
  lineStart: 11,
  lineEnd: 12,
  isReply: 13,
  reply: 14,
  dropReason: 15,
  dropNumber: 16,
  nodeName: 17,
  envelopeNode: 18,
  direction: 19,
  ingressFlows: 20,
  egressFlows: 21,
  unknownFlows: 22,
  aggregated: 23,
}
const INGRESS_CELL = 24
const EGRESS_CELL = 25
const CELLS = 26

/** Zeros behind the input end every loop of the kernel. */
const END_MARK_BYTES = 32

/**
 * One decoder's part of the kernel: its input, columns and tables. `run` goes on from where it stopped:
 * - `end`: nothing is left before `to`
 * - `full`: all rows are used
 * - `declined`: the line at `at` is not understood, or not whole
 * - `unknown`: the line at `at` holds a fragment (`miss`) that nobody has told of yet: `learn`, then `run` again
 */
export class LineKernel<C extends string, K extends string> {
  readonly input: Uint8Array
  readonly columns: { readonly [name in C]: Uint32Array }
  readonly #kernel: Kernel
  readonly #plan: LinePlan<C, K>
  readonly #blocks: { readonly start: number; readonly bytes: number }[] = []
  readonly #cells: Uint32Array
  readonly #origin: number
  readonly #stride: number
  /** Words of the kernel that hold the id of a text, which changes with each compaction. */
  readonly #ids: { readonly word: number; readonly text: string }[] = []
  /** Words of the kernel that name fragments, which a compaction forgets. */
  readonly #recalled: number[] = []
  /** Address of the fragment asked about last. */
  #lastMiss = 0

  constructor(kernel: Kernel, plan: LinePlan<C, K>) {
    this.#kernel = kernel
    this.#plan = plan
    // No multiple of a page: otherwise all cells of a row would contend for the same few cache lines.
    this.#stride = Math.ceil((plan.rows * 4) / 4096) * 4096 + 192
    const columns = this.#block(this.#stride * plan.columns.length)
    this.#origin = this.#block(plan.inputBytes + END_MARK_BYTES)
    const cells = this.#block(CELLS * 4)
    this.input = new Uint8Array(kernel.buffer, this.#origin, plan.inputBytes)
    this.#cells = new Uint32Array(kernel.buffer, cells, CELLS)
    const address = (index: number) => columns + index * this.#stride
    this.columns = Object.fromEntries(
      plan.columns.map((name, index) => [name, new Uint32Array(kernel.buffer, address(index), plan.rows)]),
    ) as { readonly [name in C]: Uint32Array }
    this.#writeCells(cells, columns)
    this.renew()
  }

  /** Where the next line begins. */
  get at(): number {
    return this.#cells[CELL.at] - this.#origin
  }

  get row(): number {
    return this.#cells[CELL.row]
  }

  /** Begins a batch with the line at `from`. */
  begin(from: number): void {
    this.#kernel.exports.wipe(this.#cells.byteOffset, 0, this.row * 4)
    this.goOn(from, 0)
    this.#lastMiss = 0
  }

  /** Sets the line and the row for the next `run`. */
  goOn(at: number, row: number): void {
    this.#cells[CELL.at] = this.#origin + at
    this.#cells[CELL.row] = row
  }

  run(to: number): Stop {
    const bytes = this.#kernel.bytes
    const mark = bytes.subarray(this.#origin + to, this.#origin + to + END_MARK_BYTES)
    const behind = mark.some((byte) => byte !== 0) ? Uint8Array.from(mark) : null
    mark.fill(0)
    const stop = STOPS[this.#kernel.exports.decode(this.#cells.byteOffset, this.#origin + to)]
    if (behind) mark.set(behind)
    return stop
  }

  /** The fragment on which `run` stopped; null when it was asked about before, so that asking again would not help. */
  miss(): { readonly kind: K; readonly json: string } | null {
    const { missKind, missStart, missEnd } = CELL
    const start = this.#cells[missStart]
    if (start <= this.#lastMiss) return null
    this.#lastMiss = start
    const json = this.#kernel.bytes.toString('latin1', start, this.#cells[missEnd])
    return { kind: this.#plan.kinds[this.#cells[missKind]] as K, json }
  }

  /** From now on the fragment on which `run` stopped stands for `value`. */
  learn(value: number, isText: boolean): void {
    const [kind, start, end] = this.#cells.subarray(CELL.missKind, CELL.missEnd + 1)
    this.#kernel.exports.learn(kind, start, end - start, value, isText)
  }

  /** Must be called after a compaction, before the next `run`. */
  renew(): void {
    for (const word of this.#recalled) this.#kernel.words[word] = 0
    for (const { word, text } of this.#ids) {
      const id = this.#kernel.intern(text)
      this.#kernel.words[word] = id
    }
  }

  /** Gives the memory back to the dictionary. Nothing of this decoder may be used any more. */
  close(): void {
    for (const { start, bytes } of this.#blocks.splice(0)) this.#kernel.exports.recycle(start, bytes)
  }

  #writeCells(start: number, columns: number): void {
    const { shape, isRead, columns: names, roles, rows, kinds, ingress, egress } = this.#plan
    const kernel = this.#kernel
    const address = (index: number) => columns + index * this.#stride
    const hold = (address: number, value: number | string) => {
      if (typeof value === 'number') this.#kernel.words[address / 4] = value
      else this.#ids.push({ word: address / 4, text: value })
    }
    const envelope = writeTables(pruned(shape, isRead), {
      kernel,
      block: (bytes) => this.#block(bytes),
      column: (name) => address(names.indexOf(name as C)),
      kind: (name) => kinds.indexOf(name as K),
      hold,
      forgets: (address) => this.#recalled.push(address / 4),
      // What runs write is for the columns of this decoder alone.
      ownKind: () => kernel.ownKind(),
    })
    const cells = this.#cells
    cells[CELL.rows] = rows
    cells[CELL.origin] = this.#origin
    cells[CELL.envelope] = envelope
    cells[CELL.columns] = columns
    cells[CELL.stride] = this.#stride
    cells[CELL.columnCount] = names.length
    for (const [role, cell] of Object.entries(ROLE_CELLS))
      cells[cell] = address(names.indexOf(roles[role as keyof Roles<C>]))
    hold(start + INGRESS_CELL * 4, ingress)
    hold(start + EGRESS_CELL * 4, egress)
  }

  #block(bytes: number): number {
    const start = this.#kernel.exports.block(bytes)
    this.#blocks.push({ start, bytes })
    return start
  }
}
