import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Bundle, freshProgram } from '../../src/launch/launch.ts'
import { makeBundle } from '../../src/launch/make.ts'
import { tempDir } from '../support/temp-dir.ts'

const ROOT = join(import.meta.dirname, '../..')
const LAUNCH = join(ROOT, 'src/launch/launch.ts')

/** Made once, for all tests; in the checkout, where it finds the packages. */
let folder = ''
before(async () => {
  mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true })
  folder = mkdtempSync(join(ROOT, 'node_modules/.cache/flowfold-test-'))
  await makeBundle(folder)
})
after(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly out: string
  readonly err: string
  /** As URLs; Node's own as `node:fs`. */
  readonly loaded: readonly string[]
}

/** Runs the command line from the bundle in a folder; where there is none, from the sources. */
function launch(test: TestContext, cache: string, ...args: string[]): Ran {
  const list = join(tempDir(test), 'loaded.json')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', join(import.meta.dirname, 'loaded.ts'), LAUNCH, ...args],
    {
      cwd: ROOT,
      env: { ...process.env, NODE_COMPILE_CACHE: cache, LOADED_TO: list },
      encoding: 'utf8',
      timeout: 20_000,
    },
  )
  assert.equal(status, 0, stderr)
  return { out: stdout, err: stderr, loaded: JSON.parse(readFileSync(list, 'utf8')) }
}

/** A config that reads a log to its end; what it writes is in `rows.jsonl`. */
function config(dir: string, { log, level = 'warn' }: { log: string; level?: string }): string {
  const path = join(dir, 'flowfold.yaml')
  writeFileSync(
    path,
    JSON.stringify({
      receivers: { events_log: { include: [log], stop_at_end: true } },
      processors: { aggregate: null },
      exporters: { file: { path: join(dir, 'rows.jsonl') } },
      service: {
        state_dir: join(dir, 'state'),
        node_name: 'node-1',
        telemetry: { metrics: { endpoint: 'none' }, logs: { level, format: 'json' } },
        health: { endpoint: 'none' },
        pipelines: { logs: { receivers: ['events_log'], processors: ['aggregate'], exporters: ['file'] } },
      },
    }),
  )
  return path
}

function emptyRun(test: TestContext, cache: string): Ran {
  const dir = tempDir(test)
  const log = join(dir, 'events.log')
  writeFileSync(log, '')
  return launch(test, cache, 'run', '--config', config(dir, { log }))
}

/** Of what was loaded, the packages, and our own files by their place in the house. */
function kinds(loaded: readonly string[]) {
  const packages = loaded.flatMap((url) => url.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? [])
  const ours = loaded.filter((url) => url.startsWith(`file://${ROOT}`) && !url.includes('/node_modules/'))
  const files = ours.map((url) => url.slice(`file://${ROOT}/`.length))
  return { packages: [...new Set(packages)].sort(), files: files.filter((file) => !file.startsWith('test/')) }
}

test('an empty run from the sources loads what its config needs, and no other package or component', (t) => {
  const { packages, files } = kinds(emptyRun(t, tempDir(t)).loaded)
  assert.deepEqual(packages, ['commander', 'yaml', 'zod'])
  const rooms = files.filter((file) => !file.startsWith('src/')).map((file) => file.split('/', 2).join('/'))
  assert.deepEqual([...new Set(rooms)].sort(), [
    'exporters/file',
    'flowfold.ts',
    'processors/aggregate',
    'receivers/events_log',
  ])
  const forOthers =
    /^src\/(export|commands\/(try|docs|azure|balance|components|validate)|telemetry\/(admin-server|prometheus)|record\/row-codec)/
  assert.deepEqual(
    files.filter((file) => forOthers.test(file)),
    [],
  )
})

test('an empty run from the bundle loads nothing beside it, and of Node nothing that is large and not needed', (t) => {
  const { loaded } = emptyRun(t, folder)
  assert.deepEqual(kinds(loaded), { packages: [], files: ['src/launch/launch.ts'] })
  const unneeded =
    /^node:(child_process|cluster|dgram|dns|http|http2|https|inspector|readline|tls|worker_threads)/
  assert.deepEqual(
    loaded.filter((url) => unneeded.test(url)),
    [],
  )
})

test('the bundle makes the same rows as the sources', (t) => {
  const rows = [folder, tempDir(t)].map((cache) => {
    const dir = tempDir(t)
    launch(t, cache, 'run', '--config', config(dir, { log: join(ROOT, 'config/sample/events.log') }))
    return readFileSync(join(dir, 'rows.jsonl'), 'utf8')
  })
  assert.notEqual(rows[0], '')
  assert.equal(rows[0], rows[1])
})

test('the bundle finds all components, and the packages that they load', (t) => {
  const [bundled, plain] = [folder, tempDir(t)].map((cache) => launch(t, cache, 'components', '--json'))
  assert.equal(bundled.out, plain.out)
  assert.ok(kinds(bundled.loaded).packages.includes('@opentelemetry/api'))
})

test('the bundle logs', (t) => {
  const dir = tempDir(t)
  const { err } = launch(
    t,
    folder,
    'run',
    '--config',
    config(dir, { log: join(ROOT, 'config/sample/events.log'), level: 'debug' }),
  )
  assert.match(
    err,
    /^\{"level":"(info|debug)","time":"[^"]+","component":"events_log",.*"message":"[^"]+"\}$/m,
  )
})

/** Node's modules that a command from the bundle loads behind the flags of V8, or all where it sets none. */
function loadedLate(test: TestContext, ...args: string[]): readonly string[] {
  const late = join(tempDir(test), 'late.json')
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', join(import.meta.dirname, 'late.ts'), LAUNCH, ...args],
    { cwd: ROOT, env: { ...process.env, NODE_COMPILE_CACHE: folder, LATE_TO: late }, encoding: 'utf8' },
  )
  assert.equal(status, 0, stderr)
  return JSON.parse(readFileSync(late, 'utf8'))
}

test('what a run loads of Node is there before the flags of V8 change, for its code would be refused behind that', (t) => {
  const path = config(tempDir(t), { log: join(ROOT, 'config/sample/events.log') })
  assert.deepEqual(loadedLate(t, 'run', '--config', path), ['process'])
})

test('help loads nothing of what a run needs', (t) => {
  const loaded = loadedLate(t, '--help')
  assert.ok(loaded.includes('fs'))
  assert.deepEqual(
    loaded.filter((name) => /^(crypto|sqlite|zlib)$/.test(name)),
    [],
  )
})

test('V8 takes the code that was made of the bundle', () => {
  assert.equal(freshProgram(folder)?.script.cachedDataRejected, false)
})

test('a bundle whose sources have changed, moved or gone is not used', (t) => {
  const bundle: Bundle = JSON.parse(readFileSync(join(folder, 'bundle.json'), 'utf8'))
  const [[path, size, mtimeMs], ...others] = bundle.sources
  const stale: Bundle[] = [
    { ...bundle, sources: [[path, size, mtimeMs + 0.001], ...others] },
    { ...bundle, sources: [[path, size + 1, mtimeMs], ...others] },
    { ...bundle, sources: [...bundle.sources, ['src/gone.ts', 1, 1]] },
    { ...bundle, root: '/elsewhere' },
    { ...bundle, program: join(folder, 'gone.cjs') },
  ]
  const usable = (bundle: Bundle) => {
    const dir = tempDir(t)
    writeFileSync(join(dir, 'bundle.json'), JSON.stringify(bundle))
    return freshProgram(dir) !== null
  }
  assert.ok(usable(bundle))
  assert.deepEqual(stale.map(usable), [false, false, false, false, false])
})

test('the bundle knows every file of ours that it was made of', (t) => {
  const { files } = kinds(emptyRun(t, tempDir(t)).loaded)
  const known = (JSON.parse(readFileSync(join(folder, 'bundle.json'), 'utf8')) as Bundle).sources.map(
    ([path]) => path,
  )
  const launched = files.filter((file) => !file.startsWith('src/launch/'))
  assert.deepEqual(
    launched.filter((file) => !known.includes(file)),
    [],
  )
})
