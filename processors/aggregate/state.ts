import { z } from 'zod'
import type { Json } from '../../src/sdk/index.ts'

/** What a restart needs beside the panes. */
const STATE = z.object({
  version: z.literal(1),
  watermark: z.object({ latestMs: z.number().nullable(), hasAggregatedInput: z.boolean() }),
  closedUpToMs: z.number().nullable(),
  revisions: z.object({
    closed: z.array(z.tuple([z.number(), z.number()])),
    forgottenUpToS: z.number(),
    floor: z.number(),
  }),
})

export type AggregateState = z.output<typeof STATE>

/** Throws for what no aggregate of this version has stored. */
export function readState(json: Json): AggregateState {
  const result = STATE.safeParse(json)
  if (result.success) return result.data
  const [{ path, message }] = result.error.issues
  throw new Error(`the stored watermark and revisions cannot be read: ${path.join('.')}: ${message}`)
}
