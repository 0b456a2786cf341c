import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Pane } from '../../src/sdk/index.ts'
import { StateError } from '../../src/state/state-error.ts'
import { type StateChange, Store } from '../../src/state/store.ts'
import { noSmallDisk, remount, smallDisk } from '../support/small-disk.ts'
import { tempDir } from '../support/temp-dir.ts'

const NOTHING: StateChange = {
  positions: new Map(),
  folds: new Map(),
  sinks: new Map(),
  ledgers: new Map(),
  outbox: { appended: [], cursors: new Map(), unreadable: new Map(), done: [] },
}

test('what was committed is there after the file is opened again', (t) => {
  const dir = tempDir(t)
  const store = open(dir)
  store.commit({
    ...NOTHING,
    positions: new Map([['events_log', { offset: 7 }]]),
    folds: new Map([
      ['logs', { state: { watermark: 1 }, sealed: [pane('w1', 1), pane('w1', 2)], closed: [] }],
    ]),
    sinks: new Map([['file', { offset: 9 }]]),
    ledgers: new Map([['logs', { received: 3 }]]),
  })
  store.close()
  const stored = open(dir).load()
  assert.deepEqual(stored.positions.get('events_log'), { offset: 7 })
  assert.deepEqual(stored.sinks.get('file'), { offset: 9 })
  assert.deepEqual(stored.ledgers.get('logs'), { received: 3 })
  const fold = stored.folds.get('logs')
  assert.deepEqual(fold?.state, { watermark: 1 })
  assert.deepEqual(bodies(fold?.panes), [1, 2])
})

test('panes go with their window, and a complete pane replaces the earlier ones', (t) => {
  const store = open(tempDir(t))
  const sealed = (...panes: Pane[]) =>
    store.commit({ ...NOTHING, folds: new Map([['logs', { state: null, sealed: panes, closed: [] }]]) })
  sealed(pane('w1', 1), pane('w2', 2))
  sealed(pane('w1', 3), { ...pane('w2', 4), complete: true })
  assert.deepEqual(bodies(store.load().folds.get('logs')?.panes), [1, 3, 4])
  store.commit({ ...NOTHING, folds: new Map([['logs', { state: null, sealed: [], closed: ['w1'] }]]) })
  assert.deepEqual(bodies(store.load().folds.get('logs')?.panes), [4])
})

test('the memory store keeps nothing and touches no disk', () => {
  const store = open('memory')
  store.commit({ ...NOTHING, positions: new Map([['r', 1]]) })
  assert.equal(store.load().positions.get('r'), 1)
  store.close()
  assert.equal(open('memory').load().positions.size, 0)
})

test('a second process on the same state is refused with the way out', (t) => {
  const dir = tempDir(t)
  open(dir)
  assert.throws(
    () => open(dir),
    stateError(/state\.db is in use by another flowfold; .*own service\.state_dir/),
  )
})

test('the lock goes with a killed process', async (t) => {
  const dir = tempDir(t)
  const script = `
    const { Store } = await import(${JSON.stringify(new URL('../../src/state/store.ts', import.meta.url).href)})
    const store = Store.open({ dir: ${JSON.stringify(dir)}, durability: 'process', nowMs: 0, warn() {} })
    store.commit({ positions: new Map([['r', 5]]), folds: new Map(), sinks: new Map(), ledgers: new Map(), outbox: { appended: [], cursors: new Map(), unreadable: new Map(), done: [] } })
    process.stdout.write('committed')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout!, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(open(dir).load().positions.get('r'), 5)
})

for (const [what, damage] of [
  ['overwritten from the start', (path: string) => writeFileSync(path, Buffer.alloc(8192, 0x58))],
  ['cut off in the middle', (path: string) => truncateSync(path, 6000)],
  ['full of zeros after the head', zeroBehindHead],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['a byte long', (path: string) => truncateSync(path, 1)],
  ['without a table', (path: string) => execute(path, 'DROP TABLE ledger')],
  ['with a value that is no JSON', (path: string) => execute(path, `UPDATE position SET value = '{'`)],
] as const)
  test(`a state file that is ${what} is set aside with a reason, not forgotten`, (t) => {
    const dir = tempDir(t)
    const store = open(dir)
    store.commit({ ...NOTHING, positions: new Map([['r', 'x'.repeat(20_000)]]) })
    store.close()
    damage(join(dir, 'state.db'))
    const warnings: string[] = []
    const again = Store.open({
      dir,
      durability: 'process',
      nowMs: 0,
      warn: (message) => warnings.push(message),
    })
    assert.equal(again.load().positions.size, 0)
    assert.match(warnings.join(), /damaged and was set aside; .*rows may repeat/)
    assert.equal(readdirSync(dir).filter((name) => name.startsWith('state.db.damaged-1970')).length, 1)
  })

test('a state from a newer version is refused and left as it is', (t) => {
  const dir = tempDir(t)
  open(dir).close()
  const db = new DatabaseSync(join(dir, 'state.db'))
  db.exec('PRAGMA user_version = 99')
  db.close()
  const before = readFileSync(join(dir, 'state.db'))
  assert.throws(
    () => open(dir),
    stateError(/written by a newer flowfold \(state version 99, this one knows 1\)/),
  )
  assert.deepEqual(readFileSync(join(dir, 'state.db')), before)
})

test("another program's database is refused and left as it is", (t) => {
  const dir = tempDir(t)
  const db = new DatabaseSync(join(dir, 'state.db'))
  db.exec('CREATE TABLE theirs (x)')
  db.close()
  assert.throws(() => open(dir), stateError(/is a database of another program/))
})

test('a folder that cannot be made is a clear error', (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'file'), '')
  assert.throws(
    () => open(join(dir, 'file', 'state')),
    stateError(/file\/state is no folder; set service\.state_dir to one/),
  )
  assert.throws(() => open(join(dir, 'file')), stateError(/file is no folder; set service\.state_dir to one/))
  mkdirSync(join(dir, 'state.db'))
  assert.throws(() => open(dir), stateError(/state\.db is a folder, where the state file should be/))
})

test('only its user reads the state', (t) => {
  const dir = tempDir(t)
  const store = open(dir)
  store.commit({ ...NOTHING, positions: new Map([['r', 1]]) })
  for (const name of readdirSync(dir)) assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name)
  assert.deepEqual(readdirSync(dir).toSorted(), ['state.db', 'state.db-wal'])
  store.close()
})

test("a lost log of SQLite's takes the latest commits along, not the first", (t) => {
  const dir = tempDir(t)
  const store = open(dir)
  store.commit({ ...NOTHING, positions: new Map([['r', 1]]) })
  store.commit({ ...NOTHING, positions: new Map([['r', 2]]) })
  const copy = tempDir(t)
  copyFileSync(join(dir, 'state.db'), join(copy, 'state.db'))
  store.close()
  assert.equal(open(copy).load().positions.get('r'), 1)
})

test('a full disk: the commit says so, nothing of it is stored, and it works when there is room', {
  skip: noSmallDisk,
}, (t) => {
  const dir = smallDisk(t, 512)
  const store = open(dir)
  store.commit({ ...NOTHING, positions: new Map([['r', 1]]) })
  writeFileSync(join(dir, 'ballast'), Buffer.alloc(200 * 1024))
  const large = { ...NOTHING, positions: new Map([['r', 'y'.repeat(400 * 1024)]]) }
  assert.deepEqual(store.commit(large), { kind: 'retry', reason: 'the disk of service.state_dir is full' })
  assert.equal(store.load().positions.get('r'), 1)
  execFileSync('rm', [join(dir, 'ballast')])
  assert.deepEqual(store.commit({ ...NOTHING, positions: new Map([['r', 2]]) }), { kind: 'stored' })
  assert.equal(store.load().positions.get('r'), 2)
  store.close()
})

test('a disk that is full or read-only at the start is a clear error', { skip: noSmallDisk }, (t) => {
  const full = smallDisk(t, 64)
  writeFileSync(join(full, 'ballast'), Buffer.alloc(60 * 1024))
  assert.throws(() => open(full), stateError(/no room on the disk for .*free some space/))
  const readOnly = smallDisk(t, 512)
  remount(readOnly, 'ro')
  assert.throws(() => open(readOnly), stateError(/cannot be written; give this user write access/))
})

function execute(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

function open(dir: string): Store {
  return Store.open({ dir, durability: 'process', nowMs: 0, warn: () => assert.fail('nothing is damaged') })
}

function pane(window: string, content: number): Pane {
  return { window, body: Uint8Array.of(content), complete: false }
}

function bodies(panes: readonly Pane[] | undefined): number[] | undefined {
  return panes?.map(({ body }) => body[0])
}

function stateError(message: RegExp) {
  return (error: unknown) => error instanceof StateError && message.test(error.message)
}

function zeroBehindHead(path: string): void {
  const bytes = readFileSync(path)
  bytes.fill(0, 4096)
  writeFileSync(path, bytes)
}
