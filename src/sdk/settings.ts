import { z } from 'zod'
import { formatDuration, formatSize, parseDuration, parseSize } from '../util/unit.ts'

/** A duration as people write it, `30s` or `1h30m`; milliseconds inside. */
export function duration(limits: { readonly minMs?: number; readonly maxMs?: number } = {}) {
  const { minMs = 0, maxMs = Number.MAX_SAFE_INTEGER } = limits
  const schema = z.string().transform((text, context) => {
    const durationMs = parseDuration(text)
    if (durationMs === null)
      return refuse(context, `"${text}" is no duration; write for example "30s", "5m" or "1h30m"`)
    if (durationMs < minMs) return refuse(context, `must be at least ${formatDuration(minMs)}`)
    if (durationMs > maxMs) return refuse(context, `must be at most ${formatDuration(maxMs)}`)
    return durationMs
  })
  return schema.meta({ unit: 'duration' })
}

/** A size as people write it, `64MiB` or plain bytes; bytes inside. */
export function size(limits: { readonly minBytes?: number; readonly maxBytes?: number } = {}) {
  const { minBytes = 0, maxBytes = Number.MAX_SAFE_INTEGER } = limits
  const schema = z.union([z.string(), z.number()]).transform((value, context) => {
    const bytes = parseSize(String(value))
    if (bytes === null) return refuse(context, `"${value}" is no size; write for example "64MiB" or 1048576`)
    if (bytes < minBytes) return refuse(context, `must be at least ${formatSize(minBytes)}`)
    if (bytes > maxBytes) return refuse(context, `must be at most ${formatSize(maxBytes)}`)
    return bytes
  })
  return schema.meta({ unit: 'size' })
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
