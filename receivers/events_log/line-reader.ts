import { Buffer } from 'node:buffer'
import { type Clock, type DecodedChunk, type Decoder, type Loss, selectRows } from '../../src/sdk/index.ts'
import { MARK_BYTES } from './fingerprint.ts'
import { nextStretch, type Stretch } from './stretch.ts'
import type { Read, TailedFile } from './tailed-file.ts'

export interface LineReaderParts {
  readonly decoder: Decoder
  /** What a read asks for, unless a line is longer. */
  readonly batchBytes: number
  readonly maxLineBytes: number
  readonly clock: Clock
  /** Takes what a file had to give, in order. The file's position is behind it already. */
  readonly handOver: (chunk: Pick<DecodedChunk, 'batch' | 'losses'>, from: TailedFile) => Promise<void> | void
  readonly lost: (loss: Loss) => void
  readonly gap: (gap: Gap) => void
}

/** Content that is gone, or unreadable for good. */
export interface Gap {
  readonly path: string
  /** As far as known: it may be more. */
  readonly bytes: number
  readonly reason: string
}

const LINE_FEED = 0x0a
const HOLE: Loss = { kind: 'noted', reason: 'nul_bytes', count: 1 }
const LONG_LINE: Loss = { kind: 'dropped', reason: 'line_too_long', flows: 1 }

/** Reads files on: bytes in, flows and losses out. A line without its end stays where it is until it has one. */
export class LineReader {
  readonly #parts: LineReaderParts
  /** The decoder's own memory: what the kernel reads there needs no copy. */
  readonly #input: Buffer
  /** Where a read may go: the last byte is for the line feed that a last line lacks. */
  readonly #room: Buffer

  constructor(parts: LineReaderParts) {
    const { buffer, byteOffset, length } = parts.decoder.input
    this.#parts = parts
    this.#input = Buffer.from(buffer, byteOffset, length)
    this.#room = this.#input.subarray(0, -1)
  }

  /** Reads on, once; tells whether that was possible. */
  async read(file: TailedFile, signal: AbortSignal): Promise<Read['kind']> {
    const { batchBytes } = this.#parts
    const offset = file.print.offset
    const read = await file.read(this.#room.subarray(0, MARK_BYTES + batchBytes))
    await this.#take(file, read, signal)
    const isLongerLine = read.kind === 'bytes' && !read.atEnd && file.print.offset === offset
    if (isLongerLine && !signal.aborted) await this.#take(file, await file.read(this.#room), signal)
    return read.kind
  }

  async #take(file: TailedFile, read: Read, signal: AbortSignal): Promise<void> {
    if (read.kind === 'blocked') file.blocked = read.reason
    if (read.kind !== 'bytes') return
    let at = read.from
    while (at < read.to && !signal.aborted) {
      const stretch = nextStretch(this.#input, at, read.to, {
        maxLineBytes: this.#parts.maxLineBytes,
        insideLongLine: file.insideLongLine,
      })
      if (stretch.kind !== 'lines') await this.#skip(file, stretch, at)
      else if ((await this.#decode(file, at, stretch.to, signal)) < stretch.to) break
      at = stretch.to
    }
  }

  /** Hands over the whole lines in `[from, to)`; returns how far they went. */
  async #decode(file: TailedFile, from: number, to: number, signal: AbortSignal): Promise<number> {
    const { decoder, clock, handOver } = this.#parts
    const readAtMs = clock.now()
    let at = from
    while (at < to && !signal.aborted) {
      // What repeats itself goes line by line: somewhere in it news begins.
      const end = file.novelty.isRepeating ? this.#endOfLine(at, to) : to
      const chunk = decoder.decode(at, end, readAtMs)
      if (chunk.consumedBytes === 0) break
      const news = newsOf(chunk, file)
      file.consume(this.#input, at, chunk.consumedBytes)
      at += chunk.consumedBytes
      if (news === null) await clock.breathe()
      else await handOver(news, file)
    }
    return at
  }

  #endOfLine(from: number, to: number): number {
    const lineFeed = this.#input.subarray(from, to).indexOf(LINE_FEED)
    return lineFeed < 0 ? to : from + lineFeed + 1
  }

  /**
   * Takes what is left of a file that nobody will go on with: a record that lacks nothing but its line feed is a flow,
   * half of one is lost. With `mayGrow` half a record stays where it is.
   */
  async finish(file: TailedFile, { mayGrow }: { readonly mayGrow: boolean }): Promise<void> {
    if (file.unreadBytes === 0 && file.damage === null) return file.close()
    const read = await file.read(this.#room)
    if (read.kind === 'blocked') file.blocked = read.reason
    if (read.kind !== 'bytes') return
    const { from, to } = read
    if (file.damage !== null) return this.#giveUp(file, file.damage)
    if (file.insideLongLine && !mayGrow) {
      file.insideLongLine = false
      file.consume(this.#input, from, to - from)
    } else if (!file.insideLongLine && to > from) await this.#takeLastLine(file, from, to, mayGrow)
    if (!mayGrow) file.close()
  }

  async #takeLastLine(file: TailedFile, from: number, to: number, mayGrow: boolean): Promise<void> {
    const { decoder, clock, handOver } = this.#parts
    this.#input[to] = LINE_FEED
    const chunk = decoder.decode(from, to + 1, clock.now())
    if (mayGrow && chunk.losses.some(({ kind }) => kind === 'dropped')) return
    const news = newsOf(chunk, file)
    file.consume(this.#input, from, Math.min(chunk.consumedBytes, to - from))
    if (news !== null) await handOver({ ...news, losses: news.losses.map(asHalfRecord) }, file)
  }

  /** A compressed file that breaks off: how much is missing cannot be known, so it counts as what is seen of it. */
  #giveUp(file: TailedFile, reason: string): void {
    const bytes = Math.max(1, file.unreadBytes)
    file.ended = true
    file.close()
    this.#parts.gap({ path: file.path, bytes, reason })
  }

  /** Passes over what is no line. A hole and a long line count once, where they begin. */
  async #skip(file: TailedFile, stretch: Exclude<Stretch, { kind: 'lines' }>, at: number): Promise<void> {
    const input = this.#input
    const goesOn = stretch.kind === 'hole' ? at > 0 && input[at - 1] === 0 : file.insideLongLine
    const isNews = !goesOn && !file.novelty.isRepeating
    file.insideLongLine = stretch.kind === 'too_long' && !stretch.ended
    file.consume(input, at, stretch.to - at)
    if (isNews) this.#parts.lost(stretch.kind === 'hole' ? HOLE : LONG_LINE)
    await this.#parts.clock.breathe()
  }
}

/** What of a chunk is new; null when all of it was read before. Losses in front of the first news were counted then. */
function newsOf(chunk: DecodedChunk, { novelty }: TailedFile): Pick<DecodedChunk, 'batch' | 'losses'> | null {
  const { batch, losses } = chunk
  const wasRepeating = novelty.isRepeating
  const areTimed = !losses.some((loss) => loss.kind === 'noted' && loss.reason === 'no_time')
  const rows = novelty.newRows(chunk, { areTimed })
  if (!wasRepeating) return { batch, losses }
  return novelty.isRepeating ? null : { batch: selectRows(batch, rows), losses: [] }
}

function asHalfRecord(loss: Loss): Loss {
  return loss.kind === 'dropped' ? { ...loss, reason: 'half_record' } : loss
}
