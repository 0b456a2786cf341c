import { z } from 'zod'
import type { Json } from '../../src/sdk/index.ts'

const PLACE = z.object({
  /** The name it had: the setting may have changed since. */
  path: z.string(),
  /** Counts the files this exporter began. */
  nth: z.number(),
  /** As in `OpenFile`. */
  id: z.string(),
  /** Where the rows end. */
  size: z.number(),
  /** Time of the first row. */
  since_ms: z.number(),
  /** Name, in the same folder, that the file gets once this is durable. */
  rotate_to: z.string().nullable(),
})

/** How far the exporter came: a file, and how much of it counts. What the commit stores. */
export type Place = Readonly<z.output<typeof PLACE>>

export function placeFrom(position: Json | null): Place | null {
  return position === null ? null : PLACE.parse(position)
}
