import type { Clock, SendResult } from '../sdk/index.ts'
import { formatDuration } from '../util/unit.ts'

/**
 * One attempt that ends: by its result, by the timeout, or with `givingUp`, then in null. A result that comes after one of
 * those is not believed, because client libraries return in peace from what they were told to abort.
 */
export async function attempt(
  send: (signal: AbortSignal) => Promise<SendResult>,
  { clock, timeoutMs, givingUp }: { clock: Clock; timeoutMs: number; givingUp: AbortSignal },
): Promise<SendResult | null> {
  if (givingUp.aborted) return null
  const abort = new AbortController()
  const aborted = Promise.withResolvers<SendResult | null>()
  const end = (result: SendResult | null) => {
    aborted.resolve(result)
    abort.abort()
  }
  const late = { cause: 'timeout', reason: `no answer within ${formatDuration(timeoutMs)}` } as const
  const cancelTimeout = clock.after(timeoutMs, () => end({ kind: 'retry', ...late }))
  const giveUp = () => end(null)
  givingUp.addEventListener('abort', giveUp)
  try {
    const sent = send(abort.signal).catch((error) => {
      if (abort.signal.aborted) return aborted.promise
      throw error
    })
    return await Promise.race([aborted.promise, sent])
  } finally {
    cancelTimeout()
    givingUp.removeEventListener('abort', giveUp)
  }
}
