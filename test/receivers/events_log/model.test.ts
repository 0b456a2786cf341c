import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { World } from './world.ts'

type Action = readonly [name: keyof typeof ACTIONS, argument: number]

const ACTIONS = {
  'write lines': (world: World, n: number) => world.writeLines(1 + (n % 12)),
  'write part': (world: World, n: number) => world.writePart(1 + (n % 10)),
  'finish line': (world: World) => world.finishLine(),
  rotate: (world: World) => world.rotate(),
  compress: (world: World, n: number) => world.compress(n),
  prune: (world: World) => world.prune(),
  copy: (world: World) => world.copy(),
  truncate: (world: World) => world.truncate(),
  'delete and create': (world: World) => world.deleteAndCreate(),
  'move elsewhere': (world: World) => world.moveElsewhere(),
  look: (world: World) => world.look(1000),
  wait: (world: World) => world.look(6000),
  crash: (world: World, n: number) => world.crash(n % 4),
  'cut power': (world: World, n: number) => world.cutPower(n, n % 4),
} as const

const OFTEN: Action[0][] = [
  'write lines',
  'write lines',
  'write lines',
  'look',
  'look',
  'write part',
  'crash',
]
const action = fc.tuple(
  fc.constantFrom(...(Object.keys(ACTIONS) as Action[0][]), ...OFTEN),
  fc.nat({ max: 100 }),
)

test('whatever happens to the files, each record arrives once, in order, or is told as a gap', async () => {
  const runs = Number(process.env.EVENTS_LOG_RUNS ?? 100)
  const seed = Number(process.env.EVENTS_LOG_SEED ?? Math.floor(Math.random() * 2 ** 31))
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), async (actions) => {
      const folder = mkdtempSync(join(tmpdir(), 'flowfold-'))
      try {
        const world = new World(folder)
        await world.follower.idle()
        for (const [name, argument] of actions) await ACTIONS[name](world, argument)
        assert.deepEqual(await world.verdict(), [])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }),
    { numRuns: runs, seed },
  )
})
