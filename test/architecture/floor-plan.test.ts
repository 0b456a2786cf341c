import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

/** The floors from top to bottom. A file may import from its own room and from rooms on lower floors. */
const FLOORS: readonly (readonly string[])[] = [
  ['src/launch'],
  ['flowfold.ts'],
  ['receivers/*', 'processors/*', 'exporters/*'],
  ['src/main.ts'],
  ['src/commands'],
  ['src/engine'],
  ['src/config', 'src/export', 'src/telemetry'],
  ['src/state'],
  ['src/sdk'],
  ['src/decode'],
  ['src/record'],
  ['src/kernel'],
  ['src/http'],
  ['src/util'],
]

/** Of the engine, a component sees the sdk alone. */
const COMPONENT_SEES = 'src/sdk/index.ts'

const files = globSync(
  ['flowfold.ts', 'src/**/*.ts', 'receivers/**/*.ts', 'processors/**/*.ts', 'exporters/**/*.ts'],
  {
    exclude: (path) => path.includes('kernel/assembly'),
  },
).map((path) => normalize(path))
const imports = new Map(files.map((file) => [file, relativeImports(file)]))

test('every file has a room in the house', () => {
  const homeless = files.filter((file) => roomOf(file) === null)
  assert.deepEqual(homeless, [])
})

test('imports point downwards', () => {
  const wrong: string[] = []
  for (const [file, targets] of imports)
    for (const target of targets) if (!allowed(file, target)) wrong.push(`${file} imports ${target}`)
  assert.deepEqual(wrong, [])
})

test('no file imports itself over others', () => {
  const circles: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (file: string, path: readonly string[]) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    state.set(file, 'open')
    for (const target of imports.get(file) ?? []) visit(target, [...path, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  assert.deepEqual(circles, [])
})

test('a file stays short enough to hold in the head', () => {
  const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 400)
  assert.deepEqual(long, [])
})

test('components leave the clock, the terminal and the process to their host', () => {
  const forbidden = /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bconsole\.|\bprocess\./
  const sinners = files.filter((file) => isComponent(file) && forbidden.test(code(file)))
  assert.deepEqual(sinners, [])
})

function allowed(file: string, target: string): boolean {
  const from = roomOf(file)
  const to = roomOf(target)
  if (from === null || to === null) return false
  if (from.room === to.room) return true
  if (isComponent(file)) return target === COMPONENT_SEES
  return to.floor > from.floor
}

function roomOf(file: string): { readonly room: string; readonly floor: number } | null {
  for (const [floor, rooms] of FLOORS.entries())
    for (const room of rooms) {
      if (room === file) return { room, floor }
      const [folder, star] = room.endsWith('/*') ? [room.slice(0, -1), true] : [`${room}/`, false]
      if (!file.startsWith(folder)) continue
      // `receivers/*` is as many rooms as it has folders: components are strangers to each other.
      return { room: star ? file.split('/').slice(0, 2).join('/') : room, floor }
    }
  return null
}

function isComponent(file: string): boolean {
  return /^(receivers|processors|exporters)\//.test(file)
}

function relativeImports(file: string): string[] {
  const found = code(file).matchAll(/(?:from|import\()\s*'(\.[^']+\.ts)'/g)
  return [...found].map(([, path]) => normalize(join(dirname(file), path)))
}

function code(file: string): string {
  return readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '')
}
