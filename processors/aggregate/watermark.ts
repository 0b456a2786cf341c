import type { Folded } from '../../src/sdk/index.ts'
import type { AggregateState } from './state.ts'

/**
 * Lateness of input that is aggregated already: Hubble writes each group at the end of a window of up to 30 s, in any
 * order, with the time of the group's first flow. Source: cilium `pkg/hubble/exporter` aggregator; ACNS sets 30 s.
 */
const AGGREGATED_LATENESS_MS = 30_000 + 5_000

/** The latest flow of a batch. */
type Latest = Pick<Folded, 'latestS' | 'latestNs' | 'hasAggregated'>

/**
 * How far event time has come: up to the watermark everything has probably arrived. It follows the latest flow, and the
 * wall clock while input is silent. A flow from the future moves it no further than the present.
 */
export class Watermark {
  readonly #latenessMs: number
  #latestMs = Number.NEGATIVE_INFINITY
  #lastInputMs = Number.NEGATIVE_INFINITY
  #hasAggregatedInput = false

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs
  }

  /** A batch was folded. */
  observe({ latestS, latestNs, hasAggregated }: Latest, nowMs: number): void {
    if (hasAggregated) this.#hasAggregatedInput = true
    this.#latestMs = Math.max(this.#latestMs, Math.min(latestS * 1000 + Math.floor(latestNs / 1e6), nowMs))
    this.#lastInputMs = nowMs
  }

  /** As of now: silence counts as time that went by without flows. */
  at(nowMs: number): number {
    const silentMs = Math.max(0, nowMs - this.#lastInputMs)
    return Math.min(this.#latestMs + silentMs, nowMs) - this.#lateMs()
  }

  /** As the flows alone say. Input that was only held up is not late when it goes on. */
  byFlows(nowMs: number): number {
    return Math.min(this.#latestMs, nowMs) - this.#lateMs()
  }

  state(): AggregateState['watermark'] {
    const latestMs = Number.isFinite(this.#latestMs) ? this.#latestMs : null
    return { latestMs, hasAggregatedInput: this.#hasAggregatedInput }
  }

  /** Goes on from a stored state; the time in between was not silence, nobody was listening. */
  restore({ latestMs, hasAggregatedInput }: AggregateState['watermark'], nowMs: number): void {
    this.#latestMs = latestMs ?? Number.NEGATIVE_INFINITY
    this.#hasAggregatedInput = hasAggregatedInput
    this.#lastInputMs = nowMs
  }

  #lateMs(): number {
    return this.#hasAggregatedInput ? Math.max(this.#latenessMs, AGGREGATED_LATENESS_MS) : this.#latenessMs
  }
}
