import { existsSync, linkSync, lstatSync, readlinkSync, renameSync, statSync, unlinkSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../../sdk/index.ts'
import type { DeadLetterLine } from '../dead-letter.ts'
import { letterIn, linesOf, writeLines } from './lines.ts'
import { type Fate, Progress, type Refusal } from './progress.ts'

/** A letter that waits to be sent again. */
export interface Letter extends DeadLetterLine {
  /** Which of the file; for `settle`. */
  readonly line: number
  /** Length of its text. */
  readonly size: number
}

/** What a replay leaves. */
export interface Leftover {
  readonly lines: number
  /** Among them: lines that are no letters. */
  readonly strange: number
  /** Where they are: at the old place, or aside where a flowfold began a new file meanwhile. */
  readonly path: string
}

/** A replay cannot begin; the message says why and what to do. */
export class ReplayError extends Error {}

/** A flowfold that opened the file just before we took it away has written to it by then. */
const LAST_WORDS_MS = 1000

/**
 * A dead-letter file that is being sent again. It is taken away under another name first, so a running flowfold begins a
 * new one and never waits. What is left goes back to its place, or, where there is a new file, waits aside for the next
 * replay. Each letter is in one of these once, at every instant:
 *
 * - `X` is what a flowfold writes to,
 * - `X.replaying` are the letters we are at, less those that `X.replaying.db` knows as settled,
 * - `X.replaying.more` is an `X` that is about to be joined to them.
 */
export class LetterFile {
  readonly #path: string
  readonly #aside: string
  readonly #more: string
  readonly #clock: Clock
  readonly #progress: Progress
  #settled: Map<number, Fate>

  /** Takes the letters of `path`, and those that a replay which was killed left behind. Throws a `ReplayError`. */
  static async open(name: string, clock: Clock): Promise<LetterFile> {
    const path = target(name)
    if (!existsSync(path) && !existsSync(`${path}.replaying`))
      throw new ReplayError(`there is no file ${path}`)
    if (existsSync(path) && !statSync(path).isFile()) throw new ReplayError(`${path} is no regular file`)
    const progress = openProgress(`${path}.replaying.db`)
    try {
      const file = new LetterFile(path, clock, progress)
      await file.#takeAll()
      return file
    } catch (error) {
      if (existsSync(`${path}.replaying`)) progress.close()
      else progress.remove()
      throw new ReplayError(`${path} cannot be taken away to be sent: ${(error as Error).message}`)
    }
  }

  private constructor(path: string, clock: Clock, progress: Progress) {
    this.#path = path
    this.#aside = `${path}.replaying`
    this.#more = `${path}.replaying.more`
    this.#clock = clock
    this.#progress = progress
    this.#settled = new Map()
  }

  /** The letters that nothing has become of yet. */
  *letters(): Generator<Letter> {
    for (const [line, text] of this.#lines()) {
      const letter = this.#settled.has(line) ? null : letterIn(text)
      if (letter !== null) yield { ...letter, line, size: text.length }
    }
  }

  /** What became of letters; durable when it returns. */
  settle(lines: readonly number[], fate: Fate): void {
    try {
      this.#progress.settle(lines, fate)
    } catch (error) {
      throw new ReplayError(
        `what became of ${lines.length} rows cannot be noted; the next replay sends them again: ${(error as Error).message}`,
      )
    }
    for (const line of lines) this.#settled.set(line, fate)
  }

  /** Puts back what is left. */
  putBack(): Leftover {
    const left = { lines: 0, strange: 0 }
    for (const [, text] of this.#remaining()) {
      left.lines++
      if (letterIn(text) === null) left.strange++
    }
    try {
      if (left.lines > 0) this.#rewrite([])
      const isBack = left.lines === 0 ? this.#drop() : this.#moveBack()
      this.#progress.remove()
      return { ...left, path: isBack ? this.#path : this.#aside }
    } catch (error) {
      throw new ReplayError(
        `what is left cannot be put back; it waits in ${this.#aside} for the next replay: ${(error as Error).message}`,
      )
    }
  }

  /** As `putBack`, later: another replay goes on from here. */
  close(): void {
    this.#progress.close()
  }

  async #takeAll(): Promise<void> {
    if (this.#isBothNames()) unlinkSync(this.#aside)
    if (!existsSync(this.#aside)) {
      renameSync(this.#path, this.#aside)
      await this.#clock.sleep(LAST_WORDS_MS)
    }
    this.#settled = this.#progress.of(idOf(this.#aside))
    if (existsSync(this.#more)) await this.#takeMore()
    if (existsSync(this.#path)) await this.#takeMore()
  }

  /** Killed between the two halves of moving back: then it is back. */
  #isBothNames(): boolean {
    return existsSync(this.#aside) && existsSync(this.#path) && idOf(this.#aside) === idOf(this.#path)
  }

  #drop(): true {
    unlinkSync(this.#aside)
    return true
  }

  #moveBack(): boolean {
    try {
      // Unlike a rename, this leaves alone what is there.
      linkSync(this.#aside, this.#path)
    } catch {
      if (existsSync(this.#path)) return false
      // Some file systems have no links.
      renameSync(this.#aside, this.#path)
      return true
    }
    unlinkSync(this.#aside)
    return true
  }

  /** Joins the file that a flowfold wrote meanwhile to ours. */
  async #takeMore(): Promise<void> {
    if (!existsSync(this.#more)) renameSync(this.#path, this.#more)
    await this.#clock.sleep(LAST_WORDS_MS)
    const { merge } = this.#progress
    const isJoined = merge?.from === idOf(this.#more) && merge.into === idOf(this.#aside)
    if (!isJoined) this.#rewrite(linesOf(this.#more), idOf(this.#more))
    unlinkSync(this.#more)
  }

  /** Ours becomes what remains of it and `more`, in one instant. */
  #rewrite(more: Iterable<string>, from: string | null = null): void {
    const next = `${this.#aside}.next`
    writeLines(next, [this.#remainingTexts(), more])
    if (from !== null) this.#progress.merge = { from, into: idOf(next) }
    renameSync(next, this.#aside)
    this.#settled = this.#progress.of(idOf(this.#aside))
  }

  *#remainingTexts(): Generator<string> {
    for (const [, text] of this.#remaining()) yield text
  }

  *#remaining(): Generator<readonly [line: number, text: string]> {
    for (const [line, text] of this.#lines()) {
      const fate = this.#settled.get(line)
      if (fate === undefined) yield [line, text]
      else if (fate !== null) yield [line, refusedAgain(text, fate)]
    }
  }

  *#lines(): Generator<readonly [line: number, text: string]> {
    let line = 0
    for (const text of linesOf(this.#aside)) yield [line++, text]
  }
}

/** What a name leads to: the file is taken away, not a link to it. */
function target(name: string): string {
  try {
    return lstatSync(name).isSymbolicLink() ? resolve(dirname(name), readlinkSync(name)) : name
  } catch {
    return name
  }
}

function refusedAgain(text: string, refusal: Refusal): string {
  const { row } = letterIn(text)!
  return JSON.stringify({ ...refusal, row } satisfies DeadLetterLine)
}

/** The number of an inode is given out again when its file is gone, so the time of birth belongs to it. */
function idOf(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true })
  return `${ino}.${birthtimeNs}`
}

function openProgress(path: string): Progress {
  try {
    return new Progress(path)
  } catch (error) {
    const { errcode, message } = error as Error & { readonly errcode?: number }
    const BUSY = 5
    if (errcode === BUSY)
      throw new ReplayError('another replay of this file is running; wait until it is done')
    throw new ReplayError(`${path} cannot be written, and without it a replay is not safe: ${message}`)
  }
}
