import type { RowPattern } from '../../config/tests.ts'
import type { Row } from '../../sdk/index.ts'
import { type Difference, differences } from './differences.ts'

/** How the rows that came out compare with those that a test expects; nothing in it when they agree. */
export interface Comparison {
  /** Expected rows, by their number, beside the row that comes closest. */
  readonly different: readonly { readonly expected: number; readonly differences: readonly Difference[] }[]
  /** Expected rows, by their number, that have nothing like them. */
  readonly missing: readonly number[]
  /** Rows that nobody expects. */
  readonly unexpected: readonly Row[]
}

export function agrees({ different, missing, unexpected }: Comparison): boolean {
  return different.length + missing.length + unexpected.length === 0
}

/** Each expected row is to be one row, whatever their order. */
export function compareRows(
  patterns: readonly RowPattern[],
  rows: readonly Row[],
  match: 'partial' | 'exact',
): Comparison {
  const found = assignment(patterns.length, rows.length, (pattern, row) => {
    return differences(patterns[pattern], rows[row], match).length === 0
  })
  const free = new Set(rows.keys())
  for (const row of found) if (row !== null) free.delete(row)

  const different: Comparison['different'][number][] = []
  const missing: number[] = []
  for (const [expected, row] of found.entries()) {
    if (row !== null) continue
    const closest = closestOf(free, (other) => differences(patterns[expected], rows[other], match))
    if (closest === null) missing.push(expected)
    else {
      free.delete(closest.row)
      different.push({ expected, differences: closest.differences })
    }
  }
  return { different, missing, unexpected: [...free].map((row) => rows[row]) }
}

/**
 * For each pattern a row of its own that fits it, or null: as many as there can be. The first that fits is not enough,
 * for a later pattern may fit no other row: then the earlier one moves (Kuhn's algorithm).
 */
function assignment(
  patterns: number,
  rows: number,
  fits: (pattern: number, row: number) => boolean,
): (number | null)[] {
  const patternOf = new Map<number, number>()
  const place = (pattern: number, seen: Set<number>): boolean => {
    for (let row = 0; row < rows; row++) {
      if (seen.has(row) || !fits(pattern, row)) continue
      seen.add(row)
      const holder = patternOf.get(row)
      if (holder !== undefined && !place(holder, seen)) continue
      patternOf.set(row, pattern)
      return true
    }
    return false
  }
  for (let pattern = 0; pattern < patterns; pattern++) place(pattern, new Set())
  const found: (number | null)[] = Array(patterns).fill(null)
  for (const [row, pattern] of patternOf) found[pattern] = row
  return found
}

function closestOf(
  rows: Iterable<number>,
  differ: (row: number) => Difference[],
): { readonly row: number; readonly differences: readonly Difference[] } | null {
  let closest: { row: number; differences: Difference[] } | null = null
  for (const row of rows) {
    const differences = differ(row)
    if (closest === null || differences.length < closest.differences.length) closest = { row, differences }
  }
  return closest
}
