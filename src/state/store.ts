import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Json, Pane } from '../sdk/index.ts'
import type { Cursor, EntryBody, OutboxEntry, OutboxHead } from './entry.ts'
import { openStateFile, passingTrouble, type StateFile, type StateFileOptions } from './state-file.ts'

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
  /** By exporter id; those of others go. */
  readonly cursors: ReadonlyMap<string, Cursor>
  /** Entries that cannot be read, by their seq, and why: they are set aside. */
  readonly unreadable: ReadonlyMap<number, string>
  /** Entries that every exporter is done with: their space is used again. */
  readonly done: readonly number[]
}

export interface FoldChange {
  readonly state: Json
  readonly sealed: readonly Pane[]
  /** Windows that closed: their panes go. */
  readonly closed: readonly string[]
}

export interface StoredFold {
  readonly state: Json
  readonly panes: readonly Pane[]
}

/** What the last commit left. */
export interface StoredState {
  readonly positions: ReadonlyMap<string, Json>
  readonly folds: ReadonlyMap<string, StoredFold>
  readonly sinks: ReadonlyMap<string, Json>
  readonly ledgers: ReadonlyMap<string, Json>
  /** Oldest first. */
  readonly outbox: readonly OutboxHead[]
  /** By exporter id. */
  readonly cursors: ReadonlyMap<string, Cursor>
  /** Of the last entry there ever was. */
  readonly lastSeq: number
}

export type StoreResult = { readonly kind: 'stored' } | { readonly kind: 'retry'; readonly reason: string }

/** The state of the service in one SQLite file: positions, panes, sinks and ledgers, written in one transaction. */
export class Store {
  readonly #db: DatabaseSync
  readonly #statements: Statements

  /** No commit has reached the file itself yet. */
  #isNew: boolean

  private constructor({ db, isNew }: StateFile) {
    this.#db = db
    this.#isNew = isNew
    this.#statements = prepare(db)
  }

  static open(options: StateFileOptions): Store {
    return new Store(openStateFile(options))
  }

  load(): StoredState {
    const {
      readPositions,
      readFolds,
      readPanes,
      readSinks,
      readLedgers,
      readHeads,
      readCursors,
      readLastSeq,
    } = this.#statements
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
      outbox: heads(readHeads),
      cursors: readAll(readCursors) as unknown as Map<string, Cursor>,
      lastSeq: (readLastSeq.get() as { seq: number } | undefined)?.seq ?? 0,
    }
  }

  /** The rows of an entry of the outbox, as they were stored. */
  readEntry(seq: number): EntryBody {
    return this.#statements.readBody.get(seq) as unknown as EntryBody
  }

  /** Writes a change in one transaction. On `retry` nothing of it is there, and it may be tried again. */
  commit(change: StateChange): StoreResult {
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      this.#write(change)
      this.#db.exec('COMMIT')
      this.#settle()
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

  /**
   * The first commit goes from SQLite's log into the file. Who loses the log in a power cut then finds an older commit, which
   * rows and positions agree on, and not a state that knows of nothing.
   */
  #settle(): void {
    if (!this.#isNew) return
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      this.#isNew = false
    } catch (error) {
      // The commit itself is stored; the next one tries again.
      if (passingTrouble(error) === null) throw error
    }
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

  #writeOutbox({ appended, cursors, unreadable, done }: OutboxChange): void {
    const { putEntry, putCursor, dropCursors, putAside, trimAside, dropEntry } = this.#statements
    for (const { seq, pipeline, exporters, madeAtMs, rows, flows, bytes, version, body } of appended)
      putEntry.run(seq, pipeline, JSON.stringify(exporters), madeAtMs, rows, flows, bytes, version, body)
    dropCursors.run()
    for (const [exporter, cursor] of cursors) putCursor.run(exporter, JSON.stringify(cursor))
    for (const [seq, reason] of unreadable) putAside.run(reason, seq)
    if (unreadable.size > 0) trimAside.run(MOST_SET_ASIDE)
    for (const seq of done) dropEntry.run(seq)
  }
}

/** Entries that nobody can read are kept for a person to look at, but not without end. */
const MOST_SET_ASIDE = 100

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
    dropCursors: db.prepare('DELETE FROM cursor'),
    readLastSeq: db.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'outbox'`),
    readHeads: db.prepare(
      'SELECT seq, pipeline, exporters, made_at AS madeAtMs, rows, flows, bytes FROM outbox ORDER BY seq',
    ),
    readBody: db.prepare('SELECT version, body FROM outbox WHERE seq = ?'),
    putEntry: db.prepare(
      'INSERT INTO outbox (seq, pipeline, exporters, made_at, rows, flows, bytes, version, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    dropEntry: db.prepare('DELETE FROM outbox WHERE seq = ?'),
    putAside: db.prepare(
      'INSERT OR REPLACE INTO outbox_unreadable SELECT seq, ?, pipeline, made_at, rows, flows, version, body FROM outbox WHERE seq = ?',
    ),
    trimAside: db.prepare(
      'DELETE FROM outbox_unreadable WHERE seq NOT IN (SELECT seq FROM outbox_unreadable ORDER BY seq DESC LIMIT ?)',
    ),
    size: db.prepare(
      'SELECT page_count AS pages, page_size AS size FROM pragma_page_count, pragma_page_size',
    ),
  }
}

function readAll(statement: StatementSync): Map<string, Json> {
  const rows = statement.all() as unknown as { readonly id: string; readonly value: string }[]
  return new Map(rows.map(({ id, value }) => [id, JSON.parse(value) as Json]))
}

function heads(statement: StatementSync): OutboxHead[] {
  // A few lists over and over: one object for each will do.
  const lists = new Map<string, readonly string[]>()
  const listOf = (text: string) => {
    const list = lists.get(text) ?? (JSON.parse(text) as readonly string[])
    lists.set(text, list)
    return list
  }
  const records = statement.all() as unknown as (Omit<OutboxHead, 'exporters'> & { exporters: string })[]
  return records.map(({ exporters, ...head }) => ({ ...head, exporters: listOf(exporters) }))
}
