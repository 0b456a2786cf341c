import type { Json } from '../../src/sdk/index.ts'

type Scalar = string | number | boolean | null

/** So many texts are remembered in one place. */
const MOST_TEXTS = 2048

/**
 * What was written of a value before, in one place: namespaces, ports and pods come again in row after row. A place where
 * most values are new, such as a UUID, remembers nothing.
 */
export function remembered(write: (value: Json) => string): (value: Json) => string {
  const texts = new Map<Scalar, string>()
  let found = 0
  let isWorthIt = true
  return (value) => {
    if (!isWorthIt || (typeof value === 'object' && value !== null)) return write(value)
    const known = texts.get(value as Scalar)
    if (known !== undefined) {
      found++
      return known
    }
    if (texts.size === MOST_TEXTS) {
      isWorthIt = found > MOST_TEXTS
      texts.clear()
      found = 0
    }
    const text = inOnePiece(write(value))
    texts.set(value as Scalar, text)
    return text
  }
}

/** What was joined is a tree of pieces until somebody reads it, and would be walked through every time. */
function inOnePiece(text: string): string {
  return Buffer.from(text).toString()
}
