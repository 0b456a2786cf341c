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
  /** A rotated file whose name `exclude` matches: not to be begun, but finished when it was begun before. */
  readonly excluded: boolean
}

export interface Surveyed {
  /** The logs themselves, then rotated files by time. */
  readonly sightings: readonly Sighting[]
  readonly folders: Folders
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

  /** Whether the config still means this file. */
  follows({ log, path }: { readonly log: string; readonly path: string }): boolean {
    const isMeant = (path: string) =>
      this.#include.some((pattern) => pattern === path || matchesGlob(path, pattern)) && !this.#excludes(path)
    return isMeant(log) || isMeant(path)
  }

  /** `known` are logs whose rotated files are looked for although the log itself may be missing right now. */
  take(known: Iterable<string>): Surveyed {
    const folders = new Folders()
    const names = this.#names(known, folders)
    const sightings: Sighting[] = []
    for (const [path, name] of names) {
      // While a rotated file is being compressed it stands there twice.
      if (name.rotatedAt !== null && path.endsWith('.gz') && names.has(path.slice(0, -'.gz'.length))) continue
      const found = lookAt(folders.realPath(path))
      if (found.kind === 'found') sightings.push({ ...name, place: found.value })
      if (found.kind === 'blocked') folders.blocked.set(path, found.reason)
    }
    return { sightings: sightings.sort(byRotation), folders }
  }

  /** What there is to look for, by path. */
  #names(known: Iterable<string>, folders: Folders): Map<string, Omit<Sighting, 'place'>> {
    const names = new Map<string, Omit<Sighting, 'place'>>()
    const logs = new Set([...known, ...this.#include.filter(isLiteral)])
    for (const path of this.#paths()) {
      const backup = backupOf(path)
      names.set(path, { log: backup?.log ?? path, rotatedAt: backup?.rotatedAt ?? null, excluded: false })
      if (backup === null) logs.add(path)
    }
    for (const log of logs)
      for (const { path, rotatedAt } of folders.backupsOf(log))
        names.set(path, { log, rotatedAt, excluded: this.#excludes(path) })
    return names
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

/** The logs themselves, then rotated files by time. */
function byRotation(a: Sighting, b: Sighting): number {
  const [before, after] = [a.rotatedAt ?? '', b.rotatedAt ?? '']
  return before < after ? -1 : before > after ? 1 : 0
}
