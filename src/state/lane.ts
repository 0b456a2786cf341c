import type { Cursor, OutboxHead, RowRange } from './entry.ts'

export interface LaneSettings {
  readonly exporter: string
  /** The pipelines that lead to it. */
  readonly pipelines: ReadonlySet<string>
  readonly maxBytes: number
  /** Null: rows never grow too old. */
  readonly maxAgeMs: number | null
  readonly onFull: 'block' | 'drop_oldest'
}

/** Flows that an exporter will not get. */
export interface LaneDrop {
  readonly pipeline: string
  readonly reason: 'outbox_full' | 'outbox_too_old'
  readonly flows: number
}

/** What waits for one exporter, and how far it came with it. */
export class Lane {
  readonly settings: LaneSettings
  readonly #release: (head: OutboxHead) => void
  /** The entries from `#first` on wait, oldest first; the `#taken` first of them are on their way. */
  #entries: OutboxHead[] = []
  #first = 0
  #taken = 0
  #through: number
  /** What is done of entries that wait, by their seq. */
  readonly #done = new Map<number, RowRange[]>()
  readonly #flows = new Map<string, number>()
  #bytes = 0
  #rows = 0
  #hasMoved = false

  /** `release` is told of each entry that the exporter is done with, one way or the other. */
  constructor(settings: LaneSettings, cursor: Cursor, release: (head: OutboxHead) => void) {
    this.settings = settings
    this.#release = release
    this.#through = cursor.through
    for (const range of cursor.beyond) this.#doneOf(range.seq).push(range)
  }

  /** Bytes of entries that wait, to the last row of each. */
  get bytes(): number {
    return this.#bytes
  }

  get rows(): number {
    return this.#rows
  }

  get oldestMs(): number | null {
    return this.#entries[this.#first]?.madeAtMs ?? null
  }

  get cursor(): Cursor {
    return { through: this.#through, beyond: [...this.#done.values()].flat() }
  }

  /** Whether the cursor is another than the one that was stored. */
  get hasMoved(): boolean {
    return this.#hasMoved
  }

  /** The cursor is durable. */
  stored(): void {
    this.#hasMoved = false
  }

  /** Flows of a pipeline that wait, those that are not stored yet included. */
  flowsOf(pipeline: string): number {
    return this.#flows.get(pipeline) ?? 0
  }

  /** Flows of a pipeline wait from now on. */
  expect(pipeline: string, flows: number): void {
    this.#flows.set(pipeline, this.flowsOf(pipeline) + flows)
  }

  /** An entry is stored, and may be taken. */
  append(head: OutboxHead): void {
    this.#entries.push(head)
    this.#bytes += head.bytes
    this.#rows += this.#rowsLeft(head)
  }

  /** An entry of the last run waits, less what is done of it. */
  resume(head: OutboxHead): void {
    this.expect(head.pipeline, this.#flowsLeft(head))
    this.append(head)
  }

  /** Whether a row of an entry that waits is done. */
  isDone(seq: number, row: number): boolean {
    return this.#done.get(seq)?.some(({ from, to }) => row >= from && row < to) ?? false
  }

  /** The next entries, until they have so many rows or so many bytes; they are on their way from now on. */
  take(rows: number, bytes: number): OutboxHead[] {
    const from = this.#first + this.#taken
    let end = from
    for (let left = { rows, bytes }; end < this.#entries.length && left.rows > 0 && left.bytes > 0; end++) {
      const head = this.#entries[end]
      left = { rows: left.rows - head.rows, bytes: left.bytes - head.bytes }
    }
    this.#taken += end - from
    return this.#entries.slice(from, end)
  }

  /** Whether the entry still waits: it may have been dropped. */
  isWaiting(seq: number): boolean {
    return seq > this.#through
  }

  /** Rows of an entry that waits are done. */
  settle(range: RowRange): void {
    this.#hasMoved = true
    this.#doneOf(range.seq).push(range)
    this.#rows -= range.to - range.from
    this.expect(range.pipeline, -range.flows)
    this.#leaveDone()
  }

  /** All rows of an entry that waits are done; tells how many flows were left. */
  settleRest(head: OutboxHead): number {
    this.#hasMoved = true
    const { seq, pipeline, rows, flows } = head
    const flowsLeft = this.#flowsLeft(head)
    this.#rows -= this.#rowsLeft(head)
    this.expect(pipeline, -flowsLeft)
    this.#done.set(seq, [{ seq, pipeline, from: 0, to: rows, flows }])
    this.#leaveDone()
    return flowsLeft
  }

  /**
   * Drops what is too old, and what is in the way of `comingBytes`. It may be on its way: it is the oldest, and with a
   * backend that is down something always is.
   */
  trim(nowMs: number, comingBytes: number): LaneDrop[] {
    const { maxBytes, maxAgeMs, onFull } = this.settings
    const drops: LaneDrop[] = []
    for (let head = this.#front(); head; head = this.#front()) {
      const isOld = maxAgeMs !== null && nowMs - head.madeAtMs > maxAgeMs
      const isInTheWay = onFull === 'drop_oldest' && this.#bytes + comingBytes > maxBytes
      if (!isOld && !isInTheWay) break
      const flows = this.#flowsLeft(head)
      drops.push({ pipeline: head.pipeline, reason: isOld ? 'outbox_too_old' : 'outbox_full', flows })
      this.expect(head.pipeline, -flows)
      this.#rows -= this.#rowsLeft(head)
      this.#leave(head)
    }
    return drops
  }

  /** Whether `trim` would find something too old. */
  isOverdue(nowMs: number): boolean {
    const { maxAgeMs } = this.settings
    return maxAgeMs !== null && this.oldestMs !== null && nowMs - this.oldestMs > maxAgeMs
  }

  #front(): OutboxHead | undefined {
    return this.#entries[this.#first]
  }

  #leaveDone(): void {
    for (let head = this.#front(); head && this.#rowsLeft(head) === 0; head = this.#front()) this.#leave(head)
  }

  /** The entry at the front waits no longer. */
  #leave(head: OutboxHead): void {
    this.#hasMoved = true
    this.#through = head.seq
    this.#done.delete(head.seq)
    this.#bytes -= head.bytes
    this.#taken = Math.max(0, this.#taken - 1)
    this.#first++
    // Now and then, so that a long queue is not moved for each entry that leaves.
    if (this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
    this.#release(head)
  }

  #doneOf(seq: number): RowRange[] {
    const ranges = this.#done.get(seq) ?? []
    this.#done.set(seq, ranges)
    return ranges
  }

  #rowsLeft({ seq, rows }: OutboxHead): number {
    return (this.#done.get(seq) ?? []).reduce((left, { from, to }) => left - (to - from), rows)
  }

  #flowsLeft({ seq, flows }: OutboxHead): number {
    return (this.#done.get(seq) ?? []).reduce((left, range) => left - range.flows, flows)
  }
}
