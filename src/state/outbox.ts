import type { Row, RowBatch } from '../sdk/index.ts'
import type { Cursor, OutboxEntry, OutboxHead } from './entry.ts'
import { Lane, type LaneDrop, type LaneSettings } from './lane.ts'
import type { OutboxChange, Store, StoredState } from './store.ts'

export interface OutboxDrop extends LaneDrop {
  readonly exporter: string
}

/** Rows that waited for an exporter to which no pipeline leads any more. */
export interface Abandoned {
  readonly exporter: string
  readonly rows: number
}

export type EntryRows =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'unreadable'; readonly reason: string }

type Codec = typeof import('../record/row-codec.ts')

const LINE_FEED = 10

/** An entry is full with so many rows, or with so much text: small enough to be read at once, large enough to be few. */
const ROWS_PER_ENTRY = 500
const BYTES_PER_ENTRY = 2 ** 20

/**
 * Rows that wait for exporters: entries on disk, each for the exporters of its pipeline at the time it was made, and a
 * lane per exporter, so that a slow one holds up nobody else. Entries come in with a commit and may be taken once it is
 * stored; how far the lanes came goes out with the next one. What every exporter is done with is deleted.
 */
export class Outbox {
  readonly #store: Store
  readonly #codec: Codec | null
  readonly #lanes = new Map<string, Lane>()
  readonly #lanesOf = new Map<string, readonly Lane[]>()
  #nextSeq: number
  /** Rows that are not an entry yet, by pipeline. */
  readonly #open = new Map<string, OpenEntry>()
  #staged: OutboxEntry[] = []
  /** Exporters that are not done with an entry, by its seq. */
  readonly #owed = new Map<number, number>()
  #done: number[] = []
  #unreadable = new Map<number, string>()
  readonly abandoned: readonly Abandoned[]

  /** Loads the codec, which only those pay for who have an exporter to send to. */
  static async open(store: Store, lanes: readonly LaneSettings[], stored = store.load()): Promise<Outbox> {
    return new Outbox(store, lanes, stored, lanes.length > 0 ? await import('../record/row-codec.ts') : null)
  }

  private constructor(
    store: Store,
    lanes: readonly LaneSettings[],
    { outbox: heads, cursors, lastSeq }: StoredState,
    codec: Codec | null,
  ) {
    this.#store = store
    this.#codec = codec
    this.#nextSeq = lastSeq + 1
    for (const settings of lanes) {
      // An exporter that is new, or was away, begins with the rows of now.
      const cursor = cursors.get(settings.exporter) ?? { through: lastSeq, beyond: [] }
      this.#lanes.set(settings.exporter, new Lane(settings, cursor, (head) => this.#release(head)))
    }
    for (const pipeline of new Set(lanes.flatMap(({ pipelines }) => [...pipelines])))
      this.#lanesOf.set(
        pipeline,
        [...this.#lanes.values()].filter(({ settings }) => settings.pipelines.has(pipeline)),
      )
    for (const head of heads) this.#resume(head)
    this.abandoned = abandoned(heads, cursors, this.#lanes)
  }

  /** What waits for an exporter. */
  lane(exporter: string): Lane {
    return this.#lanes.get(exporter)!
  }

  /** Flows of a pipeline that wait for an exporter. */
  waitingFlows(exporter: string, pipeline: string): number {
    return this.#lanes.get(exporter)?.flowsOf(pipeline) ?? 0
  }

  /** Takes rows of a pipeline to be stored with the next commit; nothing where no exporter sends them. */
  add(pipeline: string, rows: RowBatch, nowMs: number): void {
    const lanes = this.#lanesOf.get(pipeline)
    if (lanes === undefined) return
    const { flows } = rows
    for (const [row, line] of linesOf(rows.keep()).entries()) {
      const entry = this.#open.get(pipeline) ?? { lines: [], bytes: 0, flows: 0 }
      entry.lines.push(line)
      entry.bytes += line.length
      entry.flows += flows[row]
      this.#open.set(pipeline, entry)
      if (entry.lines.length === ROWS_PER_ENTRY || entry.bytes >= BYTES_PER_ENTRY)
        this.#stage(pipeline, entry, nowMs)
    }
    const allFlows = flows.reduce((sum, ofRow) => sum + ofRow, 0)
    for (const lane of lanes) lane.expect(pipeline, allFlows)
  }

  /** Makes entries of all rows that were added. */
  seal(nowMs: number): void {
    for (const [pipeline, entry] of this.#open) this.#stage(pipeline, entry, nowMs)
  }

  /** Bytes of entries that the next commit stores. */
  get stagedBytes(): number {
    return this.#staged.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** The exporter for which there is no room to take what is staged; null when the commit may go on. */
  blockedBy(): string | null {
    for (const [exporter, { settings, bytes }] of this.#lanes) {
      // What is larger than all the room there is goes when nothing else waits.
      if (settings.onFull !== 'block' || bytes === 0) continue
      if (bytes + this.#comingBytes(settings) > settings.maxBytes) return exporter
    }
    return null
  }

  /** Drops what is too old, and what is in the way where that is wanted; tells what was dropped. */
  trim(nowMs: number): OutboxDrop[] {
    return [...this.#lanes].flatMap(([exporter, lane]) =>
      lane.trim(nowMs, this.#comingBytes(lane.settings)).map((drop) => ({ exporter, ...drop })),
    )
  }

  hasNews(nowMs: number): boolean {
    if (this.#open.size > 0 || this.#staged.length > 0 || this.#done.length > 0) return true
    return [...this.#lanes.values()].some((lane) => lane.hasMoved || lane.isOverdue(nowMs))
  }

  /** What the next commit stores; the same again until `stored`. */
  change(): OutboxChange {
    return {
      appended: this.#staged,
      cursors: new Map([...this.#lanes].map(([exporter, { cursor }]) => [exporter, cursor])),
      unreadable: this.#unreadable,
      done: this.#done,
    }
  }

  /** The change is durable: its entries may be taken now. */
  stored(): void {
    const staged = this.#staged
    this.#staged = []
    this.#done = []
    this.#unreadable = new Map()
    for (const lane of this.#lanes.values()) lane.stored()
    for (const { body: _, ...head } of staged) {
      const lanes = this.#lanesOf.get(head.pipeline)!
      this.#owed.set(head.seq, lanes.length)
      for (const lane of lanes) lane.append(head)
    }
  }

  /** The rows of an entry that waits. One that cannot be read is set aside with the next commit. */
  read({ seq, rows: count }: OutboxHead): EntryRows {
    const { ROW_CODEC_VERSION, decodeRows } = this.#codec!
    const { version, body } = this.#store.readEntry(seq)
    const unreadable = (reason: string): EntryRows => {
      this.#unreadable.set(seq, reason)
      return { kind: 'unreadable', reason }
    }
    if (version !== ROW_CODEC_VERSION)
      return unreadable(
        `it is written in version ${version} of the row codec, and this is ${ROW_CODEC_VERSION}`,
      )
    try {
      const rows = decodeRows(body).map((line) => JSON.parse(line) as Row)
      return rows.length === count
        ? { kind: 'rows', rows }
        : unreadable(`it has ${rows.length} rows, not ${count}`)
    } catch (error) {
      return unreadable((error as Error).message)
    }
  }

  #resume(head: OutboxHead): void {
    const lanes = head.exporters.flatMap((exporter) => this.#lanes.get(exporter) ?? [])
    const waiting = lanes.filter((lane) => lane.isWaiting(head.seq))
    if (waiting.length === 0) this.#done.push(head.seq)
    else this.#owed.set(head.seq, waiting.length)
    for (const lane of waiting) lane.resume(head)
  }

  #stage(pipeline: string, { lines, flows }: OpenEntry, madeAtMs: number): void {
    const { encodeRows, ROW_CODEC_VERSION } = this.#codec!
    const body = encodeRows(lines)
    this.#staged.push({
      seq: this.#nextSeq++,
      pipeline,
      exporters: this.#lanesOf.get(pipeline)!.map(({ settings }) => settings.exporter),
      madeAtMs,
      rows: lines.length,
      flows,
      bytes: body.length,
      version: ROW_CODEC_VERSION,
      body,
    })
    this.#open.delete(pipeline)
  }

  /** Bytes that the next commit adds to a lane. */
  #comingBytes({ pipelines }: LaneSettings): number {
    return this.#staged.reduce((sum, { pipeline, bytes }) => sum + (pipelines.has(pipeline) ? bytes : 0), 0)
  }

  #release({ seq }: OutboxHead): void {
    const owed = this.#owed.get(seq)! - 1
    if (owed > 0) {
      this.#owed.set(seq, owed)
      return
    }
    this.#owed.delete(seq)
    this.#done.push(seq)
  }
}

interface OpenEntry {
  readonly lines: Buffer[]
  /** Of the lines. */
  bytes: number
  flows: number
}

/** Each row as bytes, without its line feed. */
function linesOf(rows: RowBatch): Buffer[] {
  const { text, flows } = rows
  if (text === undefined) return rows.lines.map((line) => Buffer.from(line))
  let from = 0
  return flows.map(() => {
    const end = text.indexOf(LINE_FEED, from)
    const line = text.subarray(from, end)
    from = end + 1
    return line
  })
}

function abandoned(
  heads: readonly OutboxHead[],
  cursors: ReadonlyMap<string, Cursor>,
  lanes: ReadonlyMap<string, Lane>,
): Abandoned[] {
  return [...cursors]
    .filter(([exporter]) => !lanes.has(exporter))
    .map(([exporter, { through, beyond }]) => {
      const waiting = heads.filter(({ seq, exporters }) => seq > through && exporters.includes(exporter))
      const done = beyond.reduce((sum, { from, to }) => sum + (to - from), 0)
      return { exporter, rows: waiting.reduce((sum, { rows }) => sum + rows, -done) }
    })
    .filter(({ rows }) => rows > 0)
}
