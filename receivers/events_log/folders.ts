import { readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { backupOf, isUnfinished, stemOf } from './backups.ts'
import { failure, lookAt, type Place } from './open-file.ts'

interface Folder {
  /** Where links lead. */
  readonly realPath: string
  readonly names: readonly string[]
  readonly links: ReadonlySet<string>
  /** Rotated files by the log they belong to. */
  readonly backups: ReadonlyMap<string, readonly RotatedFile[]>
}

export interface RotatedFile {
  readonly path: string
  readonly rotatedAt: string
}

/** chokidar lists a folder before it watches it; with more names than these polling is cheaper. */
const MOST_NAMES = 256

/** The folders of one look, each listed once. */
export class Folders {
  /** Those that cannot be listed, and why. */
  readonly blocked = new Map<string, string>()
  readonly #folders = new Map<string, Folder>()

  /** Those whose files are few enough to be listed for a watch, too. */
  get watchable(): string[] {
    return [...this.#folders].filter(([, { names }]) => names.length <= MOST_NAMES).map(([path]) => path)
  }

  /** Rotated files stand beside the log; where the log is a link, beside the file that it leads to. */
  backupsOf(log: string): readonly RotatedFile[] {
    const beside = (path: string) => this.#folder(dirname(path)).backups.get(path) ?? []
    return this.#isLink(log) ? [...beside(log), ...beside(this.realPath(log))] : beside(log)
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
    if (this.#isLink(path)) return realPath(path)
    return join(this.#folder(dirname(path)).realPath, basename(path))
  }

  #isLink(path: string): boolean {
    return this.#folder(dirname(path)).links.has(basename(path))
  }

  #folder(path: string): Folder {
    const known = this.#folders.get(path)
    if (known !== undefined) return known
    const folder = this.#list(path)
    this.#folders.set(path, folder)
    return folder
  }

  #list(path: string): Folder {
    try {
      const entries = readdirSync(path, { withFileTypes: true })
      const names = entries.map(({ name }) => name)
      const links = new Set(entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name))
      return { realPath: realPath(path), names, links, backups: sortBackups(path, names) }
    } catch (error) {
      const why = failure(path, error)
      if (why.kind === 'blocked') this.blocked.set(path, why.reason)
      return { realPath: path, names: [], links: new Set(), backups: new Map() }
    }
  }
}

function sortBackups(folder: string, names: readonly string[]): Map<string, RotatedFile[]> {
  const byLog = new Map<string, RotatedFile[]>()
  for (const path of names.filter((name) => !isUnfinished(name)).map((name) => join(folder, name))) {
    const backup = backupOf(path)
    if (backup === null) continue
    const backups = byLog.get(backup.log) ?? []
    backups.push({ path, rotatedAt: backup.rotatedAt })
    byLog.set(backup.log, backups)
  }
  return byLog
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
