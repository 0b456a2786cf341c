import type { DecodedChunk, FlowBatch } from '../../src/sdk/index.ts'

/** When a flow was seen: seconds since the epoch, and the nanoseconds within. */
export interface EventTime {
  readonly s: number
  readonly ns: number
}

/**
 * Which flows of a file are new: all of them, unless it repeats itself. It does when it lost its end and is read again: what
 * it holds was read before, up to the first flow that is newer than all that were read.
 */
export class Novelty {
  /** Flows without a time of their own bear that of the reading, which says nothing of their order. */
  #isTimeless = false
  #newest: EventTime | null
  #repeatsTo: number

  constructor(newest: EventTime | null = null, repeatsTo = 0) {
    this.#newest = newest
    this.#repeatsTo = repeatsTo
  }

  /** Time of the newest flow that was read; null where times tell nothing. */
  get newest(): EventTime | null {
    return this.#newest
  }

  /** Behind this offset all is new; 0 when the file does not repeat itself. */
  get repeatsTo(): number {
    return this.#repeatsTo
  }

  get isRepeating(): boolean {
    return this.#repeatsTo > 0
  }

  /** It has been read to `offset`, and will be read again. */
  repeatTo(offset: number): void {
    this.#repeatsTo = offset
  }

  /** It has been read to `offset` again. */
  passed(offset: number): void {
    if (offset >= this.#repeatsTo) this.#repeatsTo = 0
  }

  /** Those of the flows that are new. They are the next in the file; `areTimed` when all of them bore a time. */
  newRows({ batch, latestRow }: DecodedChunk, { areTimed }: { readonly areTimed: boolean }): Uint32Array {
    if (!areTimed) this.#forgetTime()
    const latest = latestRow()
    if (this.#isTimeless || latest === null) return batch.rows
    const before = this.#newest
    const { time_s, time_ns } = batch.columns
    if (isAfter(batch, latest, before)) this.#newest = { s: time_s[latest], ns: time_ns[latest] }
    if (!this.isRepeating) return batch.rows
    if (this.#newest !== before) this.#repeatsTo = 0
    return batch.rows.filter((row) => isAfter(batch, row, before))
  }

  #forgetTime(): void {
    this.#isTimeless = true
    this.#newest = null
    this.#repeatsTo = 0
  }
}

/** Anything is after null. */
function isAfter({ columns: { time_s, time_ns } }: FlowBatch, row: number, time: EventTime | null): boolean {
  if (time === null || time_s[row] !== time.s) return time === null || time_s[row] > time.s
  return time_ns[row] > time.ns
}
