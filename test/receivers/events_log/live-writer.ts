import { setTimeout as sleep } from 'node:timers/promises'
import { RotatingWriter } from '../../support/rotating-writer.ts'
import { numbered } from './follower.ts'

/** A process of its own that writes `count` lines to `path`, in bursts, and rotates all the while. */
const [path, count, compress] = process.argv.slice(2)
const writer = new RotatingWriter({
  path,
  maxBytes: 100_000,
  maxBackups: 1000,
  compress: compress === 'compress',
})
for (let n = 1; n <= Number(count); n++) {
  writer.write(numbered(n, { padding: (n * 37) % 900 }))
  if (n % 50 === 0) await sleep(n % 3)
}
writer.close()
