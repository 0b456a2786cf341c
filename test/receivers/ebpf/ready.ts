import type { NodeWorld } from './node-world.ts'

const TIMEOUT_MS = 60_000

/** Waits until a process of a node has printed the word; rejects when it ends before, or is too long about it. */
export function ready(child: ReturnType<NodeWorld['start']>, word = 'ready'): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const deadline = setTimeout(() => reject(new Error(`it has not printed ${word}: ${printed}`)), TIMEOUT_MS)
    const read = (piece: Buffer) => {
      printed += piece
      if (!printed.includes(word)) return
      clearTimeout(deadline)
      resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', (code) => {
      clearTimeout(deadline)
      reject(new Error(`it ended with ${code}: ${printed}`))
    })
  })
}
