import { z } from 'zod'
import { namesSetting } from './names-table.ts'

/** How flows are made of what the kernel saw. */
export const flowSettings = {
  names: namesSetting,
  unspecified_drops: z
    .boolean()
    .default(false)
    .describe(
      'Report packets too that the kernel let go of without a reason (`NOT_SPECIFIED`). Many of them are no loss to anybody.',
    ),
}

export type FlowSettings = z.output<z.ZodObject<typeof flowSettings>>
