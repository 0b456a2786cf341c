import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { noSmallDisk, smallDisk } from '../../support/small-disk.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { World } from './world.ts'

type Action = readonly [name: string, happens: (world: World) => void]

const commit: Action = ['commit', (world) => world.commit()]
const written = fc
  .integer({ min: 1, max: 12 })
  .map((rows): Action => [`write ${rows}`, (world) => world.write(rows)])
const ENGINE = [
  { arbitrary: written, weight: 6 },
  { arbitrary: fc.constant(commit), weight: 5 },
]

const CRASHES: readonly Action[] = [
  ['crash', (world) => world.crash()],
  ['crash in write', (world) => world.crashInWrite()],
  ['crash in note', (world) => world.crashInNote()],
  ['crash before commit', (world) => world.crashBeforeCommit()],
  ['crash behind commit', (world) => world.crashAfterCommit(0)],
  ['crash behind note', (world) => world.crashAfterCommit(1)],
  ['crash behind rename', (world) => world.crashAfterCommit(2)],
  ['crash behind new file', (world) => world.crashAfterCommit(3)],
]

const OTHERS: readonly Action[] = [
  ['move', (world) => world.move()],
  ['delete', (world) => world.delete()],
  ['copy and truncate', (world) => world.copyAndTruncate()],
]
/** Text, which rows as lines may follow and blocks may not. */
const STRANGER: Action = ['stranger', (world) => world.writeAsStranger()]

const DISK: readonly Action[] = [
  ['disk full', (world) => world.fillDisk(0)],
  ['disk nearly full', (world) => world.fillDisk(4096)],
  ['space again', (world) => world.emptyDisk()],
]

test('each row is there once, wherever a crash comes', async (t) => {
  await holds(tempDir(t), CRASHES)
})

test('each row is there once, whatever others do to the file', async (t) => {
  await holds(tempDir(t), [...CRASHES, ...OTHERS, STRANGER])
})

test('each row is there once when the disk runs full', { skip: noSmallDisk }, async (t) => {
  await holds(smallDisk(t, 256), [...CRASHES, ...OTHERS, STRANGER, ...DISK])
})

test('each row is there once in Avro blocks, wherever a crash comes, whatever others do', async (t) => {
  await holds(tempDir(t), [...CRASHES, ...OTHERS], 'avro')
})

test('each row is there once in Avro blocks when the disk runs full', { skip: noSmallDisk }, async (t) => {
  await holds(smallDisk(t, 256), [...CRASHES, ...OTHERS, ...DISK], 'avro')
})

/** Small enough for many rotations, larger than the header of an Avro file. */
const MAX_SIZE = { jsonl: 4000, avro: 8000 }

async function holds(
  folder: string,
  others: readonly Action[],
  format: 'jsonl' | 'avro' = 'jsonl',
): Promise<void> {
  const action = fc.oneof(...ENGINE, { arbitrary: fc.constantFrom(...others), weight: 5 })
  const actions = fc.array(action, { maxLength: 40, size: 'max' })
  let runs = 0
  const property = fc.asyncProperty(actions, fc.boolean(), async (happened, strangerFirst) => {
    const run = join(folder, `run-${runs++}`)
    mkdirSync(run)
    if (strangerFirst && format === 'jsonl') writeFileSync(join(run, 'rows.jsonl'), 'stranger')
    const world = new World(run, { max_size: MAX_SIZE[format] }, format)
    try {
      for (const [, happens] of happened) happens(world)
      world.emptyDisk()
      world.crash()
    } finally {
      await world.close()
      rmSync(run, { recursive: true })
    }
  })
  await fc.assert(property, { numRuns: 100 })
}
