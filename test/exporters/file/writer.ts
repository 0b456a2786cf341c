import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowBatch } from '../../../src/sdk/index.ts'
import { row } from '../../support/rows.ts'
import { fileSink } from './world.ts'
import { writerSettings } from './writer-settings.ts'

/**
 * Writes numbered rows and commits until somebody kills it: a commit renames a file with position and number into place.
 * Started again, it goes on from the last commit.
 */
const [folder, format, compress] = process.argv.slice(2)
const statePath = join(folder, 'state.json')
const state = existsSync(statePath)
  ? JSON.parse(readFileSync(statePath, 'utf8'))
  : { position: null, next: 0 }
const sink = fileSink(writerSettings(folder, format, compress), { position: state.position })
process.stdout.write('started\n')
for (let next: number = state.next; ; ) {
  for (let writes = 0; writes < 3; writes++, next += 20)
    sink.write(rowBatch(Array.from({ length: 20 }, (_, i) => row({ UUID: `${next + i}` }))))
  writeFileSync(`${statePath}.tmp`, JSON.stringify({ position: sink.position(), next }))
  renameSync(`${statePath}.tmp`, statePath)
  sink.committed()
  await new Promise((resolve) => setImmediate(resolve))
}
