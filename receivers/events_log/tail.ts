import {
  type Counter,
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
import type { Settings } from './index.ts'
import { type Gap, LineReader } from './line-reader.ts'
import { Lookout, type Seen } from './lookout.ts'
import { LossLog } from './loss-log.ts'
import { METRICS } from './metrics.ts'
import type { Handles } from './open-file.ts'
import { restorePosition, toPosition } from './position.ts'
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

type Counters = { readonly [name in 'rotations' | 'gaps' | 'gapBytes' | 'readBytes']: Counter }

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
  #lastLookMs = Number.NEGATIVE_INFINITY
  #seen: Seen = { folders: [], blocked: new Map() }
  /** Files met in this look. */
  #met: string[] = []

  constructor({ settings, host, position, reads, pause }: TailParts) {
    this.#settings = settings
    this.#host = host
    this.#pause = pause
    this.#survey = new Survey(settings)
    this.#complaints = new Complaints(host.log)
    this.#lossLog = new LossLog(host)
    this.#decoder = new Decoder({
      dictionary: host.dictionary,
      reads: new Set([...reads, 'time_s']),
      // A line over the limit, the bytes in front of it, and the line feed that a last line lacks.
      inputBytes: MARK_BYTES + Math.max(settings.batch_bytes, settings.max_line_bytes + 1) + 1,
    })
    this.#isFirstLook = !this.#resume(position)
    this.#lookout = new Lookout({
      survey: this.#survey,
      chains: this.#chains,
      handles: this.#handles,
      meet: (file, sighting) => this.#meet(file, sighting),
    })
    this.#count = this.#announce()
  }

  position(): Json {
    return toPosition(this.#chains.all.map((file) => file.toJson()))
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    const run: Run = { intake, signal, reader: this.#readerTo(intake, signal) }
    try {
      while (!signal.aborted) {
        const hadNews = await this.#pass(run)
        if (this.#settings.stop_at_end) return await this.#end(run)
        // While news keeps coming the poll finds it: an event would only come once for each write.
        await this.#pause(this.#settings.poll_interval, hadNews ? [] : this.#seen.folders, signal)
      }
    } finally {
      for (const file of this.#chains.all) file.close()
    }
  }

  /** Looks once and reads all there is; tells whether there was anything. */
  async #pass({ intake, signal, reader }: Run): Promise<boolean> {
    const { clock } = this.#host
    let hadNews = false
    this.#look()
    this.#bury(intake)
    for (let file = this.#chains.next(); file !== null && !signal.aborted; file = this.#chains.next()) {
      const bytesBefore = file.print.offset
      const result = await reader.read(file, signal)
      if (result === 'read' && file.isGzip && !file.hasMore && file.damage === null)
        await reader.finish(file, { mayGrow: false })
      if (file.print.offset !== bytesBefore) hadNews = true
      if (tooManyOpen(this.#handles)) closeSome(this.#chains.all, this.#handles)
      if (result === 'elsewhere' || clock.now() - this.#lastLookMs >= this.#settings.poll_interval) {
        this.#look()
        this.#bury(intake)
      }
    }
    for (const file of signal.aborted ? [] : this.#chains.finished(clock.now()))
      await reader.finish(file, { mayGrow: false })
    this.#lossLog.write()
    return hadNews
  }

  /** The last pass of `stop_at_end`. What may be gone gets another chance to be found. */
  async #end(run: Run): Promise<void> {
    for (let looks = 0; this.#chains.all.some((file) => file.isMissed) && looks < LAST_LOOKS; looks++)
      await this.#pass(run)
    for (const file of this.#chains.all) {
      if (run.signal.aborted) return
      if (file.unreadBytes > 0 || file.damage !== null)
        await run.reader.finish(file, { mayGrow: !file.rotated })
    }
  }

  #look(): void {
    const nowMs = this.#host.clock.now()
    this.#lastLookMs = nowMs
    this.#seen = this.#lookout.look(nowMs)
    this.#count.rotations.add(this.#chains.markRotated(nowMs))
    this.#complaints.are(this.#seen.blocked)
    const [first] = this.#met
    if (first !== undefined) this.#host.log.info('new files', { files: this.#met.length, first })
    else if (this.#isFirstLook) this.#host.log.info('no files yet', { include: this.#settings.include })
    this.#met = []
    this.#isFirstLook = false
  }

  /** Counts what of vanished files nobody will ever read. */
  #bury(intake: Intake): void {
    for (const file of this.#chains.gone()) {
      this.#chains.forget(file)
      const isFollowed = this.#survey.includes(file.log) || this.#survey.includes(file.path)
      const bytes = Math.max(file.unreadBytes, file.mayHaveGrown ? 1 : 0)
      if (isFollowed && bytes > 0) this.#gap(intake, { path: file.path, bytes, reason: GONE })
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
    this.#met.push(file.path)
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
    const { max_line_bytes: maxLineBytes } = this.#settings
    return new LineReader({
      decoder: this.#decoder,
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

  #announce(): Counters {
    const { metrics } = this.#host
    const gauge = (name: keyof typeof METRICS, read: () => number) => metrics.gauge(name, METRICS[name], read)
    const counter = (name: keyof typeof METRICS) => metrics.counter(name, METRICS[name])
    gauge('events_log_files_open', () => this.#handles.used)
    gauge('events_log_files_known', () => this.#chains.all.length)
    gauge('events_log_bytes_behind', () => this.#chains.unreadBytes)
    return {
      rotations: counter('events_log_rotations_total'),
      gaps: counter('events_log_gaps_total'),
      gapBytes: counter('events_log_gap_bytes_total'),
      readBytes: counter('events_log_read_bytes_total'),
    }
  }
}

const GONE = 'it was removed or overwritten, and no copy was found'
