import { z } from 'zod'
import type { Json, Loss } from '../../src/sdk/index.ts'
import { type Losses, lossesSchema } from './world.ts'

const positionSchema = lossesSchema.extend({ source: z.string().nullable(), records: z.number() })

/** How far the records of a source have been taken in, and what was said of those that nobody will take in. */
export class Progress {
  #source: string | null
  /** Records of the source that are behind us. */
  #records: number
  #lost: Losses['lost']
  #noted: Losses['noted']
  #passed: Losses['passed']
  /** Another source watched until some moment; what passed since then, nobody saw. */
  #isResumed = false

  constructor(position: Json | null) {
    // What is not of this form was not stored by us.
    const stored = positionSchema.safeParse(position).data
    this.#source = stored?.source ?? null
    this.#records = stored?.records ?? 0
    this.#lost = stored?.lost ?? {}
    this.#noted = stored?.noted ?? {}
    this.#passed = stored?.passed ?? {}
  }

  get source(): string | null {
    return this.#source
  }

  get records(): number {
    return this.#records
  }

  /** Interfaces that the source follows. */
  get interfaces(): number {
    return Object.keys(this.#passed).length
  }

  toJson(): Json {
    return {
      source: this.#source,
      records: this.#records,
      lost: { ...this.#lost },
      noted: { ...this.#noted },
      passed: { ...this.#passed },
    }
  }

  /** A source says who it is. */
  meet(source: string): void {
    if (source === this.#source) return
    this.#isResumed = this.#source !== null
    this.#source = source
    this.#records = 0
    this.#lost = {}
    this.#noted = {}
  }

  /** Of a frame with so many records from `first` on: how many to skip because they are known, and how many are missing. */
  next(first: number, records: number): { readonly skip: number; readonly missing: number } {
    const missing = Math.max(0, first - this.#records)
    if (missing > 0) this.#records = first
    return { skip: Math.min(records, this.#records - first), missing }
  }

  /** Records up to this one have been taken in. */
  reach(records: number): void {
    this.#records = records
  }

  /** What is new in a source's sums. */
  learn({ lost, noted, passed }: Losses): Loss[] {
    const losses: Loss[] = []
    for (const [reason, events] of grown(this.#lost, lost))
      losses.push({ kind: 'lost_upstream', source: reason, events })
    for (const [reason, count] of grown(this.#noted, noted)) losses.push({ kind: 'noted', reason, count })
    if (this.#isResumed) {
      // The interfaces went on counting.
      const known = Object.fromEntries(Object.entries(passed).filter(([link]) => link in this.#passed))
      const bytes = grown(this.#passed, known).reduce((sum, [, more]) => sum + more, 0)
      if (bytes > 0) losses.push({ kind: 'gap', bytes })
      this.#isResumed = false
    }
    this.#lost = lost
    this.#noted = noted
    this.#passed = passed
    return losses
  }
}

function grown(
  before: { readonly [name: string]: number },
  now: { readonly [name: string]: number },
): [name: string, more: number][] {
  return Object.entries(now)
    .map(([name, count]): [string, number] => [name, count - (before[name] ?? 0)])
    .filter(([, more]) => more > 0)
}
