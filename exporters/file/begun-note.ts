import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { syncFolder } from './open-file.ts'

const BEGUN = z.object({ path: z.string(), nth: z.number(), id: z.string(), size: z.number() })

/** A file that got rows before a commit knew it, and the size it had before them. */
export type Begun = Readonly<z.output<typeof BEGUN>>

/**
 * A note beside the file, there only while rows stand in a file that no commit knows yet: at the first start, after a
 * rotation, after somebody moved the file. Without it, rows left there by a crash could not be told from a stranger's.
 */
export class BegunNote {
  readonly #path: string
  #begun: readonly Begun[] = []

  constructor(path: string) {
    this.#path = `${path}.begun`
  }

  /** What a process before us left behind. It was written whole or not at all: what cannot be parsed is not ours. */
  read(): readonly Begun[] {
    if (!existsSync(this.#path)) return []
    const text = readFileSync(this.#path, 'utf8')
    try {
      return z.array(BEGUN).parse(JSON.parse(text))
    } catch {
      return []
    }
  }

  has(nth: number): boolean {
    return this.#begun.some((begun) => begun.nth === nth)
  }

  /** Safe when it returns, from power loss too: the rows come after it. */
  add(begun: Begun): void {
    const all = [...this.#begun, begun]
    writeFileSync(`${this.#path}.tmp`, JSON.stringify(all), { flush: true })
    renameSync(`${this.#path}.tmp`, this.#path)
    syncFolder(dirname(this.#path))
    this.#begun = all
  }

  /** A commit knows them all. */
  clear(): void {
    this.#begun = []
    rmSync(this.#path, { force: true })
  }
}
