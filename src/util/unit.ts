const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SIZE_BYTES = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 } as const

/** `30s`, `500ms`, `1h30m` in milliseconds; null when it is no duration. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return null
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    totalMs += Number(amount) * DURATION_MS[unit as keyof typeof DURATION_MS]
  return totalMs
}

/** `64MiB`, `10MB`, `4096` in bytes; null when it is no size. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kKMG]i?B|B)?$/i.exec(text.trim())
  if (!match) return null
  const unit = Object.keys(SIZE_BYTES).find((name) => name.toLowerCase() === (match[2] ?? 'B').toLowerCase())
  return Math.round(Number(match[1]) * SIZE_BYTES[unit as keyof typeof SIZE_BYTES])
}

/** 1536 as `1.5 KiB`: three digits that a person can compare. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let amount = bytes
  let unit = 0
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024
    unit++
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`
}

/** 90000 as `1m30s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${durationMs}ms`
  let restMs = Math.round(durationMs)
  let text = ''
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const amount = Math.floor(restMs / DURATION_MS[unit])
    if (amount > 0) text += `${amount}${unit}`
    restMs -= amount * DURATION_MS[unit]
  }
  return text
}
