import type { Clock, FlowBatch, Intake, Logger, Loss } from '../sdk/index.ts'
import type { Store } from '../state/store.ts'
import { type CommitResult, commit } from './commit.ts'
import type { Graph } from './graph.ts'
import type { Pipeline } from './pipeline.ts'

export interface RunnerParts {
  readonly graph: Graph
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly durability: 'process' | 'power'
  readonly commitIntervalMs: number
}

/** How long receivers may keep the thread before timers, probes and signals get their turn. */
const BREATH_INTERVAL_MS = 20
/** Requests that are under way at a stop or a reload are given so long to be answered: else their rows come twice. */
const ANSWER_MS = 2000
const EMPTY_CHECK_MS = 50
/** Rows for exporters are stored before they fill the memory, not only with the clock. */
const LARGEST_COMMIT_BYTES = 16 * 2 ** 20

/**
 * Runs a graph: receivers push batches in, a commit comes every `commitIntervalMs`, and while a commit is blocked no
 * input is taken. Then the file is the buffer.
 */
export class Runner {
  readonly #parts: RunnerParts
  readonly #abort = new AbortController()
  readonly #receivers: Promise<void>
  /** Rejects when a commit or a courier throws: a bug, or a disk that lies. */
  readonly #failed = Promise.withResolvers<never>()
  #lastCommitMs: number
  #lastBreathMs: number
  /** Something happened since the last commit. */
  #dirty = false
  #blocked: { readonly where: string; readonly reason: string } | null = null
  #unblocked: (() => void) | null = null
  #waiting: Promise<void> | null = null
  #cancelTick: () => void = () => {}
  #commits = 0

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.#announceMetrics()
    this.#lastCommitMs = parts.clock.now()
    this.#lastBreathMs = this.#lastCommitMs
    this.#tick()
    for (const courier of parts.graph.couriers) courier.start().catch((error) => this.#failed.reject(error))
    this.#receivers = this.#runReceivers()
  }

  /** Resolves when every receiver has come to its end, by itself or because of `stop`; rejects for bugs. */
  get ended(): Promise<void> {
    return this.#receivers
  }

  /** What stands in the way of the next commit; null when nothing does. */
  get blocked(): { readonly where: string; readonly reason: string } | null {
    return this.#blocked
  }

  /** Ends the receivers. With `flush`, open windows become rows now; else they wait in the state for the next start. */
  async stop({
    flush,
    deadlineMs,
  }: {
    readonly flush: boolean
    readonly deadlineMs: number
  }): Promise<CommitResult> {
    const { clock, graph } = this.#parts
    this.#abort.abort()
    this.#unblocked?.()
    const patience = new AbortController()
    const deadline = clock.sleep(Math.max(0, deadlineMs - clock.now()), patience.signal)
    await Promise.race([this.#receivers, deadline]).finally(() => patience.abort())
    if (flush) for (const pipeline of graph.pipelines) pipeline.flush()
    let result = this.#commit()
    while (result.kind === 'blocked' && clock.now() < deadlineMs) {
      await clock.sleep(Math.min(this.#parts.commitIntervalMs, Math.max(1, deadlineMs - clock.now())))
      result = this.#commit()
    }
    // A short time is shared: half of it to send, half to be answered.
    const answerMs = Math.min(ANSWER_MS, (deadlineMs - clock.now()) / 2)
    if (flush) await this.#emptyOutbox(deadlineMs - answerMs)
    const patienceMs = flush ? deadlineMs : Math.min(deadlineMs, clock.now() + ANSWER_MS)
    await Promise.all(graph.couriers.map((courier) => courier.stop(patienceMs)))
    this.#cancelTick()
    // How far the couriers came meanwhile; the rows that are left wait in the state.
    return this.#commit()
  }

  /** Lets the couriers send until nothing waits, or until the deadline. */
  async #emptyOutbox(deadlineMs: number): Promise<void> {
    const { clock, graph } = this.#parts
    while (graph.couriers.some(({ waitingRows }) => waitingRows > 0) && clock.now() < deadlineMs)
      await clock.sleep(Math.min(EMPTY_CHECK_MS, Math.max(1, deadlineMs - clock.now())))
  }

  /** Why exporters do not take rows at the moment. */
  get troubles(): string[] {
    return this.#parts.graph.couriers.flatMap(({ id, trouble }) =>
      trouble === null ? [] : [`exporter ${id}: ${trouble}`],
    )
  }

  /** Releases what components hold; after `stop`. */
  async close(): Promise<void> {
    const { graph } = this.#parts
    for (const pipeline of graph.pipelines) pipeline.close()
    await Promise.all([...graph.outlets.values()].map(({ sink }) => sink.close()))
  }

  async #runReceivers(): Promise<void> {
    const { graph } = this.#parts
    const runs = [...graph.receivers].map(([id, receiver]) =>
      receiver.run(this.#intakeOf(graph.routes.get(id) ?? []), this.#abort.signal),
    )
    await Promise.race([Promise.all(runs), this.#failed.promise])
  }

  #intakeOf(pipelines: readonly Pipeline[]): Intake {
    return {
      next: (batch) => this.#next(batch, pipelines),
      lost: (loss: Loss) => {
        this.#dirty = true
        for (const pipeline of pipelines) pipeline.lost(loss)
      },
    }
  }

  #next(batch: FlowBatch, pipelines: readonly Pipeline[]): void | Promise<void> {
    const { clock, commitIntervalMs, graph } = this.#parts
    const nowMs = clock.now()
    this.#dirty = true
    for (const pipeline of pipelines) {
      pipeline.absorb(batch)
      pipeline.closeWindows(nowMs)
    }
    const isLarge = graph.outbox.stagedBytes >= LARGEST_COMMIT_BYTES
    if (isLarge || nowMs - this.#lastCommitMs >= commitIntervalMs) this.#commit()
    graph.dictionary.compactIfFull()
    if (this.#blocked && !this.#abort.signal.aborted) return this.#untilUnblocked()
    if (nowMs - this.#lastBreathMs < BREATH_INTERVAL_MS) return
    this.#lastBreathMs = nowMs
    return clock.breathe()
  }

  /** Windows close by the wall clock too, and a blocked commit is tried again. */
  #tick(): void {
    const { clock, commitIntervalMs, graph } = this.#parts
    this.#cancelTick = clock.after(commitIntervalMs, () => {
      try {
        const nowMs = clock.now()
        for (const pipeline of graph.pipelines) pipeline.closeWindows(nowMs)
        if (this.#blocked || nowMs - this.#lastCommitMs >= commitIntervalMs) this.#commit()
        this.#tick()
      } catch (error) {
        this.#failed.reject(error)
      }
    })
  }

  #commit(): CommitResult {
    const { graph, store, durability, clock, log } = this.#parts
    this.#lastCommitMs = clock.now()
    if (!this.#hasNews(this.#lastCommitMs)) return { kind: 'stored' }
    const result = commit({ ...graph, store, durability, nowMs: this.#lastCommitMs })
    if (result.kind === 'blocked') {
      if (this.#blocked === null)
        log.error('nothing can be written, so no input is taken; it goes on by itself when this is mended', {
          where: result.where,
          reason: result.reason,
        })
      this.#blocked = result
      return result
    }
    this.#commits++
    this.#dirty = false
    if (this.#blocked !== null) log.info('writing works again', { where: this.#blocked.where })
    this.#blocked = null
    this.#unblocked?.()
    for (const courier of graph.couriers) courier.wake()
    return result
  }

  #hasNews(nowMs: number): boolean {
    const { pipelines, outbox } = this.#parts.graph
    return this.#dirty || pipelines.some((pipeline) => pipeline.hasNews) || outbox.hasNews(nowMs)
  }

  #untilUnblocked(): Promise<void> {
    this.#waiting ??= new Promise((resolve) => {
      this.#unblocked = () => {
        this.#waiting = null
        this.#unblocked = null
        resolve()
      }
    })
    return this.#waiting
  }

  #announceMetrics(): void {
    const { graph, store } = this.#parts
    const { metrics, dictionary } = graph
    const own = metrics.meter({})
    own.total('commits_total', 'Commits since the last start or reload', () => this.#commits)
    own.gauge('commit_blocked', '1 while nothing can be written', () => (this.#blocked === null ? 0 : 1))
    own.gauge('state_bytes', 'Size of the state file', () => store.bytes())
    own.gauge('dictionary_texts', 'Distinct texts held', () => dictionary.size)
    own.gauge(
      'dictionary_bytes',
      'Bytes of them; bounded by service.dictionary_bytes',
      () => dictionary.bytes,
    )
  }
}
