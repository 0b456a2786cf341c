import {
  type DecodedChunk,
  Decoder,
  type FlowColumn,
  type Host,
  type Intake,
  type Json,
  type Loss,
  type Receiver,
} from '../../src/sdk/index.ts'
import { Chains } from './chains.ts'
import { Complaints } from './complaints.ts'
import { closeSome, tooManyOpen } from './descriptors.ts'
import { MARK_BYTES } from './fingerprint.ts'
import { type Gap, LineReader } from './line-reader.ts'
import { Lookout, type Seen } from './lookout.ts'
import { LossLog } from './loss-log.ts'
import { announce, type Counters } from './metrics.ts'
import type { Handles } from './open-file.ts'
import { restorePosition, type SavedFile, toPosition } from './position.ts'
import type { Settings } from './settings.ts'
import { type Sighting, Survey } from './survey.ts'
import { TailedFile } from './tailed-file.ts'
import type { Pause } from './wake.ts'

export interface TailParts {
  readonly settings: Settings
  readonly host: Host
  readonly position: Json | null
  readonly reads: ReadonlySet<FlowColumn>
  /** Waits for the next look, or for an event in one of the folders. */
  readonly pause: Pause
}

/** What `run` was given, and the reader that hands over to it. */
interface Run {
  readonly intake: Intake
  readonly signal: AbortSignal
  readonly reader: LineReader
}

/** How a round of reading ended. */
type Round = 'nothing_new' | 'all_read' | 'more_to_read'

/** Against a writer that rotates faster than we look. */
const MOST_LOOKS_AT_ONCE = 20
/** At the end a file may be missing that is only on its way to another name. */
const LAST_LOOKS = 3

/** The loop over all files: look, read what there is, wait. */
export class Tail implements Receiver {
  readonly #settings: Settings
  readonly #host: Host
  readonly #pause: Pause
  readonly #decoder: Decoder
  readonly #chains = new Chains()
  readonly #handles: Handles = { used: 0 }
  readonly #survey: Survey
  readonly #lookout: Lookout
  readonly #complaints: Complaints
  readonly #lossLog: LossLog
  readonly #count: Counters
  /** No look before, and no stored position: all that is met was there before anybody followed it. */
  #isFirstLook: boolean
  /** Whether the last look knew of any file; null before the first. */
  #found: boolean | null = null
  #lastLookMs = Number.NEGATIVE_INFINITY
  /** Files that the config no longer means: their positions are kept for the day when it does again. */
  #dormant: SavedFile[] = []
  /** Ends of files that were not read and are gone; to be told. */
  readonly #cutOff: Gap[] = []
  #seen: Seen = { folders: [], blocked: new Map(), isStale: false }

  constructor({ settings, host, position, reads, pause }: TailParts) {
    this.#settings = settings
    this.#host = host
    this.#pause = pause
    this.#survey = new Survey(settings)
    this.#complaints = new Complaints(host.log)
    this.#lossLog = new LossLog(host)
    this.#decoder = new Decoder({
      dictionary: host.dictionary,
      reads: new Set([...reads, 'time_s', 'time_ns']),
      // A line over the limit, the bytes in front of it, and the line feed that a last line lacks.
      inputBytes: MARK_BYTES + Math.max(settings.batch_bytes, settings.max_line_bytes + 1) + 1,
    })
    this.#isFirstLook = !this.#resume(position)
    this.#lookout = new Lookout({
      survey: this.#survey,
      chains: this.#chains,
      handles: this.#handles,
      meet: (file, sighting) => this.#meet(file, sighting),
      cut: (file, lostBytes) => this.#wasCut(file, lostBytes),
    })
    this.#count = announce(host.metrics, {
      filesOpen: () => this.#handles.used,
      filesKnown: () => this.#chains.all.length,
      bytesBehind: () => this.#chains.unreadBytes,
      slowLines: () => this.#decoder.declinedLines,
    })
  }

  position(): Json {
    // Nothing can be known again of a file that was empty, and nothing of it is lost when it is met anew.
    const files = this.#chains.all.filter(({ isEmpty }) => !isEmpty).map((file) => file.toJson())
    return toPosition([...this.#dormant, ...files])
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    const run: Run = { intake, signal, reader: this.#readerTo(intake, signal) }
    try {
      while (!signal.aborted) {
        const round = await this.#round(run)
        if (round === 'more_to_read') continue
        if (this.#settings.stop_at_end) return await this.#end(run)
        // While news keeps coming the clock is enough, and listening would cost at every write.
        const folders = round === 'nothing_new' ? this.#seen.folders : []
        await this.#pause(this.#settings.poll_interval, folders, signal)
      }
    } finally {
      this.#lossLog.flush()
      for (const file of this.#chains.all) file.close()
    }
  }

  async #round(run: Run): Promise<Round> {
    this.#look()
    this.#bury(run.intake)
    for (const file of this.#chains.finished(this.#lastLookMs)) {
      if (run.signal.aborted) break
      await run.reader.finish(file, { mayGrow: false })
    }
    const round = await this.#read(run)
    this.#lossLog.write()
    return round
  }

  /** Reads until there is no more, or it is time for a look. */
  async #read({ signal, reader }: Run): Promise<Round> {
    let round: Round = 'nothing_new'
    for (let file = this.#chains.next(); file !== null && !signal.aborted; file = this.#chains.next()) {
      const { offset } = file.print
      const result = await reader.read(file, signal)
      if (result === 'elsewhere') return 'more_to_read'
      if (file.print.offset > offset) round = 'all_read'
      if (file.isComplete) await reader.finish(file, { mayGrow: false })
      if (tooManyOpen(this.#handles)) closeSome(this.#chains.all, this.#handles)
      if (this.#host.clock.now() - this.#lastLookMs >= this.#settings.poll_interval) return 'more_to_read'
    }
    return round
  }

  /** The last of `stop_at_end`. What may be gone gets another chance to be found. */
  async #end(run: Run): Promise<void> {
    for (let looks = 0; this.#chains.all.some((file) => file.isAwaited) && looks < LAST_LOOKS; looks++)
      await this.#round(run)
    for (const file of this.#chains.all) {
      if (run.signal.aborted) return
      await run.reader.finish(file, { mayGrow: !file.rotated })
    }
  }

  #look(): void {
    const nowMs = this.#host.clock.now()
    this.#seen = this.#lookout.look(nowMs)
    for (let again = 0; this.#seen.isStale && again < MOST_LOOKS_AT_ONCE; again++)
      this.#seen = this.#lookout.look(nowMs)
    if (this.#lastLookMs === Number.NEGATIVE_INFINITY) this.#letRest()
    this.#lastLookMs = nowMs
    this.#count.rotations.add(this.#chains.markRotated(nowMs))
    this.#complaints.are(this.#seen.blocked)
    this.#isFirstLook = false
    const found = this.#chains.all.length > 0
    if (found !== this.#found) {
      if (found) this.#host.log.info('following', { files: this.#chains.all.length })
      else this.#host.log.info('no files to follow; waiting for some', { include: this.#settings.include })
    }
    this.#found = found
  }

  /** Leaves files alone that the config no longer means. By now a look has found those that bear another name there. */
  #letRest(): void {
    for (const file of this.#chains.all) {
      if (this.#survey.follows(file)) continue
      this.#chains.forget(file)
      if (!file.isMissed) this.#dormant.push(file.toJson())
    }
  }

  /** Counts what of vanished files, or of their ends, nobody will ever read. */
  #bury(intake: Intake): void {
    for (const gap of this.#cutOff.splice(0)) this.#gap(intake, gap)
    for (const file of this.#chains.gone()) {
      this.#chains.forget(file)
      const bytes = file.lostBytes
      if (bytes > 0 && this.#survey.follows(file)) this.#gap(intake, { path: file.path, bytes, reason: GONE })
    }
  }

  #gap(intake: Intake, { path, bytes, reason }: Gap): void {
    this.#host.log.error('lost what was not read of a file; it may be more than these bytes', {
      path,
      bytes,
      reason,
    })
    this.#count.gaps.add(1)
    this.#count.gapBytes.add(bytes)
    intake.lost({ kind: 'gap', bytes })
  }

  #meet(file: TailedFile, { place, rotatedAt }: Sighting): void {
    const { ignore_older, start_at } = this.#settings
    const isOld = ignore_older !== undefined && this.#host.clock.now() - place.modifiedMs > ignore_older
    if (isOld || (this.#isFirstLook && start_at === 'end')) file.skipToEnd({ mayGrow: rotatedAt === null })
    this.#host.log.debug('new file', { path: file.path })
  }

  #wasCut({ path, size }: TailedFile, lostBytes: number): void {
    this.#host.log.warn(
      'a file lost its end, as in a power cut; what it still holds of the flows that were read is passed over',
      { path, bytes: size },
    )
    if (lostBytes > 0) this.#cutOff.push({ path, bytes: lostBytes, reason: CUT_OFF })
  }

  #readerTo(intake: Intake, signal: AbortSignal): LineReader {
    const lost = (loss: Loss) => {
      this.#lossLog.add(loss)
      intake.lost(loss)
    }
    const handOver = async ({ batch, losses }: Pick<DecodedChunk, 'batch' | 'losses'>, from: TailedFile) => {
      this.#count.readBytes.add(batch.bytes)
      for (const loss of losses) lost(loss)
      if (batch.rows.length === 0) return this.#host.clock.breathe()
      this.#chains.sawEvent(from.log, batch.columns.time_s[batch.rows[batch.rows.length - 1]] * 1000)
      const pause = intake.next(batch)
      if (pause !== undefined) await this.#lookDuring(pause, signal)
    }
    const { clock } = this.#host
    const { batch_bytes: batchBytes, max_line_bytes: maxLineBytes } = this.#settings
    return new LineReader({
      decoder: this.#decoder,
      batchBytes,
      maxLineBytes,
      clock,
      handOver,
      lost,
      gap: (gap) => this.#gap(intake, gap),
    })
  }

  /** Files are rotated and removed while nobody takes their flows: what is open by then can still be read. */
  async #lookDuring(pause: Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isOver = await new Promise<boolean>((resolve, reject) => {
        const cancel = this.#host.clock.after(this.#settings.poll_interval, () => resolve(false))
        pause.then(() => resolve(true), reject).finally(cancel)
      })
      if (isOver) return
      this.#look()
    }
  }

  /** Takes up a stored position; tells whether there was one. */
  #resume(position: Json | null): boolean {
    const restored = restorePosition(position)
    if (restored.kind === 'unreadable') {
      const { start_at } = this.#settings
      this.#host.log.error('the stored position cannot be used; reading begins as at a first start', {
        reason: restored.reason,
        start_at,
        means: start_at === 'beginning' ? 'flows may be counted twice' : 'flows may be missing',
      })
    }
    if (restored.kind !== 'resumed') return false
    for (const saved of restored.files) this.#chains.add(TailedFile.resume(saved, this.#handles))
    return true
  }
}

const CUT_OFF = 'the file lost its end'
const GONE = 'it was removed or overwritten, and no copy was found'
