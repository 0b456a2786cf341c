import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { backupOf, isUnfinished, stemOf } from './backups.ts'
import { failure, lookAt, type Place } from './open-file.ts'

interface Folder {
  readonly names: readonly string[]
  /** Paths of rotated files by the log they belong to. */
  readonly backups: ReadonlyMap<string, readonly string[]>
}

/** chokidar lists a folder before it watches it; with more names than these polling is cheaper. */
const MOST_NAMES = 256

/** The folders of one look: each is listed once, when somebody asks. */
export class Folders {
  /** What cannot be listed or looked at, and why. */
  readonly blocked = new Map<string, string>()
  readonly #folders = new Map<string, Folder>()
  readonly #realPaths = new Map<string, string>()

  /** Those whose files are few enough to be listed for a watch, too. */
  get watchable(): string[] {
    return [...this.#folders].filter(([, { names }]) => names.length <= MOST_NAMES).map(([path]) => path)
  }

  /** Whether a folder is there: not so while it is not mounted yet, or mounted anew. */
  has(path: string): boolean {
    return existsSync(path)
  }

  /** Rotated files stand beside the log; where the log is a link, beside the file that it leads to. */
  backupsOf(log: string): readonly string[] {
    const beside = (path: string) => this.#folder(dirname(path)).backups.get(path) ?? []
    const real = this.realPath(log)
    return real === log ? beside(log) : [...beside(log), ...beside(real)]
  }

  /** Every file that may be another rotation of the one at `path`, whatever rotated it. */
  around(path: string): Place[] {
    const stem = stemOf(backupOf(path)?.log ?? path)
    const named = this.#folder(dirname(path)).names.filter((name) => name.startsWith(stem))
    return named.flatMap((name) => {
      const found = lookAt(join(dirname(path), name))
      return found.kind === 'found' ? [found.value] : []
    })
  }

  /** A file stays where it is when a link to it is turned elsewhere, so that is the path to know it by. */
  realPath(path: string): string {
    const known = this.#realPaths.get(path)
    if (known !== undefined) return known
    const real = realPath(path)
    this.#realPaths.set(path, real)
    return real
  }

  #folder(path: string): Folder {
    const known = this.#folders.get(path)
    if (known !== undefined) return known
    const names = this.#list(path)
    const folder = { names, backups: sortBackups(path, names) }
    this.#folders.set(path, folder)
    return folder
  }

  #list(path: string): string[] {
    try {
      return readdirSync(path)
    } catch (error) {
      const why = failure(path, error)
      if (why.kind === 'blocked') this.blocked.set(path, why.reason)
      return []
    }
  }
}

function sortBackups(folder: string, names: readonly string[]): Map<string, string[]> {
  const byLog = new Map<string, string[]>()
  for (const path of names.filter((name) => !isUnfinished(name)).map((name) => join(folder, name))) {
    const backup = backupOf(path)
    if (backup === null) continue
    const backups = byLog.get(backup.log) ?? []
    backups.push(path)
    byLog.set(backup.log, backups)
  }
  return byLog
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return path
  }
}
