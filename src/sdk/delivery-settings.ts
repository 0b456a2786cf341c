import { z } from 'zod'
import type { DeliverySettings } from './exporter.ts'
import { duration, size } from './settings.ts'

/** Settings that every sender shares; spread them into its schema. Made when asked for: most starts have no sender. */
export const deliveryShape = () => ({
  concurrency: z.int().min(1).max(64).default(2).describe('Requests in flight at once.'),
  timeout: duration({ minMs: 100 })
    .prefault('30s')
    .describe('An attempt that takes longer is given up and tried again.'),
  retry: z
    .strictObject({
      initial_interval: duration({ minMs: 1 })
        .prefault('1s')
        .describe('Longest wait before the second attempt.'),
      max_interval: duration({ minMs: 1 }).prefault('1m').describe('Longest wait between two attempts.'),
      max_elapsed: z
        .union([z.literal('forever'), duration({ minMs: 1 })])
        .prefault('forever')
        .describe(
          'How long a payload is tried before it goes to the dead letter; the outbox holds it meanwhile.',
        ),
    })
    .prefault({})
    .describe(
      'Waits between attempts double and are spread at random; a Retry-After of the backend is obeyed.',
    ),
  outbox: z
    .strictObject({
      max_bytes: size({ minBytes: 1 })
        .prefault('1GiB')
        .describe('Bytes of rows on disk that may wait for this exporter; a row takes about 100.'),
      max_age: z
        .union([z.literal('off'), duration({ minMs: 1000 })])
        .prefault('off')
        .describe('Rows that wait longer are dropped, and counted.'),
      on_full: z
        .enum(['block', 'drop_oldest'])
        .default('block')
        .describe(
          '`block` takes no more input until there is room; `drop_oldest` drops rows, and counts them.',
        ),
    })
    .prefault({})
    .describe('Rows on disk that the backend has not accepted yet.'),
  dead_letter: z
    .string()
    .min(1)
    .default('auto')
    .describe(
      'File for rows that the backend refuses for good; `flowfold replay` sends them again. `auto` is `dead_letter/ID.jsonl` in `state_dir`; with `none` they are only counted.',
    ),
})

/** What the engine needs of them. */
export function deliveryOf(
  settings: z.output<z.ZodObject<ReturnType<typeof deliveryShape>>>,
): DeliverySettings {
  const { concurrency, timeout, retry, outbox, dead_letter } = settings
  return {
    concurrency,
    timeoutMs: timeout,
    retry: {
      initialMs: retry.initial_interval,
      maxMs: retry.max_interval,
      maxElapsedMs: retry.max_elapsed === 'forever' ? null : retry.max_elapsed,
    },
    outbox: {
      maxBytes: outbox.max_bytes,
      maxAgeMs: outbox.max_age === 'off' ? null : outbox.max_age,
      onFull: outbox.on_full,
    },
    deadLetter: dead_letter === 'auto' || dead_letter === 'none' ? dead_letter : { path: dead_letter },
  }
}
