import type { NodeWorld } from './node-world.ts'

/** Waits until a process of a node has printed the word; rejects when it ends before. */
export function ready(child: ReturnType<NodeWorld['start']>, word = 'ready'): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const read = (piece: Buffer) => {
      printed += piece
      if (printed.includes(word)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', (code) => reject(new Error(`it ended with ${code}: ${printed}`)))
  })
}
