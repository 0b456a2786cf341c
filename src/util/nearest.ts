/** The candidate closest to `word`, for "did you mean"; null when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.max(1, Math.round(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `did you mean "endpoint"?` or, when nothing is near, all there are. */
export function wayOut(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  if (meant !== null) return `did you mean "${meant}"?`
  return known.length === 0 ? 'there are none here' : `there are ${known.toSorted().join(', ')}`
}

/** Letters to insert, remove, change or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = isSwap ? beforeLast[j - 2] + 1 : change
      current.push(Math.min(change, swap, last[j] + 1, current[j - 1] + 1))
    }
    beforeLast = last
    last = current
  }
  return last[b.length]
}
