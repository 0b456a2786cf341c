import {
  type ClosedWindow,
  type DictionaryHolder,
  type FlowBatch,
  type Fold,
  type Host,
  type Json,
  type Pane,
  rowBatch,
} from '../../src/sdk/index.ts'
import { Absorber } from './absorber.ts'
import { type Layout, layoutToJson } from './layout.ts'
import { type AggregateMetrics, aggregateMetrics } from './metrics.ts'
import { type OpenWindow, OpenWindows } from './open-windows.ts'
import { type DecodedPane, decodePane } from './pane.ts'
import { Revisions } from './revisions.ts'
import type { RowOptions } from './rows.ts'
import { type AggregateState, readState } from './state.ts'
import { Watermark } from './watermark.ts'

/**
 * So many windows are open only when times are all over the place; then those opened first close early. `max_groups`
 * bounds what is in them, this bounds how many there are.
 */
const MAX_OPEN_WINDOWS = 1024

export interface AggregateOptions {
  readonly layout: Layout
  readonly latenessMs: number
  readonly maxGroups: number
  readonly dnsRcode: 'name' | 'number'
  readonly onShutdown: 'flush' | 'keep'
}

/** Folds flows into groups by windows of event time, and makes rows of windows that are over. */
export class Aggregate implements Fold, DictionaryHolder {
  readonly #options: AggregateOptions
  readonly #host: Host
  readonly #rowOptions: RowOptions
  readonly #metrics: AggregateMetrics
  readonly #watermark: Watermark
  readonly #revisions = new Revisions()
  readonly #current: OpenWindows
  readonly #absorber: Absorber
  /** Windows that were open when the settings were others; they leave as they are, with the first `close`. */
  #retired: OpenWindows[] = []
  /** Windows of which no pane could be read back; they leave without rows. */
  #unreadable: string[] = []
  /** What ends up to here is closed, also windows that never had a flow. */
  #closedUpToMs = Number.NEGATIVE_INFINITY

  constructor(options: AggregateOptions, host: Host, pipeline: string) {
    const { layout, latenessMs, maxGroups, dnsRcode } = options
    const { dictionary, node } = host
    this.#options = options
    this.#host = host
    this.#rowOptions = { dictionary, node, pipeline, dnsRcode }
    this.#watermark = new Watermark(latenessMs)
    this.#current = new OpenWindows(layout, this.#rowOptions)
    const { groups, questions } = this.#current
    this.#absorber = new Absorber({
      groups,
      dictionary,
      questions,
      maxGroups,
      windowAt: (timeS) => this.#windowAt(timeS),
    })
    this.#metrics = aggregateMetrics(host.metrics, {
      groups: () => groups.size,
      windows: () => this.#current.size,
    })
    dictionary.hold(this)
  }

  fold(batch: FlowBatch): void {
    if (batch.rows.length === 0) return
    const folded = this.#absorber.absorb(batch)
    this.#watermark.observe(folded, this.#host.clock.now())
    this.#metrics.late(folded.lateFlows)
    this.#metrics.other(folded.otherFlows)
  }

  close(nowMs: number): Iterable<ClosedWindow> {
    const watermarkMs = this.#watermark.at(nowMs)
    const open = this.#current.all()
    const tooMany = open.length - MAX_OPEN_WINDOWS
    this.#closedUpToMs = this.#watermark.byFlows(nowMs)
    return this.#close(open.filter(({ closesAtMs }, index) => closesAtMs <= watermarkMs || index < tooMany))
  }

  flush(): Iterable<ClosedWindow> {
    return this.#options.onShutdown === 'keep' ? [] : this.#close(this.#current.all())
  }

  seal(): Pane[] {
    return this.#current.seal()
  }

  state(): Json {
    const closedUpToMs = Number.isFinite(this.#closedUpToMs) ? this.#closedUpToMs : null
    return {
      version: 1,
      watermark: this.#watermark.state(),
      closedUpToMs,
      revisions: this.#revisions.state(),
    } satisfies AggregateState
  }

  /** Takes back all that can be read, then throws if something could not. */
  restore(state: Json, panes: Iterable<Pane>): void {
    const problems: string[] = []
    const attempt = (work: () => void, onProblem: (problem: string) => void) => {
      try {
        work()
      } catch (error) {
        onProblem((error as Error).message)
      }
    }
    attempt(
      () => this.#restoreState(readState(state)),
      (problem) => problems.push(problem),
    )
    for (const { window, body } of panes)
      attempt(
        () => this.#restorePane(decodePane(body)),
        (problem) => {
          problems.push(`a pane of window ${window} ${problem}`)
          this.#unreadable.push(window)
        },
      )
    if (problems.length > 0) throw new Error(summary(problems))
  }

  pendingFlows(): number {
    return this.#all().reduce((flows, { groups }) => flows + groups.flows(), 0)
  }

  mark(keep: (id: number) => void): void {
    for (const windows of this.#all()) windows.mark(keep)
  }

  remap(renamed: Uint32Array): void {
    for (const windows of this.#all()) windows.remap(renamed)
  }

  #all(): OpenWindows[] {
    return [this.#current, ...this.#retired]
  }

  #windowAt(timeS: number): OpenWindow {
    const { windowS } = this.#options.layout
    const startS = timeS - (timeS % windowS)
    return this.#current.at(startS) ?? this.#open(startS)
  }

  /**
   * A window closes when the watermark passes its end. A supplement waits until the watermark has come one more window
   * from where it is, so that stragglers share a row instead of making one each.
   */
  #open(startS: number): OpenWindow {
    const windowMs = this.#options.layout.windowS * 1000
    const endMs = startS * 1000 + windowMs
    const revision = this.#revisions.next(startS, endMs <= this.#closedUpToMs)
    if (revision === 0) return this.#current.open({ startS, revision, closesAtMs: endMs })
    this.#metrics.supplement()
    const closesAtMs = Math.max(endMs, this.#closedUpToMs + windowMs)
    return this.#current.open({ startS, revision, closesAtMs })
  }

  #close(due: readonly OpenWindow[]): Iterable<ClosedWindow> {
    for (const { startS, revision } of due) this.#revisions.close(startS, revision)
    return this.#leave(due)
  }

  *#leave(due: readonly OpenWindow[]): Generator<ClosedWindow> {
    yield* this.#closeLeftovers()
    yield* this.#current.close(due)
    if (due.length > 0) this.#absorber.windowsChanged()
  }

  /** What restore found and flows cannot reach any more. */
  *#closeLeftovers(): Generator<ClosedWindow> {
    if (this.#retired.length === 0 && this.#unreadable.length === 0) return
    const alive = new Set(this.#all().flatMap((windows) => windows.names()))
    for (const windows of this.#retired) yield* windows.close(windows.all())
    for (const window of new Set(this.#unreadable))
      if (!alive.has(window)) yield { window, rows: rowBatch([]) }
    this.#retired = []
    this.#unreadable = []
  }

  #restoreState({ watermark, closedUpToMs, revisions }: AggregateState): void {
    this.#watermark.restore(watermark, this.#host.clock.now())
    this.#closedUpToMs = closedUpToMs ?? Number.NEGATIVE_INFINITY
    this.#revisions.restore(revisions)
  }

  #restorePane(pane: DecodedPane): void {
    const layout = JSON.stringify(layoutToJson(pane.layout))
    let windows = this.#all().find(({ groups }) => JSON.stringify(layoutToJson(groups.layout)) === layout)
    if (!windows) {
      windows = new OpenWindows(pane.layout, this.#rowOptions)
      this.#retired.push(windows)
    }
    // Flows that come for a retired window open a supplement: its own row has another shape.
    if (windows !== this.#current) this.#revisions.close(pane.window.startS, pane.window.revision)
    windows.restore(pane)
  }
}

function summary(problems: readonly string[]): string {
  const [first, ...more] = problems
  return more.length === 0 ? first : `${first} (and ${more.length} more)`
}
