import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DeadLetter } from '../../../src/export/dead-letter.ts'
import { LetterFile, ReplayError } from '../../../src/export/replay/letter-file.ts'
import { type Clock, systemClock } from '../../../src/util/clock.ts'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { noSmallDisk, smallDisk } from '../../support/small-disk.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** Nobody is waited for. */
const HASTY: Clock = { ...systemClock, sleep: async () => {} }
/** The process ends while it waits. */
const KILLED: Clock = { ...systemClock, sleep: () => Promise.reject(new Error('killed')) }
const AGAIN = { exporter: 'splunk', reason: '400 again', refusedAt: '2026-01-02T00:00:00.000Z' }

interface Place {
  readonly dir: string
  readonly path: string
  /** What a running flowfold does. */
  refuse(...uuids: string[]): void
  open(clock?: Clock): Promise<LetterFile>
  /** UUID and reason of every letter in a file. */
  held(suffix?: string): string[]
  files(): string[]
}

function place(t: TestContext): Place {
  const dir = tempDir(t)
  const path = join(dir, 'refused.jsonl')
  const { clock, log } = testHost()
  const letter = new DeadLetter('splunk', path, clock, log)
  return {
    dir,
    path,
    refuse: (...uuids) =>
      letter.write(
        uuids.map((UUID) => row({ UUID })),
        '400',
      ),
    open: (clock = HASTY) => LetterFile.open(path, clock),
    held: (suffix = '') =>
      readFileSync(path + suffix, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
        .map(({ row, reason }) => `${row.UUID} ${reason}`),
    files: () => readdirSync(dir).toSorted(),
  }
}

function uuids(file: LetterFile): string[] {
  return [...file.letters()].map(({ row }) => row.UUID)
}

/** Settles letters by their UUID. */
function settle(file: LetterFile, fates: { readonly [uuid: string]: 'accepted' | 'refused' }): void {
  for (const { row, line } of [...file.letters()])
    if (fates[row.UUID]) file.settle([line], fates[row.UUID] === 'accepted' ? null : AGAIN)
}

test('what is taken leaves the file, what is refused again says the new reason, the rest is as it was', async (t) => {
  const { refuse, open, held, files, path } = place(t)
  refuse('a', 'b', 'c', 'd')
  const file = await open()
  assert.deepEqual(uuids(file), ['a', 'b', 'c', 'd'])
  settle(file, { a: 'accepted', b: 'refused', d: 'accepted' })
  assert.deepEqual(uuids(file), ['c'])
  assert.deepEqual(file.putBack(), { lines: 2, strange: 0, path })
  assert.deepEqual(held(), ['b 400 again', 'c 400'])
  assert.deepEqual(files(), ['refused.jsonl'])
  assert.equal(statSync(path).mode & 0o777, 0o640)
})

test('when all is taken, nothing is left behind', async (t) => {
  const { refuse, open, files } = place(t)
  refuse('a')
  const file = await open()
  settle(file, { a: 'accepted' })
  assert.equal(file.putBack().lines, 0)
  assert.deepEqual(files(), [])
})

test('lines that are no letters stay, word for word', async (t) => {
  const { refuse, open, path } = place(t)
  refuse('a')
  appendFileSync(path, 'not json\n{"exporter":"x"}\n\n{"torn":')
  const file = await open()
  settle(file, { a: 'accepted' })
  assert.deepEqual(file.putBack(), { lines: 3, strange: 3, path })
  assert.equal(readFileSync(path, 'utf8'), 'not json\n{"exporter":"x"}\n{"torn":\n')
})

test('a flowfold that goes on writing begins a new file; what is left waits aside, and the next replay takes both', async (t) => {
  const { refuse, open, held, files, path } = place(t)
  refuse('a', 'b')
  const file = await open()
  refuse('c')
  settle(file, { a: 'accepted' })
  assert.deepEqual(file.putBack(), { lines: 1, strange: 0, path: `${path}.replaying` })
  assert.deepEqual([held(), held('.replaying')], [['c 400'], ['b 400']])
  const next = await open()
  assert.deepEqual(uuids(next), ['b', 'c'])
  next.putBack()
  assert.deepEqual([held(), files()], [['b 400', 'c 400'], ['refused.jsonl']])
})

test('a replay that was killed is gone on with: what it settled is not sent again', async (t) => {
  const { refuse, open, held } = place(t)
  refuse('a', 'b', 'c')
  const killed = await open()
  settle(killed, { a: 'accepted', b: 'refused' })
  killed.close()
  refuse('d')
  const file = await open()
  assert.deepEqual(uuids(file), ['b', 'c', 'd'], 'joining the new file closes the books on the old one')
  file.putBack()
  assert.deepEqual(held(), ['b 400 again', 'c 400', 'd 400'])
})

test('killed without new letters, the refused ones are not asked for again either', async (t) => {
  const { refuse, open } = place(t)
  refuse('a', 'b', 'c')
  const killed = await open()
  settle(killed, { a: 'accepted', b: 'refused' })
  killed.close()
  assert.deepEqual(uuids(await open()), ['c'])
})

test('killed after it took the file away, nothing is lost', async (t) => {
  const { refuse, open, held } = place(t)
  refuse('a')
  await assert.rejects(open(KILLED), ReplayError)
  refuse('b')
  await assert.rejects(open(KILLED), ReplayError)
  refuse('c')
  const file = await open()
  assert.deepEqual(uuids(file), ['a', 'b', 'c'])
  file.putBack()
  assert.deepEqual(held(), ['a 400', 'b 400', 'c 400'])
})

test('killed after the new letters were joined and before their file was removed, none is there twice', async (t) => {
  const { refuse, open, held, files, path } = place(t)
  refuse('a')
  await assert.rejects(open(KILLED), ReplayError)
  refuse('b')
  await assert.rejects(open(KILLED), ReplayError)
  linkSync(`${path}.replaying.more`, `${path}.kept`)
  const joined = await open()
  settle(joined, { a: 'accepted' })
  joined.close()
  renameSync(`${path}.kept`, `${path}.replaying.more`)
  const file = await open()
  assert.deepEqual(uuids(file), ['b'])
  file.putBack()
  assert.deepEqual([held(), files()], [['b 400'], ['refused.jsonl']])
})

test('killed in the middle of putting back, the letters are there once', async (t) => {
  const { refuse, open, held, files, path } = place(t)
  refuse('a', 'b')
  const killed = await open()
  settle(killed, { a: 'accepted' })
  killed.close()
  linkSync(`${path}.replaying`, path)
  refuse('c')
  const file = await open()
  assert.deepEqual(uuids(file), ['b', 'c'])
  file.putBack()
  assert.deepEqual([held(), files()], [['b 400', 'c 400'], ['refused.jsonl']])
})

test('a link is followed: what it points to is sent, and the link stays', async (t) => {
  const { refuse, open, path, held } = place(t)
  mkdirSync(join(path, '..', 'volume'))
  symlinkSync('volume/real.jsonl', path)
  refuse('a', 'b')
  const file = await open()
  refuse('c')
  settle(file, { a: 'accepted' })
  file.putBack()
  assert.deepEqual(held(), ['c 400'])
  const next = await open()
  assert.deepEqual(uuids(next), ['b', 'c'])
  next.putBack()
  assert.deepEqual(held(), ['b 400', 'c 400'])
  assert.ok(lstatSync(path).isSymbolicLink())
})

test('a disk that runs full in the middle loses nothing; the next replay goes on', {
  skip: noSmallDisk,
}, async (t) => {
  const path = join(smallDisk(t, 128), 'refused.jsonl')
  const { clock, log } = testHost()
  const letter = new DeadLetter('splunk', path, clock, log)
  const all = Array.from({ length: 40 }, (_, i) => `row-${i}`)
  letter.write(
    all.map((UUID) => row({ UUID })),
    '400',
  )
  const file = await LetterFile.open(path, HASTY)
  settle(file, { 'row-0': 'accepted' })
  const filler = join(path, '..', 'filler')
  assert.throws(() => writeFileSync(filler, Buffer.alloc(2 ** 18)), /ENOSPC/)
  const long = { ...AGAIN, reason: 'x'.repeat(50_000) }
  assert.throws(() => file.settle([1], long), /cannot be noted; the next replay sends them again/)
  assert.throws(() => file.putBack(), /it waits in .*refused\.jsonl\.replaying for the next replay/)
  file.close()
  rmSync(filler)
  const next = await LetterFile.open(path, HASTY)
  assert.deepEqual(uuids(next), all.slice(1))
  assert.equal(next.putBack().lines, 39)
})

test('two replays of one file do not meet', async (t) => {
  const { refuse, open } = place(t)
  refuse('a')
  const first = await open()
  await assert.rejects(open(), /another replay of this file is running/)
  assert.equal(first.putBack().lines, 1)
  assert.equal((await open()).putBack().lines, 1)
})

test('what is no file is refused, and nothing is made of it', async (t) => {
  const { open, dir, files } = place(t)
  await assert.rejects(open(), /there is no file .*refused\.jsonl/)
  await assert.rejects(LetterFile.open(dir, HASTY), /is no regular file/)
  assert.deepEqual(files(), [])
  assert.ok(!existsSync(`${dir}.replaying.db`))
})
