import type { AggregateState } from './state.ts'

/** Closed windows whose revisions are remembered one by one: two hours of 30 s windows. */
const REMEMBERED = 256

/**
 * Which revisions of which windows have been closed, so that no pair of both is ever used twice. Of windows closed long
 * ago only a floor is kept: what comes for one of them goes above all the revisions that were forgotten.
 */
export class Revisions {
  /** Last revision by start of the window, in the order they were closed. */
  readonly #closed = new Map<number, number>()
  #forgottenUpToS = -1
  #floor = 0

  /** The revision for flows of a window that is not open. */
  next(startS: number, isOver: boolean): number {
    const last = this.#closed.get(startS)
    if (last !== undefined) return last + 1
    if (startS <= this.#forgottenUpToS) return this.#floor + 1
    return isOver ? 1 : 0
  }

  close(startS: number, revision: number): void {
    const last = this.#closed.get(startS) ?? 0
    this.#closed.delete(startS)
    this.#closed.set(startS, Math.max(last, revision))
    if (this.#closed.size <= REMEMBERED) return
    const [[oldestS, oldest]] = this.#closed
    this.#closed.delete(oldestS)
    this.#forgottenUpToS = Math.max(this.#forgottenUpToS, oldestS)
    this.#floor = Math.max(this.#floor, oldest)
  }

  state(): AggregateState['revisions'] {
    return { closed: [...this.#closed], forgottenUpToS: this.#forgottenUpToS, floor: this.#floor }
  }

  restore({ closed, forgottenUpToS, floor }: AggregateState['revisions']): void {
    this.#forgottenUpToS = forgottenUpToS
    this.#floor = floor
    for (const [startS, revision] of closed) this.close(startS, revision)
  }
}
