import { closeSync, existsSync, linkSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StateError } from './state-error.ts'

export interface StateFileOptions {
  /** Folder of the state file, made if missing; `memory` keeps nothing. */
  readonly dir: string
  readonly durability: 'process' | 'power'
  /** Told when a damaged file is set aside. */
  readonly warn: (message: string, fields: { readonly [name: string]: string }) => void
  /** For the name of a file that is set aside. */
  readonly nowMs: number
}

/** Raise it with every change of the tables, and migrate. */
const SCHEMA_VERSION = 1
/** Marks the file as flowfold's own ("flow" in ASCII), so that nobody's database is taken for ours. */
const APPLICATION_ID = 0x666c6f77
/** JSON by id: what each component and pipeline left. */
const JSON_TABLES = ['position', 'fold', 'sink', 'ledger', 'cursor'] as const
const TABLES = [...JSON_TABLES, 'outbox', 'outbox_unreadable', 'pane'] as const
/** A service that restarts may meet its predecessor on the way out. */
const LOCK_WAIT_MS = 3000

/** The open state, and whether it was made just now: then it has seen no commit. */
export interface StateFile {
  readonly db: DatabaseSync
  readonly isNew: boolean
}

/** Opens or makes the state file; throws `StateError` with the way out when that cannot be. */
export function openStateFile(options: StateFileOptions): StateFile {
  const { dir, durability } = options
  if (dir === 'memory') return { db: openMemory(), isNew: true }
  const path = join(dir, 'state.db')
  try {
    mkdirSync(dir, { recursive: true })
    try {
      if (existsSync(path)) return { db: openFile(path, durability), isNew: false }
    } catch (error) {
      if (!isDamaged(error)) throw error
      setAside(path, (error as Error).message, options)
    }
    makeFile(path, durability)
    return { db: openFile(path, durability), isNew: true }
  } catch (error) {
    throw explain(error, path)
  }
}

/** Why a commit may work when it is tried again; null when it will not. */
export function passingTrouble(error: unknown): string | null {
  switch (codeOf(error)) {
    case SQLITE.FULL:
      return 'the disk of service.state_dir is full'
    case SQLITE.READONLY:
      return 'service.state_dir is read-only'
    case SQLITE.IOERR:
      return `the state file cannot be written: ${(error as Error).message}`
    default:
      return null
  }
}

function openMemory(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  createTables(db)
  return db
}

/**
 * Makes the file whole and gives it its name then. So a file of that name without content is one that lost it, and not one
 * that is being made.
 */
function makeFile(path: string, durability: 'process' | 'power'): void {
  const draft = `${path}.${process.pid}.new`
  rmSync(draft, { force: true })
  // Rows may be nobody else's business; SQLite gives its log the same mode.
  closeSync(openSync(draft, 'wx', 0o600))
  const db = new DatabaseSync(draft)
  try {
    db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'OFF'}`)
    createTables(db)
  } finally {
    db.close()
  }
  try {
    // Unlike a rename it does not replace the file of another flowfold that came first.
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') renameSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

function openFile(path: string, durability: 'process' | 'power'): DatabaseSync {
  if (statSync(path).isDirectory())
    throw new StateError(
      `${path} is a folder, where the state file should be; move it away, or set service.state_dir`,
    )
  const db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    // Exclusive from the first read on: a second process on the same state would count flows twice.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; COMMIT')
    db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`)
    check(db, path)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Throws when the file is not ours, or not whole. */
function check(db: DatabaseSync, path: string): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  const { application_id: owner } = db.prepare('PRAGMA application_id').get() as { application_id: number }
  const records = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  const tables = new Set(records.map(({ name }) => String(name)))
  if (tables.size > 0 && owner !== APPLICATION_ID)
    throw new StateError(
      `${path} is a database of another program; set service.state_dir to a folder of flowfold's own`,
    )
  if (version > SCHEMA_VERSION)
    throw new StateError(
      `${path} was written by a newer flowfold (state version ${version}, this one knows ${SCHEMA_VERSION}); ` +
        'run that version again, or set service.state_dir to a new folder and accept that input is read again',
    )
  const missing = TABLES.filter((table) => !tables.has(table))
  if (missing.length > 0) throw new DamagedFile(`it has no ${missing.join(', ')}`)
  checkContent(db)
}

function createTables(db: DatabaseSync): void {
  db.exec(`
    PRAGMA application_id = ${APPLICATION_ID};
    BEGIN;
    ${JSON_TABLES.map((table) => `CREATE TABLE ${table} (id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`).join('\n    ')}
    CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, pipeline TEXT NOT NULL, exporters TEXT NOT NULL,
      made_at INTEGER NOT NULL, rows INTEGER NOT NULL, flows INTEGER NOT NULL, bytes INTEGER NOT NULL,
      version INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE outbox_unreadable (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, pipeline TEXT NOT NULL,
      made_at INTEGER NOT NULL, rows INTEGER NOT NULL, flows INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE pane (seq INTEGER PRIMARY KEY AUTOINCREMENT, pipeline TEXT NOT NULL, window TEXT NOT NULL, body BLOB NOT NULL);
    CREATE INDEX pane_window ON pane (pipeline, window);
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT`)
}

/** Finds torn pages and unreadable values at start, where something can be done about them. */
function checkContent(db: DatabaseSync): void {
  const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (verdict !== 'ok') throw new DamagedFile(verdict)
  for (const table of JSON_TABLES) {
    const bad = db.prepare(`SELECT id FROM ${table} WHERE NOT json_valid(value)`).get()
    if (bad !== undefined) throw new DamagedFile(`the ${table} of ${bad.id} is unreadable`)
  }
}

class DamagedFile extends Error {}

/** SQLite's result codes, https://www.sqlite.org/rescode.html. */
const SQLITE = { BUSY: 5, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const

function codeOf(error: unknown): number | null {
  const code = (error as { errcode?: unknown }).errcode
  // Extended codes carry the primary one in the low byte.
  return typeof code === 'number' ? code & 0xff : null
}

function isDamaged(error: unknown): boolean {
  const code = codeOf(error)
  return error instanceof DamagedFile || code === SQLITE.CORRUPT || code === SQLITE.NOTADB
}

function setAside(path: string, reason: string, { nowMs, warn }: StateFileOptions): void {
  const aside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(':', '-')}`
  for (const suffix of ['', '-wal']) {
    try {
      renameSync(path + suffix, aside + suffix)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  warn(
    'the state file is damaged and was set aside; input is read again from its beginning, so rows may repeat',
    { file: path, reason, kept_as: aside },
  )
}

function explain(error: unknown, path: string): StateError {
  if (error instanceof StateError) return error
  const { code: errno, message } = error as NodeJS.ErrnoException
  const code = codeOf(error)
  if (errno === 'EEXIST' || errno === 'ENOTDIR')
    return new StateError(`${dirname(path)} is no folder; set service.state_dir to one, or to a new name`)
  if (code === SQLITE.BUSY)
    return new StateError(
      `${path} is in use by another flowfold; stop that one, or give this one its own service.state_dir`,
    )
  if (code === SQLITE.FULL || errno === 'ENOSPC')
    return new StateError(`no room on the disk for ${path}; free some space, or move service.state_dir`)
  if (code === SQLITE.READONLY || errno === 'EROFS' || errno === 'EACCES' || code === SQLITE.CANTOPEN)
    return new StateError(
      `${path} cannot be written; give this user write access to the folder, or set service.state_dir to one that it may write`,
    )
  return new StateError(`${path} cannot be opened: ${message}`)
}
