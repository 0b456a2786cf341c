import type { Loss } from '../record/loss.ts'
import type { Line } from './line.ts'

const NONE: readonly Loss[] = []

/** Adds up what lines held besides flows, by reason. */
export class LossCount {
  readonly #dropped = new Map<string, number>()
  readonly #noted = new Map<string, number>()
  readonly #lost = new Map<string, number>()

  add({ records, mended }: Line): void {
    for (const reason of mended) raise(this.#noted, reason, 1)
    for (const { record } of records) {
      if (record.kind === 'broken') raise(this.#dropped, record.reason, 1)
      else if (record.kind === 'other') raise(this.#noted, record.what, 1)
      else if (record.kind === 'lost_upstream') raise(this.#lost, record.source, record.events)
      else if (!record.timed) raise(this.#noted, 'no_time', 1)
    }
  }

  list(): readonly Loss[] {
    if (this.#dropped.size + this.#noted.size + this.#lost.size === 0) return NONE
    return [
      ...Array.from(this.#dropped, ([reason, flows]): Loss => ({ kind: 'dropped', reason, flows })),
      ...Array.from(this.#noted, ([reason, count]): Loss => ({ kind: 'noted', reason, count })),
      ...Array.from(this.#lost, ([source, events]): Loss => ({ kind: 'lost_upstream', source, events })),
    ]
  }
}

function raise(counts: Map<string, number>, reason: string, by: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + by)
}
