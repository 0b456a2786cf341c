import type { Payload, Row, Sender } from '../../src/sdk/index.ts'

/** For attempts that nobody calls off. */
export const NEVER = new AbortController().signal

/** The one payload that some rows make. */
export function payloadOf(sender: Sender, rows: readonly Row[]): Payload {
  const [payload, ...more] = sender.encode(rows)
  if (more.length > 0) throw new Error(`${more.length + 1} payloads`)
  return payload
}
