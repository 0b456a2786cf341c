/**
 * HOT: the loops that run once per flow and column. Flat, over typed arrays, no allocation, nothing to decide that could
 * be decided before. `groupOf[row]` is the group of each row. `test/processors/aggregate/plain-fold.ts` does the same
 * with objects and a `Map`, and a property test holds them together.
 */

/** Stands in a carried cell whose flows disagree. Ids, ports and codes never come near it. */
export const MIXED = 0xffffffff

/** A row that has no group yet. */
export const NO_GROUP = 0xffffffff

/** Lays one column of the key into rows of `stride` cells. */
export function layCells(keys: Uint32Array, stride: number, at: number, cells: Uint32Array): void {
  for (let row = 0, to = at; row < cells.length; row++, to += stride) keys[to] = cells[row]
}

/** FNV-1a over whole cells, its high bits folded down because the table takes the low ones. */
export function hashOf(cells: Uint32Array, at: number, length: number): number {
  let hash = 0x811c9dc5
  for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ cells[i], 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

export function sameCells(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false
  return true
}

/** A value stays while all flows of its group have it. New groups bear the value of a row of theirs already. */
export function agree(agreed: Uint32Array, cells: Uint32Array, groupOf: Uint32Array): void {
  for (let row = 0; row < cells.length; row++) {
    const group = groupOf[row]
    const value = agreed[group]
    // Groups that disagree already are the frequent case, and spare the write.
    if (value !== MIXED && value !== cells[row]) agreed[group] = MIXED
  }
}

/** Float64 sums of whole numbers are exact up to 2^53. */
export function add(sums: Float64Array, counts: Uint32Array, groupOf: Uint32Array): void {
  for (let row = 0; row < counts.length; row++) sums[groupOf[row]] += counts[row]
}

/** Flows that have one of the flags in `mask`. */
export function addFlagged(
  sums: Float64Array,
  flags: Uint32Array,
  mask: number,
  weights: Float64Array,
  groupOf: Uint32Array,
): void {
  for (let row = 0; row < flags.length; row++)
    if ((flags[row] & mask) !== 0) sums[groupOf[row]] += weights[row]
}

/** How many flows each row stands for: three counts of 32 bits do not fit into one. */
export function weigh(
  weights: Float64Array,
  ingress: Uint32Array,
  egress: Uint32Array,
  unknown: Uint32Array,
): void {
  for (let row = 0; row < ingress.length; row++) weights[row] = ingress[row] + egress[row] + unknown[row]
}

/** Keeps the earliest and the latest time of each group, seconds and nanoseconds side by side. */
export function span(
  first: Uint32Array,
  last: Uint32Array,
  seconds: Uint32Array,
  nanos: Uint32Array,
  groupOf: Uint32Array,
): void {
  for (let row = 0; row < seconds.length; row++) {
    const at = groupOf[row] * 2
    const s = seconds[row]
    const ns = nanos[row]
    if (s < first[at] || (s === first[at] && ns < first[at + 1])) {
      first[at] = s
      first[at + 1] = ns
    }
    if (s > last[at] || (s === last[at] && ns > last[at + 1])) {
      last[at] = s
      last[at + 1] = ns
    }
  }
}

/**
 * Keeps the first few distinct values of each group in the `room` cells it has in `examples`, 0 where none is yet.
 * Flows that have another value are counted in `others`; what has none is not counted.
 */
export function collect(
  examples: Uint32Array,
  room: number,
  others: Float64Array,
  cells: Uint32Array,
  weights: Float64Array,
  groupOf: Uint32Array,
): void {
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row]
    if (cell === 0) continue
    const group = groupOf[row]
    let at = group * room
    const end = at + room
    let example = examples[at]
    while (example !== cell) {
      if (example === 0) {
        examples[at] = cell
        break
      }
      if (++at === end) {
        others[group] += weights[row]
        break
      }
      example = examples[at]
    }
  }
}
