import type { Row } from '../sdk/index.ts'
import { flowsOf } from '../sdk/index.ts'
import type { OutboxChange, OutboxEntry, OutboxHead, Store } from './store.ts'

/** One exporter's place in the log. */
interface Lane {
  readonly pipelines: ReadonlySet<string>
  readonly maxBytes: number
  readonly maxAgeMs: number | null
  readonly onFull: 'block' | 'drop_oldest'
  /** The last entry it is done with. */
  cursor: number
  /** The last entry that is on its way; the same as `cursor` when nothing is. */
  onTheWay: number
  waitingBytes: number
  waitingRows: number
}

export interface LaneSettings {
  readonly exporter: string
  readonly pipelines: ReadonlySet<string>
  readonly maxBytes: number
  readonly maxAgeMs: number | null
  readonly onFull: 'block' | 'drop_oldest'
}

/** Flows that an exporter will not get. */
export interface OutboxDrop {
  readonly exporter: string
  readonly pipeline: string
  readonly reason: 'outbox_full' | 'outbox_too_old'
  readonly flows: number
}

/** Rows of one entry: small enough to be read at once, large enough to be few. */
const ROWS_PER_ENTRY = 500

/**
 * Rows that wait for exporters: one log on disk, and a cursor per exporter, so that a slow one holds up nobody else.
 * Entries come in with a commit and may be read once it is stored; cursors go out with the next one. What every exporter
 * is done with is deleted.
 */
export class Outbox {
  readonly #store: Store
  readonly #lanes = new Map<string, Lane>()
  readonly #heads: OutboxHead[]
  #nextSeq: number
  #staged: OutboxEntry[] = []
  /** A cursor moved since the last commit. */
  #moved = false
  #encode: ((rows: readonly Row[]) => Uint8Array) | null = null

  /** Loads the codec, which only those pay for who have an outbox. */
  static async open(store: Store, lanes: readonly LaneSettings[]): Promise<Outbox> {
    const outbox = new Outbox(store, lanes)
    const { encodeRows } = await import('../record/row-codec.ts')
    outbox.#encode = encodeRows
    return outbox
  }

  private constructor(store: Store, lanes: readonly LaneSettings[]) {
    const { outbox, cursors } = store.load()
    this.#store = store
    this.#heads = [...outbox]
    this.#nextSeq = Math.max(0, ...outbox.map(({ seq }) => seq), ...cursors.values()) + 1
    for (const { exporter, ...settings } of lanes) {
      // An exporter that is new begins with the rows of now; what left before it came was never its own.
      const cursor = cursors.get(exporter) ?? this.#nextSeq - 1
      const lane: Lane = { ...settings, cursor, onTheWay: cursor, waitingBytes: 0, waitingRows: 0 }
      this.#lanes.set(exporter, lane)
      for (const head of this.#heads) if (concerns(lane, head)) count(lane, head, +1)
    }
  }

  /** Takes rows of a pipeline to be stored with the next commit. */
  add(pipeline: string, rows: readonly Row[], nowMs: number): void {
    if (this.#encode === null) throw new Error('an outbox is opened before it is used')
    for (let from = 0; from < rows.length; from += ROWS_PER_ENTRY) {
      const part = rows.slice(from, from + ROWS_PER_ENTRY)
      const body = this.#encode(part)
      const flows = part.reduce((sum, row) => sum + flowsOf(row), 0)
      const head = { pipeline, madeAtMs: nowMs, rows: part.length, flows, bytes: body.length }
      this.#staged.push({ seq: this.#nextSeq++, ...head, body })
    }
  }

  /** The exporter for which there is no room to take what is staged; null when the commit may go on. */
  blockedBy(): string | null {
    for (const [exporter, lane] of this.#lanes)
      if (lane.onFull === 'block' && lane.waitingBytes > 0 && this.#missingRoom(lane) > 0) return exporter
    return null
  }

  /**
   * Makes room where that is wanted, and drops what became too old. Tells what was dropped. What is on its way is dropped
   * too: it is the oldest, and with a backend that is down something always is.
   */
  trim(nowMs: number): OutboxDrop[] {
    const drops: OutboxDrop[] = []
    for (const [exporter, lane] of this.#lanes) {
      for (const head of this.#headsAfter(lane.cursor)) {
        if (!lane.pipelines.has(head.pipeline)) continue
        const isOld = lane.maxAgeMs !== null && nowMs - head.madeAtMs > lane.maxAgeMs
        const isInTheWay = lane.onFull === 'drop_oldest' && this.#missingRoom(lane) > 0
        if (!isOld && !isInTheWay) break
        const reason = isOld ? 'outbox_too_old' : 'outbox_full'
        drops.push({ exporter, pipeline: head.pipeline, reason, flows: head.flows })
        count(lane, head, -1)
        lane.cursor = head.seq
        this.#moved = true
        lane.onTheWay = Math.max(lane.onTheWay, lane.cursor)
      }
    }
    return drops
  }

  /** What the next commit stores; the same again until `stored`. */
  change(): OutboxChange {
    const cursors = new Map([...this.#lanes].map(([exporter, { cursor }]) => [exporter, cursor]))
    return { appended: this.#staged, cursors, doneUpTo: this.#doneUpTo() }
  }

  get hasNews(): boolean {
    return this.#staged.length > 0 || this.#moved
  }

  /** The change is durable: its entries may be sent now. */
  stored(): void {
    for (const { body: _, ...head } of this.#staged) {
      this.#heads.push(head)
      for (const lane of this.#lanes.values()) if (concerns(lane, head)) count(lane, head, +1)
    }
    this.#staged = []
    this.#moved = false
    const done = this.#doneUpTo()
    const kept = this.#heads.findIndex(({ seq }) => seq > done)
    this.#heads.splice(0, kept < 0 ? this.#heads.length : kept)
  }

  /** The next entries for an exporter, up to about `maxBytes`; they are on their way until `done` or `giveBack`. */
  take(exporter: string, maxBytes: number): OutboxHead[] {
    const lane = this.#lanes.get(exporter)!
    const taken: OutboxHead[] = []
    let bytes = 0
    for (const head of this.#headsAfter(lane.onTheWay)) {
      if (!lane.pipelines.has(head.pipeline)) continue
      if (bytes > 0 && bytes + head.bytes > maxBytes) break
      taken.push(head)
      bytes += head.bytes
    }
    lane.onTheWay = taken.at(-1)?.seq ?? lane.onTheWay
    return taken
  }

  /** The rows of an entry as bytes; null when they cannot be had. */
  read(seq: number): Uint8Array | null {
    return this.#store.readEntry(seq)
  }

  /** The exporter is done with its entries up to `through`. */
  done(exporter: string, through: number): void {
    const lane = this.#lanes.get(exporter)!
    for (const head of this.#headsAfter(lane.cursor)) {
      if (head.seq > through) break
      if (concerns(lane, head)) count(lane, head, -1)
    }
    lane.cursor = Math.max(lane.cursor, through)
    this.#moved = true
  }

  /** Whether an entry was dropped under the exporter's hands. */
  isDropped(exporter: string, seq: number): boolean {
    return seq <= this.#lanes.get(exporter)!.cursor
  }

  /** What the exporter took and is not done with comes again. */
  giveBack(exporter: string): void {
    const lane = this.#lanes.get(exporter)!
    lane.onTheWay = lane.cursor
  }

  waiting(exporter: string): {
    readonly bytes: number
    readonly rows: number
    readonly oldestMs: number | null
  } {
    const lane = this.#lanes.get(exporter)!
    const oldest = this.#heads.find((head) => concerns(lane, head))
    return { bytes: lane.waitingBytes, rows: lane.waitingRows, oldestMs: oldest?.madeAtMs ?? null }
  }

  #missingRoom(lane: Lane): number {
    const coming = this.#staged.filter(({ pipeline }) => lane.pipelines.has(pipeline))
    return lane.waitingBytes + coming.reduce((sum, { bytes }) => sum + bytes, 0) - lane.maxBytes
  }

  *#headsAfter(seq: number): Generator<OutboxHead> {
    // Sequence numbers have no gaps among entries that are still here, except before the first one.
    const first = this.#heads.length > 0 ? Math.max(0, seq + 1 - this.#heads[0].seq) : 0
    for (let i = first; i < this.#heads.length; i++) yield this.#heads[i]
  }

  #doneUpTo(): number {
    let done = this.#nextSeq - 1 - this.#staged.length
    for (const lane of this.#lanes.values()) {
      const next = this.#heads.find((head) => concerns(lane, head))
      if (next) done = Math.min(done, next.seq - 1)
    }
    return done
  }
}

function concerns(lane: Lane, head: OutboxHead): boolean {
  return head.seq > lane.cursor && lane.pipelines.has(head.pipeline)
}

function count(lane: Lane, head: OutboxHead, sign: 1 | -1): void {
  lane.waitingBytes += sign * head.bytes
  lane.waitingRows += sign * head.rows
}
