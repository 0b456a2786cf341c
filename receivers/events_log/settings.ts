import { z } from 'zod'
import { duration, size } from '../../src/sdk/index.ts'

export const settings = z.strictObject({
  include: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      'Files to follow: paths or globs (`*`, `**`, `?`, `[ab]`, `{a,b}`). Their rotated files belong to them and need not be named.',
    ),
  exclude: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Files to leave out, written as in `include`; a pattern without a slash is about the name alone.',
    ),
  start_at: z
    .enum(['beginning', 'end'])
    .default('beginning')
    .describe(
      'Where to begin without a stored position: `beginning` is all that is there, rotated files included; `end` is what comes from now on.',
    ),
  stop_at_end: z.boolean().default(false).describe('Read what is there, then stop.'),
  poll_interval: duration({ minMs: 10 })
    .prefault('1s')
    .describe('How often to look for news; a file event tells of the first line after a silence earlier.'),
  max_line_bytes: size({ minBytes: 1024, maxBytes: 64 * 2 ** 20 })
    .prefault('1MiB')
    .describe('Longest line. A longer one is dropped and counted.'),
  batch_bytes: size({ minBytes: 4096, maxBytes: 64 * 2 ** 20 })
    .prefault('2MiB')
    .describe('How much is read at a time.'),
  ignore_older: duration()
    .optional()
    .describe('Do not begin files that have not changed for so long. Without it, no file is too old.'),
})

export type Settings = z.output<typeof settings>
