import { type Dirent, globSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, matchesGlob, resolve } from 'node:path'
import { backupOf, isUnfinished, stemOf } from './backups.ts'
import { failure, lookAt, type Place } from './open-file.ts'

/** A file that a look found under a name that is followed. */
export interface Sighting {
  readonly place: Place
  /** The path it is, or was, followed under. */
  readonly log: string
  /** From the name of a rotated file; null for the log itself. */
  readonly rotatedAt: string | null
  /** A rotated file whose name `exclude` matches: not to be begun, but finished when it was begun before. */
  readonly excluded: boolean
}

export interface Surveyed {
  /** The logs themselves, then rotated files by time. */
  readonly sightings: readonly Sighting[]
  /** What cannot be looked at, and why. */
  readonly blocked: Map<string, string>
  readonly folders: readonly string[]
  /** Every file that may be a rotated file of `log`, whatever rotated it. */
  around(log: string): readonly Place[]
}

/** What stands on disk under the names that are followed. It remembers nothing from one look to the next. */
export class Survey {
  readonly #include: readonly string[]
  readonly #exclude: readonly string[]

  constructor({
    include,
    exclude,
  }: { readonly include: readonly string[]; readonly exclude: readonly string[] }) {
    this.#include = include.map((pattern) => resolve(pattern))
    // A pattern without a slash speaks of names, wherever they are.
    this.#exclude = exclude.map((pattern) => (pattern.includes('/') ? resolve(pattern) : `**/${pattern}`))
  }

  includes(path: string): boolean {
    return (
      this.#include.some((pattern) => pattern === path || matchesGlob(path, pattern)) && !this.#excludes(path)
    )
  }

  /** `known` are logs whose rotated files are looked for although the log itself may be missing right now. */
  take(known: Iterable<string>): Surveyed {
    const folders = new Folders()
    const names = new Map<string, Omit<Sighting, 'place'>>()
    const paths = this.#paths()
    const logs = new Set([...known, ...this.#include.filter(isLiteral)])
    for (const path of paths) {
      const backup = backupOf(path)
      names.set(path, { log: backup?.log ?? path, rotatedAt: backup?.rotatedAt ?? null, excluded: false })
      if (backup === null) logs.add(path)
    }
    for (const log of logs) {
      for (const [path, rotatedAt] of folders.backupsOf(log))
        names.set(path, { log, rotatedAt, excluded: this.#excludes(path) })
    }
    return { sightings: look(names, folders.blocked), ...folders.found() }
  }

  #paths(): string[] {
    const found = [
      ...this.#include.filter(isLiteral),
      ...globSync(this.#include.filter((path) => !isLiteral(path))),
    ]
    return found.filter((path) => !isUnfinished(path) && !this.#excludes(path))
  }

  #excludes(path: string): boolean {
    return this.#exclude.some((pattern) => matchesGlob(path, pattern))
  }
}

function isLiteral(pattern: string): boolean {
  return !/[*?[\]{}()!]/.test(pattern)
}

/** The folders of one look, each listed once. */
class Folders {
  readonly blocked = new Map<string, string>()
  readonly #entries = new Map<string, Dirent[]>()
  readonly #backups = new Map<string, Map<string, [path: string, rotatedAt: string][]>>()

  found(): Omit<Surveyed, 'sightings'> {
    return { blocked: this.blocked, folders: [...this.#entries.keys()], around: (log) => this.#around(log) }
  }

  entries(folder: string): readonly Dirent[] {
    const known = this.#entries.get(folder)
    if (known !== undefined) return known
    const entries: Dirent[] = []
    this.#entries.set(folder, entries)
    try {
      entries.push(...readdirSync(folder, { withFileTypes: true }))
    } catch (error) {
      const why = failure(folder, error)
      if (why.kind === 'blocked') this.blocked.set(folder, why.reason)
    }
    return entries
  }

  /** Rotated files stand beside the log; where the log is a link, beside the file that it leads to. */
  backupsOf(log: string): readonly [path: string, rotatedAt: string][] {
    const isLink = this.entries(dirname(log)).some(
      (entry) => entry.isSymbolicLink() && entry.name === basename(log),
    )
    const target = isLink ? realPath(log) : log
    return [...this.#beside(log), ...(target === log ? [] : this.#beside(target))]
  }

  #beside(log: string): readonly [path: string, rotatedAt: string][] {
    const folder = dirname(log)
    return (this.#backups.get(folder) ?? this.#sort(folder)).get(log) ?? []
  }

  #around(log: string): Place[] {
    const named = this.entries(dirname(log)).filter(({ name }) => name.startsWith(stemOf(log)))
    return named.flatMap(({ name }) => {
      const found = lookAt(join(dirname(log), name))
      return found.kind === 'found' ? [found.value] : []
    })
  }

  #sort(folder: string): Map<string, [path: string, rotatedAt: string][]> {
    const byLog = new Map<string, [path: string, rotatedAt: string][]>()
    for (const { name } of this.entries(folder)) {
      const path = join(folder, name)
      const backup = isUnfinished(name) ? null : backupOf(path)
      if (backup === null) continue
      const backups = byLog.get(backup.log) ?? []
      backups.push([path, backup.rotatedAt])
      byLog.set(backup.log, backups)
    }
    this.#backups.set(folder, byLog)
    return byLog
  }
}

function look(names: ReadonlyMap<string, Omit<Sighting, 'place'>>, blocked: Map<string, string>): Sighting[] {
  const sightings: Sighting[] = []
  for (const [path, name] of names) {
    // While a file is being compressed both stand there, with the same content.
    if (path.endsWith('.gz') && names.has(path.slice(0, -'.gz'.length))) continue
    const found = lookAt(path)
    if (found.kind === 'found') sightings.push({ ...name, place: found.value })
    if (found.kind === 'blocked') blocked.set(path, found.reason)
  }
  return sightings.sort((a, b) => compare(a.rotatedAt ?? '', b.rotatedAt ?? ''))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
