import { globSync } from 'node:fs'
import { matchesGlob, resolve } from 'node:path'
import { backupOf, isUnfinished } from './backups.ts'
import { Folders } from './folders.ts'
import { lookAt, type Place } from './open-file.ts'

/** A file that a look found under a name that is followed. */
export interface Sighting {
  readonly place: Place
  /** The path it is, or was, followed under. */
  readonly log: string
  /** From the name of a rotated file; null for the log itself. */
  readonly rotatedAt: string | null
  /** A rotated file whose name, or whose log's name, `exclude` matches: not to be begun, but finished when it was begun before. */
  readonly excluded: boolean
}

export interface Surveyed {
  /** The logs themselves, then rotated files. */
  readonly sightings: readonly Sighting[]
  readonly folders: Folders
  /** Something was renamed or removed meanwhile: another look would tell more. */
  readonly isStale: boolean
}

/** A name to look for. */
type Name = Omit<Sighting, 'place'> & { readonly path: string }

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

  /** Whether the config still means this file. */
  follows({ log, path }: { readonly log: string; readonly path: string }): boolean {
    return [log, path].some((name) => this.#includes(name) && !this.#excludes(name))
  }

  /**
   * `known` are logs whose rotated files are looked for although the log itself may be missing right now.
   *
   * The logs come first: what has been rotated before a log was seen is there when its folder is listed, so nothing
   * between the two is overlooked.
   */
  take(known: Iterable<string>): Surveyed {
    const folders = new Folders()
    const paths = this.#paths()
    const logs = paths.filter((path) => backupOf(path) === null).map(nameOfLog)
    const seen = look(logs, folders)
    const rotated = this.#rotated(
      { paths, logs: new Set([...known, ...logs.map(({ log }) => log)]) },
      folders,
    )
    const seenRotated = look(rotated, folders)
    const isStale = seenRotated.length < rotated.length
    return { sightings: [...seen, ...seenRotated], folders, isStale }
  }

  /** The rotated files of logs, and those that are named themselves. */
  #rotated({ paths, logs }: { paths: readonly string[]; logs: Iterable<string> }, folders: Folders): Name[] {
    const names = new Map<string, Name>()
    const add = (path: string, log: string) => {
      const rotatedAt = backupOf(path)?.rotatedAt
      const excluded = this.#excludes(path) || this.#excludes(log)
      if (rotatedAt !== undefined) names.set(path, { path, log, rotatedAt, excluded })
    }
    for (const path of paths) add(path, backupOf(path)?.log ?? path)
    for (const log of logs) for (const path of folders.backupsOf(log)) add(path, log)
    // While a file is being compressed it stands there twice.
    return [...names.values()].filter(
      ({ path }) => !names.has(path.replace(/\.gz$/, '')) || !path.endsWith('.gz'),
    )
  }

  #paths(): string[] {
    const patterns = this.#include.filter((path) => !isLiteral(path))
    // Node loads what it needs for patterns when it is asked the first time, even for none.
    const matching = patterns.length > 0 ? globSync(patterns) : []
    const found = [...this.#include.filter(isLiteral), ...matching]
    return found.filter((path) => !isUnfinished(path) && !this.#excludes(path))
  }

  #includes(path: string): boolean {
    // Asked about a pattern the first time, Node loads what it needs for them.
    return this.#include.some(
      (pattern) => pattern === path || (!isLiteral(pattern) && matchesGlob(path, pattern)),
    )
  }

  #excludes(path: string): boolean {
    return this.#exclude.some((pattern) => matchesGlob(path, pattern))
  }
}

function isLiteral(pattern: string): boolean {
  return !/[*?[\]{}()!]/.test(pattern)
}

function nameOfLog(path: string): Name {
  return { path, log: path, rotatedAt: null, excluded: false }
}

function look(names: readonly Name[], folders: Folders): Sighting[] {
  return names.flatMap(({ path, log, rotatedAt, excluded }) => {
    const found = lookAt(folders.realPath(path))
    if (found.kind === 'blocked') folders.blocked.set(path, found.reason)
    return found.kind === 'found' ? [{ place: found.value, log, rotatedAt, excluded }] : []
  })
}
