import type { Handles } from './open-file.ts'
import type { TailedFile } from './tailed-file.ts'

/** Files open at most. Beyond it those that rest are closed, and found again by what they hold. */
const MOST_OPEN_FILES = 512
/** How many are closed at a time, so that it is not done for each one. */
const CLOSED_AT_ONCE = MOST_OPEN_FILES / 4
/** Removed files are read to their end, unless more than this is left of them: they keep disk space from being freed. */
const MOST_HELD_BYTES = 256 * 2 ** 20

/** Closes what need not be open, or may not be. */
export function closeSome(files: readonly TailedFile[], { used }: Handles): void {
  const held = files.filter((file) => file.isHeld)
  while (held.reduce((bytes, file) => bytes + file.unreadBytes, 0) > MOST_HELD_BYTES) held.shift()?.close()
  if (used <= MOST_OPEN_FILES) return
  const closable = files.filter((file) => file.isOpen && !file.isHeld)
  closable.sort((a, b) => Number(a.hasMore) - Number(b.hasMore) || a.changedAtMs - b.changedAtMs)
  for (const file of closable.slice(0, used - MOST_OPEN_FILES + CLOSED_AT_ONCE)) file.close()
}

export function tooManyOpen({ used }: Handles): boolean {
  return used > MOST_OPEN_FILES
}
