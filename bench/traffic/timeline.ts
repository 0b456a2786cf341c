import type { Sighting } from './sighting.ts'

interface Due {
  readonly atUs: number
  readonly sighting: Sighting
}

/** Sightings that are still to come, the next one first (a binary heap). */
export class Timeline {
  readonly #heap: Due[] = []

  /** When the next one is due; never, when there is none. */
  get nextUs(): number {
    return this.#heap.length > 0 ? this.#heap[0].atUs : Number.POSITIVE_INFINITY
  }

  add(atUs: number, sighting: Sighting): void {
    const heap = this.#heap
    let at = heap.length
    const due = { atUs, sighting }
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent].atUs <= atUs) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = due
  }

  /** Only when there is one. */
  take(): Sighting {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop() as Due
    if (heap.length > 0) this.#sink(last)
    return first.sighting
  }

  #sink(due: Due): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1].atUs < heap[child].atUs) child++
      if (heap[child].atUs >= due.atUs) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = due
  }
}
