import { globSync, readFileSync, statSync } from 'node:fs'

/** One file with resources; `text` is null when it cannot be read. */
export interface ResourceFile {
  readonly path: string
  /** Index of the pattern that found it. */
  readonly pattern: number
  readonly text: string | null
  /** Why it cannot be read. */
  readonly unreadable: string
}

/** The API server takes no object beyond 1.5 MiB; a file may hold several, but no log that a pattern caught by mistake. */
const MAX_FILE_BYTES = 8 * 2 ** 20

/** The files behind the patterns as they are now, each once, in the order of the patterns and then of their names. */
export function readResourceFiles(patterns: readonly string[]): readonly ResourceFile[] {
  const files = new Map<string, ResourceFile>()
  patterns.forEach((glob, pattern) => {
    for (const path of globSync(glob).sort()) files.set(path, { path, pattern, ...read(path) })
  })
  return [...files.values()]
}

/** Two looks at the same files have the same fingerprint exactly when nothing changed. */
export function fingerprintOf(files: readonly ResourceFile[]): string {
  return JSON.stringify(files)
}

function read(path: string): Pick<ResourceFile, 'text' | 'unreadable'> {
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) return unreadable(`is a directory; write "${path}/*.yaml"`)
    if (stat.size > MAX_FILE_BYTES)
      return unreadable('is larger than 8 MiB; is this the right file? Split it, or name another path')
    return { text: readFileSync(path, 'utf8'), unreadable: '' }
  } catch (error) {
    return unreadable(`cannot be read (${(error as Error).message}); check its mount and its permissions`)
  }
}

function unreadable(why: string): Pick<ResourceFile, 'text' | 'unreadable'> {
  return { text: null, unreadable: why }
}
