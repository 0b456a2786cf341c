import { z } from 'zod'
import { flowSettings } from './flow-settings.ts'
import { watchSettings } from './watch-settings.ts'

export const settings = z.strictObject({
  ...watchSettings,
  agent: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Socket of a `flowfold ebpf-agent`, which then is the one that needs rights; the other settings say what it is asked to do. Without it, flowfold itself loads the programs.',
    ),
  ...flowSettings,
})

export type Settings = z.output<typeof settings>
