import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { ROW_SCHEMA_VERSION } from '../record/row-schema.ts'
import type { Json, Pane } from '../sdk/index.ts'
import { openStateFile, passingTrouble, type StateFileOptions } from './state-file.ts'

/** What one commit makes durable, all of it or nothing. */
export interface StateChange {
  /** By receiver id. */
  readonly positions: ReadonlyMap<string, Json>
  /** By pipeline id. */
  readonly folds: ReadonlyMap<string, FoldChange>
  /** By exporter id: how far it came. */
  readonly sinks: ReadonlyMap<string, Json>
  /** By pipeline id: the counters behind the balance sheet. */
  readonly ledgers: ReadonlyMap<string, Json>
  readonly outbox: OutboxChange
}

export interface OutboxChange {
  readonly appended: readonly OutboxEntry[]
  /** By exporter id: the last entry it is done with. */
  readonly cursors: ReadonlyMap<string, number>
  /** Entries up to this one are done with by everybody: their space is used again. */
  readonly doneUpTo: number
}

/** Rows that wait for exporters, as they are stored together. */
export interface OutboxEntry extends OutboxHead {
  /** As `encodeRows` writes them. */
  readonly body: Uint8Array
}

/** What is known of an entry without reading its rows. */
export interface OutboxHead {
  /** Grows with every entry, and is never used again. */
  readonly seq: number
  readonly pipeline: string
  readonly madeAtMs: number
  readonly rows: number
  readonly flows: number
  readonly bytes: number
}

export interface FoldChange {
  readonly state: Json
  readonly sealed: readonly Pane[]
  /** Windows that closed: their panes go. */
  readonly closed: readonly string[]
}

/** What the last commit left. */
export interface StoredState {
  readonly positions: ReadonlyMap<string, Json>
  readonly folds: ReadonlyMap<string, { readonly state: Json; readonly panes: readonly Pane[] }>
  readonly sinks: ReadonlyMap<string, Json>
  readonly ledgers: ReadonlyMap<string, Json>
  /** Oldest first. */
  readonly outbox: readonly OutboxHead[]
  /** By exporter id. */
  readonly cursors: ReadonlyMap<string, number>
}

export type StoreResult = { readonly kind: 'stored' } | { readonly kind: 'retry'; readonly reason: string }

/** The state of the service in one SQLite file: positions, panes, sinks and ledgers, written in one transaction. */
export class Store {
  readonly #db: DatabaseSync
  readonly #statements: Statements

  private constructor(db: DatabaseSync) {
    this.#db = db
    this.#statements = prepare(db)
  }

  static open(options: StateFileOptions): Store {
    return new Store(openStateFile(options))
  }

  load(): StoredState {
    const { readPositions, readFolds, readPanes, readSinks, readLedgers, readHeads, readCursors } =
      this.#statements
    const panes = new Map<string, Pane[]>()
    for (const { pipeline, window, body } of readPanes.all() as unknown as PaneRecord[]) {
      const list = panes.get(pipeline) ?? []
      list.push({ window, body, complete: false })
      panes.set(pipeline, list)
    }
    const folds = new Map(
      [...readAll(readFolds)].map(([pipeline, state]) => [
        pipeline,
        { state, panes: panes.get(pipeline) ?? [] },
      ]),
    )
    return {
      positions: readAll(readPositions),
      folds,
      sinks: readAll(readSinks),
      ledgers: readAll(readLedgers),
      outbox: readHeads.all() as unknown as OutboxHead[],
      cursors: readAll(readCursors) as Map<string, number>,
    }
  }

  /** The rows of an entry as they were stored; null when it is gone, or of a schema that this version cannot read. */
  readEntry(seq: number): Uint8Array | null {
    const record = this.#statements.readBody.get(seq, ROW_SCHEMA_VERSION) as { body: Uint8Array } | undefined
    return record?.body ?? null
  }

  /** Writes a change in one transaction. On `retry` nothing of it is there, and it may be tried again. */
  commit(change: StateChange): StoreResult {
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      this.#write(change)
      this.#db.exec('COMMIT')
      return { kind: 'stored' }
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      const reason = passingTrouble(error)
      if (reason === null) throw error
      return { kind: 'retry', reason }
    }
  }

  /** Bytes of the state file, without its log. */
  bytes(): number {
    const { pages, size } = this.#statements.size.get() as { pages: number; size: number }
    return pages * size
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #write({ positions, folds, sinks, ledgers, outbox }: StateChange): void {
    const { putPosition, putFold, putPane, dropPanes, putSink, putLedger } = this.#statements
    for (const [id, position] of positions) putPosition.run(id, JSON.stringify(position))
    for (const [id, position] of sinks) putSink.run(id, JSON.stringify(position))
    for (const [id, ledger] of ledgers) putLedger.run(id, JSON.stringify(ledger))
    this.#writeOutbox(outbox)
    for (const [pipeline, { state, sealed, closed }] of folds) {
      putFold.run(pipeline, JSON.stringify(state))
      for (const window of closed) dropPanes.run(pipeline, window)
      for (const pane of sealed) {
        if (pane.complete) dropPanes.run(pipeline, pane.window)
        putPane.run(pipeline, pane.window, pane.body)
      }
    }
  }

  #writeOutbox({ appended, cursors, doneUpTo }: OutboxChange): void {
    const { putEntry, putCursor, dropEntries } = this.#statements
    for (const { seq, pipeline, madeAtMs, rows, flows, bytes, body } of appended)
      putEntry.run(seq, pipeline, madeAtMs, rows, flows, bytes, ROW_SCHEMA_VERSION, body)
    for (const [exporter, seq] of cursors) putCursor.run(exporter, JSON.stringify(seq))
    if (doneUpTo > 0) dropEntries.run(doneUpTo)
  }
}

interface PaneRecord {
  readonly pipeline: string
  readonly window: string
  readonly body: Uint8Array
}

type Statements = ReturnType<typeof prepare>

function prepare(db: DatabaseSync) {
  const read = (table: string) => db.prepare(`SELECT id, value FROM ${table}`)
  const put = (table: string) =>
    db.prepare(
      `INSERT INTO ${table} (id, value) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
    )
  return {
    readPositions: read('position'),
    readFolds: read('fold'),
    readSinks: read('sink'),
    readLedgers: read('ledger'),
    readPanes: db.prepare('SELECT pipeline, window, body FROM pane ORDER BY seq'),
    putPosition: put('position'),
    putFold: put('fold'),
    putSink: put('sink'),
    putLedger: put('ledger'),
    putPane: db.prepare('INSERT INTO pane (pipeline, window, body) VALUES (?, ?, ?)'),
    dropPanes: db.prepare('DELETE FROM pane WHERE pipeline = ? AND window = ?'),
    readCursors: read('cursor'),
    putCursor: put('cursor'),
    readHeads: db.prepare(
      'SELECT seq, pipeline, made_at AS madeAtMs, rows, flows, bytes FROM outbox ORDER BY seq',
    ),
    readBody: db.prepare('SELECT body FROM outbox WHERE seq = ? AND schema = ?'),
    putEntry: db.prepare(
      'INSERT INTO outbox (seq, pipeline, made_at, rows, flows, bytes, schema, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    dropEntries: db.prepare('DELETE FROM outbox WHERE seq <= ?'),
    size: db.prepare(
      'SELECT page_count AS pages, page_size AS size FROM pragma_page_count, pragma_page_size',
    ),
  }
}

function readAll(statement: StatementSync): Map<string, Json> {
  const rows = statement.all() as unknown as { readonly id: string; readonly value: string }[]
  return new Map(rows.map(({ id, value }) => [id, JSON.parse(value) as Json]))
}
