import { z } from 'zod'
import type { Json } from '../../src/sdk/index.ts'

const savedMark = { bytes: z.number().int().nonnegative(), mark: z.string() }

const savedFile = z.strictObject({
  /** The path it is, or was, followed under. */
  log: z.string(),
  path: z.string(),
  id: z.string(),
  /** Bytes of content known to be there, read or not. */
  size: z.number().int().nonnegative(),
  offset: z.number().int().nonnegative(),
  head: z.strictObject({ ...savedMark, line: z.strictObject(savedMark).nullable().default(null) }),
  seam: z.string().nullable(),
  /** It bore the log's name when it was last seen, so more may have been written to it since. */
  live: z.literal(true).exactOptional(),
  /** The offset is inside a line over the limit. */
  inside_long_line: z.literal(true).exactOptional(),
  /** Nothing more will come of it, whatever its size says. */
  ended: z.literal(true).exactOptional(),
  /** Time of the newest flow that was read of it. */
  newest: z
    .strictObject({ s: z.number().int().nonnegative(), ns: z.number().int().nonnegative() })
    .exactOptional(),
  /** It was cut back: up to this offset it holds flows that were read before, and then others. */
  repeats_to: z.number().int().positive().exactOptional(),
})

const savedPosition = z.strictObject({
  version: z.literal(1),
  /** The files of each log, oldest first. */
  files: z.array(savedFile),
})

export type SavedFile = z.output<typeof savedFile>

export type Restored =
  | { readonly kind: 'resumed'; readonly files: readonly SavedFile[] }
  | { readonly kind: 'first_start' }
  | { readonly kind: 'unreadable'; readonly reason: string }

export function toPosition(files: readonly SavedFile[]): Json {
  return { version: 1, files: [...files] }
}

/** What a stored position says; one that is torn or from another version is never taken for a first start. */
export function restorePosition(position: Json | null): Restored {
  if (position === null) return { kind: 'first_start' }
  const parsed = savedPosition.safeParse(position)
  if (parsed.success) return { kind: 'resumed', files: parsed.data.files }
  const [issue] = parsed.error.issues
  return { kind: 'unreadable', reason: `${issue.path.join('.') || 'position'}: ${issue.message}` }
}
