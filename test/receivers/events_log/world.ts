import { copyFileSync, readFileSync, renameSync, statSync, truncateSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Loss } from '../../../src/sdk/index.ts'
import { backupPath, RotatingWriter } from '../../support/rotating-writer.ts'
import { type Commit, Follower, numbered } from './follower.ts'

/** What was written as one file, wherever it is by now. */
interface Content {
  records: number[]
  /** Half a record at its end, which nobody will finish. */
  half: boolean
  /** Where it stands; null when it was removed. */
  path: string | null
  /** Moved to a name that nobody follows. */
  elsewhere: boolean
  /** Overwritten where it stood, and there is a copy. */
  truncated: boolean
  /** Its writer kept the offset that it had before a truncation. */
  hole: boolean
  /** How often it lost its end. */
  cuts: number
  /** How many of its records the follower could have seen; none when it was never there at a look. */
  seen: number | null
  /** When the follower first saw a record in it. */
  known: number | null
}

/** A writer, a follower, and the account of both. */
export class World {
  readonly #path: string
  #writer: RotatingWriter
  readonly #contents: Content[] = []
  #live: Content
  #commits: { readonly commit: Commit; readonly at: number }[] = []
  #time = Date.UTC(2026, 0, 1)
  #n = 0
  /** The rest of a line of which the beginning is written. */
  #rest: string | null = null
  #events = 1
  #lookedAt = 0
  #restartedAt = Number.POSITIVE_INFINITY
  #copying: string | null = null
  follower: Follower

  constructor(folder: string) {
    this.#path = join(folder, 'events.log')
    this.#writer = this.#openWriter()
    this.#live = this.#born()
    this.follower = this.#follow()
  }

  writeLines(count: number): void {
    this.finishLine()
    for (let i = 0; i < count; i++) {
      this.#writer.write(numbered(++this.#n, { padding: (this.#n * 37) % 900 }))
      this.#live.records.push(this.#n)
    }
  }

  /** `part` of 10 tenths; all of them leave out nothing but the line feed. */
  writePart(part: number): void {
    this.finishLine()
    const line = numbered(++this.#n)
    const cut = part >= 10 ? line.length - 1 : Math.max(1, Math.floor((line.length * part) / 10))
    this.#writer.write(line.slice(0, cut))
    this.#rest = line.slice(cut)
  }

  finishLine(): void {
    if (this.#rest === null) return
    this.#writer.write(this.#rest)
    this.#rest = null
    this.#live.records.push(this.#n)
  }

  rotate(): void {
    this.#abandon()
    this.#live.path = this.#writer.rotate()
    this.#live = this.#born()
  }

  /** Not what begins with a hole: compressed, it has nothing to be known by. */
  compress(which: number): void {
    const plain = this.#contents.filter(
      ({ path, hole }) => path !== null && path !== this.#path && !path.endsWith('.gz') && !hole,
    )
    const content = plain[which % Math.max(1, plain.length)]
    if (content?.path) content.path = this.#writer.compress(content.path)
    passATick()
  }

  prune(): void {
    const [oldest] = this.#contents.filter(({ path }) => path !== null && path !== this.#path)
    if (oldest?.path == null) return
    unlinkSync(oldest.path)
    oldest.path = null
    passATick()
  }

  copy(): void {
    if (this.#rest !== null || this.#copying !== null) return
    this.#copying = backupPath(this.#path, this.#time++)
    copyFileSync(this.#path, this.#copying)
  }

  truncate(): void {
    this.copy()
    if (this.#rest !== null || this.#copying === null) return
    copyFileSync(this.#path, this.#copying)
    truncateSync(this.#path)
    this.#live.path = this.#copying
    this.#live.truncated = true
    this.#copying = null
    this.#live = this.#born()
    this.#live.hole = true
  }

  deleteAndCreate(): void {
    this.#abandon()
    unlinkSync(this.#writer.moveAway())
    passATick()
    this.#writer.create()
    this.#live.path = null
    this.#live = this.#born()
  }

  /** A name that no glob names, as logrotate gives it. */
  moveElsewhere(): void {
    this.#abandon()
    const backup = this.#writer.rotate()
    const elsewhere = `${this.#path}.${this.#time++}`
    renameSync(backup, elsewhere)
    this.#live.path = elsewhere
    this.#live.elsewhere = true
    this.#live = this.#born()
  }

  async look(afterMs: number): Promise<void> {
    this.#lookedAt = this.#events++
    await this.follower.look(afterMs)
    this.#looked()
  }

  /** Dies, and goes on from one of the last commits. */
  async crash(back: number): Promise<void> {
    await this.#die(back)
    await this.#rise()
  }

  /** Both die, and of the log only `part` of 100 has reached the disk. What began with a hole cannot be known again. */
  async cutPower(part: number, back: number): Promise<void> {
    await this.#die(back)
    const size = statSync(this.#path).size
    const kept = Math.floor((size * part) / 100)
    if (!this.#live.hole && this.#copying === null && kept > 0 && kept < size) {
      truncateSync(this.#path, kept)
      const lines = readFileSync(this.#path, 'latin1').split('\n').slice(0, -1)
      const isThere = new Set(lines.map((line) => Number(/"time":"[^"]*\.(\d{9})Z"/.exec(line)?.[1])))
      this.#live.records = this.#live.records.filter((n) => isThere.has(n))
      this.#live.seen = null
      // Without a whole line there is nothing to know it by.
      if (this.#live.records.length === 0) this.#live.known = null
      this.#live.cuts++
      this.#rest = null
      this.#writer.close()
      this.#writer = this.#openWriter()
    }
    await this.#rise()
  }

  /** What is wrong with what arrived; nothing, if all is well. */
  async verdict(): Promise<string[]> {
    this.finishLine()
    if (this.#copying !== null) this.truncate()
    await this.follower.settle()
    await this.follower.settle()
    await this.follower.stop()
    const { received, losses } = this.follower
    const wrong: string[] = []
    const times = new Map<number, number>()
    for (const n of received) times.set(n, (times.get(n) ?? 0) + 1)
    for (const [n, count] of times) if (count > 1) wrong.push(`${n} arrived ${count} times`)
    const gap = bytesOf(losses)
    for (const content of this.#contents) {
      const missing = content.records.filter((n) => !times.has(n))
      // Nobody can know of what came and went unseen, or was seen only by a follower whose memory is gone.
      const isKnown = content.known !== null && content.known <= this.#restartedAt
      const isFindable = !content.elsewhere || (isKnown && !content.path?.endsWith('.gz'))
      const isThere = content.path !== null && isFindable
      if (missing.length > 0 && isThere) wrong.push(`${missing} lost, in ${content.path}`)
      const wasSeen = content.records.slice(0, content.seen ?? 0).some((n) => missing.includes(n))
      const isTold = gap > 0 || (content.truncated && (!wasSeen || Number.isFinite(this.#restartedAt)))
      if (missing.length > 0 && isKnown && !isTold) wrong.push(`${missing} removed, and no gap told`)
      const order = received.filter((n) => content.records.includes(n))
      if (order.some((n, index) => index > 0 && n < order[index - 1])) wrong.push(`out of order: ${order}`)
    }
    // A file of which nothing was read cannot be told from a compressed or copied one that turns up after a crash.
    const cuts = this.#contents.reduce((sum, content) => sum + content.cuts, 0)
    const isPlain =
      cuts === 0 && this.#contents.every(({ path, truncated }) => !path?.endsWith('.gz') && !truncated)
    const isRemoved = this.#contents.some(({ path }) => path === null)
    if (gap > 0 && !isRemoved && isPlain) wrong.push(`a gap of ${gap} bytes, but all is there`)
    const halves = this.#contents.filter(({ half }) => half)
    const dropped = this.follower.count('dropped')
    // Behind a lost end half a record cannot be told from what is left of one that was read.
    // What is left of a line is told again when the next cut leaves nothing whole.
    const scraps = (cuts * (cuts + 1)) / 2
    const sure = halves.filter(({ path, elsewhere, cuts }) => path !== null && !elsewhere && cuts === 0)
    if (dropped < sure.length || dropped > halves.length + scraps)
      wrong.push(`${dropped} dropped, ${halves.length} halves`)
    return wrong
  }

  async #die(back: number): Promise<void> {
    const last = await this.follower.stop()
    this.#collectCommits()
    this.#commits.push({ commit: last, at: this.#lookedAt })
    this.#commits = [this.#commits[Math.max(0, this.#commits.length - 1 - back)]]
  }

  async #rise(): Promise<void> {
    const [{ commit, at }] = this.#commits
    this.#restartedAt = Math.min(this.#restartedAt, at)
    this.#lookedAt = this.#events++
    this.follower = this.#follow(commit)
    await this.follower.idle()
    this.#looked()
  }

  #looked(): void {
    for (const content of this.#contents) {
      if (content.path === null || content.elsewhere) continue
      content.seen = content.records.length
      if (content.records.length > 0) content.known ??= this.#lookedAt
    }
    this.#collectCommits()
  }

  /** What comes to an end when the log is moved away: a line in the writing, a copy in the making. */
  #abandon(): void {
    if (this.#copying !== null) unlinkSync(this.#copying)
    this.#copying = null
    if (this.#rest === null) return
    if (this.#rest === '\n') this.#live.records.push(this.#n)
    else this.#live.half = true
    this.#rest = null
  }

  #born(): Content {
    const content = {
      records: [],
      half: false,
      path: this.#path,
      elsewhere: false,
      truncated: false,
      hole: false,
      cuts: 0,
      seen: null,
      known: null,
    }
    this.#contents.push(content)
    return content
  }

  #openWriter(): RotatingWriter {
    return new RotatingWriter({ path: this.#path, now: () => this.#time++ })
  }

  #follow(from?: Commit): Follower {
    return new Follower({
      settings: { include: [this.#path], batch_bytes: 4096, max_line_bytes: 4096 },
      ...(from !== undefined && { from }),
    })
  }

  #collectCommits(): void {
    for (const commit of this.follower.commits.splice(0)) this.#commits.push({ commit, at: this.#lookedAt })
  }
}

function bytesOf(losses: readonly Loss[]): number {
  return losses.reduce((sum, loss) => sum + (loss.kind === 'gap' ? loss.bytes : 0), 0)
}

/** An inode that is given to a new file within a tick of the kernel's clock would have the same time of birth. */
function passATick(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
}
