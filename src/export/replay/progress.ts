import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** What became of a letter: null when the backend has it, else why it was refused again. */
export type Fate = Refusal | null

export interface Refusal {
  readonly exporter: string
  readonly reason: string
  /** RFC 3339. */
  readonly refusedAt: string
}

/** Two files that became one, which a kill may have caught half-way. */
export interface Merge {
  readonly from: string
  readonly into: string
}

/**
 * How far a replay came, in a small database beside the letters: whole at every instant, gone when the replay is done,
 * and held by one process at a time.
 */
export class Progress {
  readonly #path: string
  readonly #db: DatabaseSync

  /** Throws when another replay holds it, or where nothing can be written. */
  constructor(path: string) {
    this.#path = path
    this.#db = new DatabaseSync(path, { timeout: 0 })
    try {
      this.#db.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        BEGIN EXCLUSIVE;
        CREATE TABLE IF NOT EXISTS settled (line INTEGER PRIMARY KEY, refusal TEXT);
        CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        COMMIT`)
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** The lines of this file that are settled; a file that is not the one it was has none. */
  of(file: string): Map<number, Fate> {
    if (this.#note('file') !== file) {
      this.#together(() => {
        this.#db.exec('DELETE FROM settled')
        this.#setNote('file', file)
      })
      return new Map()
    }
    const rows = this.#db.prepare('SELECT line, refusal FROM settled').all()
    return new Map(
      rows.map(({ line, refusal }) => [
        Number(line),
        refusal === null ? null : (JSON.parse(String(refusal)) as Refusal),
      ]),
    )
  }

  /** Safe from power loss too when it returns. */
  settle(lines: readonly number[], fate: Fate): void {
    const insert = this.#db.prepare('INSERT OR REPLACE INTO settled VALUES (?, ?)')
    const refusal = fate === null ? null : JSON.stringify(fate)
    this.#together(() => {
      for (const line of lines) insert.run(line, refusal)
    })
  }

  get merge(): Merge | null {
    const text = this.#note('merge')
    return text === null ? null : (JSON.parse(text) as Merge)
  }

  set merge(merge: Merge) {
    this.#together(() => this.#setNote('merge', JSON.stringify(merge)))
  }

  /** Nothing is left to be remembered. */
  remove(): void {
    // While it is still locked: nobody else may begin with it.
    rmSync(this.#path, { force: true })
    this.#db.close()
  }

  close(): void {
    this.#db.close()
  }

  #note(name: string): string | null {
    const found = this.#db.prepare('SELECT value FROM note WHERE name = ?').get(name)
    return found === undefined ? null : String(found.value)
  }

  #setNote(name: string, value: string): void {
    this.#db.prepare('INSERT OR REPLACE INTO note VALUES (?, ?)').run(name, value)
  }

  #together(work: () => void): void {
    this.#db.exec('BEGIN')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }
}
