import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { testHost } from '../../support/host.ts'
import { backupPath } from '../../support/rotating-writer.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { type Commit, Follower, lines, numbered, range } from './follower.ts'

function setUp(test: TestContext) {
  const folder = tempDir(test)
  const follow = (
    settings: { include: string[]; [name: string]: unknown },
    from?: Commit,
    host = testHost(),
  ) => {
    const follower = new Follower({ settings, host, ...(from && { from }) })
    test.after(() => follower.stop())
    return follower
  }
  return { folder, log: join(folder, 'events.log'), follow }
}

test('a file that is not there yet is waited for', async (t) => {
  const { folder, follow } = setUp(t)
  const path = join(folder, 'later', 'events.log')
  const follower = follow({ include: [path] })
  await follower.look()
  mkdirSync(join(folder, 'later'))
  await follower.look()
  writeFileSync(path, lines(1, 2))
  await follower.look()
  assert.deepEqual(follower.received, [1, 2])
})

test('a link that leads elsewhere: the old file is read to its end, then the new one', async (t) => {
  const { folder, log, follow } = setUp(t)
  for (const version of ['v1', 'v2']) mkdirSync(join(folder, version))
  writeFileSync(join(folder, 'v1', 'events.log'), lines(1, 3))
  symlinkSync('v1', join(folder, 'current'))
  symlinkSync('current/events.log', log)
  const first = follow({ include: [log] })
  await first.idle()
  appendFileSync(join(folder, 'v1', 'events.log'), lines(4, 5))
  writeFileSync(join(folder, 'v2', 'events.log'), lines(6, 7))
  symlinkSync('v2', join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, 'current'))
  await first.look()
  assert.deepEqual(first.received, range(1, 7))
  const second = follow({ include: [log] }, await first.stop())
  appendFileSync(join(folder, 'v2', 'events.log'), lines(8, 8))
  await second.settle()
  assert.deepEqual(second.received, range(1, 8))
  assert.deepEqual(second.losses, [])
})

test('rotated files of a linked log stand beside the file that the link leads to', async (t) => {
  const { folder, log, follow } = setUp(t)
  mkdirSync(join(folder, 'real'))
  const real = join(folder, 'real', 'events.log')
  writeFileSync(backupPath(real, 1), lines(1, 2))
  writeFileSync(real, lines(3, 4))
  symlinkSync(real, log)
  const follower = follow({ include: [log] })
  await follower.idle()
  assert.deepEqual(follower.received, range(1, 4))
})

test('one file under two names is one file', async (t) => {
  const { folder, log, follow } = setUp(t)
  writeFileSync(log, lines(1, 3))
  symlinkSync(log, join(folder, 'link.log'))
  const follower = follow({ include: [join(folder, '*.log')] })
  await follower.settle()
  assert.deepEqual(follower.received, [1, 2, 3])
})

test('two files that begin alike are two files', async (t) => {
  const { folder, follow } = setUp(t)
  const [a, b] = [join(folder, 'a.log'), join(folder, 'b.log')]
  const same = lines(1, 5)
  writeFileSync(a, same)
  writeFileSync(b, same)
  const settings = { include: [join(folder, '*.log')] }
  const first = follow(settings)
  await first.idle()
  appendFileSync(a, numbered(6))
  appendFileSync(b, numbered(7))
  await first.look()
  const second = follow(settings, await first.stop())
  appendFileSync(b, numbered(8))
  await second.settle()
  const count = (n: number) => second.received.filter((other) => other === n).length
  assert.deepEqual(range(1, 8).map(count), [2, 2, 2, 2, 2, 1, 1, 1])
})

test('a file of a few bytes has an identity, too', async (t) => {
  const { log, follow } = setUp(t)
  const tiny = (n: number) =>
    `{"time":"2026-01-01T00:00:00.${String(n).padStart(9, '0')}Z","verdict":"DROPPED"}\n`
  writeFileSync(log, tiny(1))
  const settings = { include: [log] }
  const first = follow(settings)
  const commit = await first.stop()
  renameSync(log, backupPath(log, 1))
  writeFileSync(log, tiny(2))
  const second = follow(settings, commit)
  await second.settle()
  rmSync(log)
  writeFileSync(log, tiny(3))
  await second.settle()
  assert.deepEqual(second.received, [1, 2, 3])
  assert.deepEqual(second.losses, [])
})

test('permission that is lost and comes back: said once, and nothing is missed', async (t) => {
  const { folder, log, follow } = setUp(t)
  chmodSync(folder, 0o777)
  await asNobody(async () => {
    writeFileSync(log, lines(1, 2))
    const commit = await follow({ include: [log] }).stop()
    appendFileSync(log, lines(3, 4))
    chmodSync(log, 0)
    const follower = follow({ include: [log] }, commit)
    await follower.look()
    await follower.look()
    assert.deepEqual(follower.received, [1, 2])
    chmodSync(log, 0o600)
    await follower.look()
    assert.deepEqual(follower.received, [1, 2, 3, 4])
    await follower.look()
    assert.deepEqual(follower.losses, [])
    const said = follower.host.lines.filter(({ fields }) => fields.path === log)
    assert.deepEqual(
      said.map(({ level, message }) => [level, message]),
      [
        ['warn', 'cannot read; trying again at every poll'],
        ['info', 'can read again'],
      ],
    )
    assert.match(String(said[0].fields.reason), /no permission to read .*events\.log/)
  })
})

test('a folder that cannot be listed or entered is no reason to take its files for removed', async (t) => {
  const { folder, follow } = setUp(t)
  chmodSync(folder, 0o777)
  await asNobody(async () => {
    const inner = join(folder, 'inner')
    mkdirSync(inner)
    const log = join(inner, 'events.log')
    writeFileSync(log, lines(1, 2))
    const settings = { include: [join(inner, '*.log')] }
    const commit = await follow(settings).stop()
    appendFileSync(log, lines(3, 4))
    for (const mode of [0, 0o300, 0o600]) {
      chmodSync(inner, mode)
      const follower = follow(settings, commit)
      await follower.look()
      await follower.look()
      chmodSync(inner, 0o700)
      await follower.look()
      assert.deepEqual(follower.received, [1, 2, 3, 4], `mode ${mode.toString(8)}`)
      assert.deepEqual(follower.losses, [])
    }
  })
})

/** Root may read everything. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

test('a folder that is away for a while, as a mount that comes late, takes no position along', async (t) => {
  const { folder, follow } = setUp(t)
  const home = join(folder, 'hubble')
  const log = join(home, 'events.log')
  mkdirSync(home)
  writeFileSync(log, lines(1, 5))
  const first = follow({ include: [log] })
  await first.idle()
  const commit = await first.stop()
  appendFileSync(log, lines(6, 7))
  renameSync(home, `${home}.away`)
  const second = follow({ include: [log] }, commit)
  for (let looks = 0; looks < 5; looks++) await second.look()
  const ended = follow({ include: [log], stop_at_end: true }, await second.stop())
  await ended.ended
  const third = follow({ include: [log] }, ended.commit())
  await third.idle()
  renameSync(`${home}.away`, home)
  await third.look()
  assert.deepEqual(third.received, range(1, 7))
  assert.deepEqual(third.losses, [])
  renameSync(home, `${home}.away`)
  for (let looks = 0; looks < 5; looks++) await third.look()
  appendFileSync(join(`${home}.away`, 'events.log'), lines(8, 9))
  renameSync(`${home}.away`, home)
  await third.settle()
  assert.deepEqual(third.received, range(1, 9))
})

test('1,000 files are followed with a bounded number of them open', async (t) => {
  const { folder, follow } = setUp(t)
  const paths = range(0, 999).map((n) => join(folder, `f${n}.log`))
  for (const [n, path] of paths.entries()) writeFileSync(path, numbered(n + 1))
  const follower = follow({ include: [join(folder, '*.log')], max_line_bytes: 4096, batch_bytes: 4096 })
  await follower.idle()
  assert.equal(follower.received.length, 1000)
  assert.ok((follower.host.metric('events_log_files_open') ?? 0) <= 512)
  for (const [n, path] of paths.entries()) appendFileSync(path, numbered(1000 + n + 1))
  await follower.look()
  assert.deepEqual(
    follower.received.toSorted((a, b) => a - b),
    range(1, 2000),
  )
  assert.ok((follower.host.metric('events_log_files_open') ?? 0) <= 512)
})

test('the file that is behind in event time is read first', async (t) => {
  const { folder, follow } = setUp(t)
  const write = (name: string, from: number, firstSecond: number) => {
    const text = range(0, 99).map((n) => numbered(from + n, { second: firstSecond + n }))
    writeFileSync(join(folder, name), text.join(''))
  }
  write('ahead.log', 1, 300)
  write('behind.log', 101, 0)
  const follower = follow({ include: [join(folder, '*.log')], max_line_bytes: 4096, batch_bytes: 4096 })
  await follower.idle()
  const firstOfAhead = follower.received.findIndex((n) => n <= 100)
  const afterFirstRead = follower.received.slice(firstOfAhead + 20)
  const lastOfBehind = afterFirstRead.findLastIndex((n) => n > 100)
  assert.ok(afterFirstRead.slice(0, lastOfBehind).every((n) => n > 100))
  assert.equal(follower.received.length, 200)
})

test('an inode number that changes under the same content, as remounts do, changes nothing', async (t) => {
  const { log, follow } = setUp(t)
  writeFileSync(log, lines(1, 5))
  const commit = await follow({ include: [log] }).stop()
  copyFileSync(log, `${log}.new`)
  renameSync(`${log}.new`, log)
  appendFileSync(log, lines(6, 7))
  const again = follow({ include: [log] }, commit)
  await again.settle()
  assert.deepEqual(again.received, range(1, 7))
  assert.deepEqual(again.losses, [])
})

test('a log that is followed under another path now, as when a mount moved, is the same log', async (t) => {
  const { folder, follow } = setUp(t)
  const [before, after] = [join(folder, 'before'), join(folder, 'after')]
  mkdirSync(before)
  writeFileSync(backupPath(join(before, 'events.log'), 1), lines(1, 2))
  writeFileSync(join(before, 'events.log'), lines(3, 4))
  const first = follow({ include: [join(before, 'events.log')] })
  await first.settle()
  const commit = await first.stop()
  renameSync(before, after)
  const log = join(after, 'events.log')
  appendFileSync(log, lines(5, 5))
  const second = follow({ include: [log] }, commit)
  await second.idle()
  appendFileSync(log, lines(6, 6))
  renameSync(log, backupPath(log, 2))
  writeFileSync(`${backupPath(log, 2)}.gz`, gzipSync(lines(3, 6)))
  rmSync(backupPath(log, 2))
  writeFileSync(log, lines(7, 7))
  await second.settle()
  assert.deepEqual(second.received, range(1, 7))
  assert.deepEqual(second.losses, [])
})

test('an I/O error is told and waited out', async (t) => {
  const { folder, log, follow } = setUp(t)
  // Linux: a regular file by its mode, and every read of its first bytes fails.
  const broken = '/proc/self/mem'
  if (!existsSync(broken)) return t.skip(`there is no ${broken}`)
  symlinkSync(broken, log)
  const follower = follow({ include: [log] })
  await follower.look()
  const told = follower.host.lines.find(({ level }) => level === 'warn')
  assert.match(String(told?.fields.reason), /EIO/)
  writeFileSync(join(folder, 'sound.log'), lines(1, 2))
  renameSync(join(folder, 'sound.log'), log)
  await follower.look()
  assert.deepEqual(follower.received, [1, 2])
})

test('a compressed file that is still being written is read on when it is whole', async (t) => {
  const { folder, follow } = setUp(t)
  const path = join(folder, 'archive.gz')
  const whole = gzipSync(lines(1, 400))
  writeFileSync(path, whole.subarray(0, whole.length / 2))
  const follower = follow({ include: [path] })
  await follower.look()
  const soFar = follower.received.length
  assert.ok(soFar > 50 && soFar < 400, `${soFar}`)
  appendFileSync(path, whole.subarray(whole.length / 2))
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 400))
  assert.deepEqual(follower.losses, [])
})

test('start_at: end leaves out what is there, but for the line that is being written', async (t) => {
  const { log, follow } = setUp(t)
  writeFileSync(backupPath(log, 1), lines(1, 2))
  writeFileSync(log, lines(3, 4) + numbered(5).slice(0, 100))
  const settings = { include: [log], start_at: 'end' }
  const first = follow(settings)
  await first.idle()
  appendFileSync(log, numbered(5).slice(100) + numbered(6))
  await first.look()
  renameSync(log, backupPath(log, 2))
  writeFileSync(log, lines(7, 8))
  const second = follow(settings, await first.stop())
  await second.settle()
  assert.deepEqual(second.received, [5, 6, 7, 8])
  assert.deepEqual(second.losses, [])
})

test('ignore_older does not begin old files, and follows them when they change', async (t) => {
  const { folder, follow } = setUp(t)
  const host = testHost()
  const [old, recent] = [join(folder, 'old.log'), join(folder, 'recent.log')]
  writeFileSync(old, lines(1, 2))
  writeFileSync(recent, lines(3, 4))
  const nowS = host.clock.now() / 1000
  utimesSync(old, nowS - 3700, nowS - 3700)
  utimesSync(recent, nowS - 3500, nowS - 3500)
  const follower = follow({ include: [join(folder, '*.log')], ignore_older: '1h' }, undefined, host)
  await follower.idle()
  assert.deepEqual(follower.received, [3, 4])
  appendFileSync(old, numbered(5))
  await follower.look()
  assert.deepEqual(follower.received, [3, 4, 5])
})

test('globs and exclude', async (t) => {
  const { folder, follow } = setUp(t)
  mkdirSync(join(folder, 'a', 'b'), { recursive: true })
  const files = ['a/x.log', 'a/b/y.log', 'a/b/z.txt', 'a/skip.log', 'a/b/events-2026-01-01T00-00-00.000.log']
  for (const [index, name] of files.entries()) writeFileSync(join(folder, name), numbered(index + 1))
  for (const [include, exclude, received] of [
    ['**/*.log', [], [1, 2, 4, 5]],
    ['a/*.{log,txt}', [], [1, 4]],
    ['**/*.log', ['skip.*', 'events-*'], [1, 2]],
    ['a/b/[yz].*', [join(folder, '**/*.txt')], [2]],
    ['a/b/events.log', [], [5]],
    ['a/b/events.log', ['*T00-00-00*'], []],
  ] as const) {
    const follower = follow({ include: [join(folder, include)], exclude })
    await follower.idle()
    assert.deepEqual(follower.received.toSorted(), received, `${include} without ${exclude}`)
  }
})

test('stop_at_end reads what is there, the last line without its line feed too, and ends', async (t) => {
  const { log, follow } = setUp(t)
  writeFileSync(backupPath(log, 1), lines(1, 2))
  writeFileSync(log, lines(3, 4) + numbered(5).trimEnd())
  const follower = follow({ include: [log], stop_at_end: true })
  await follower.ended
  assert.deepEqual(follower.received, range(1, 5))
  appendFileSync(log, `\n${numbered(6)}${numbered(7).slice(0, 50)}`)
  const again = follow({ include: [log], stop_at_end: true }, follower.commit())
  await again.ended
  assert.deepEqual(again.received, range(1, 6))
  assert.deepEqual(again.losses, [])
  assert.equal(again.host.metric('events_log_files_open'), 0)
})

for (const [what, position] of [
  ['torn', { version: 1, files: [{ log: '/var/log/ev' }] }],
  ['of another kind', { cursor: 17 }],
  ['from a newer version', { version: 2, files: [] }],
  ['no object', 'events.log:17'],
] as const)
  test(`a position that is ${what} is told, and reading begins as at a first start`, async (t) => {
    const { log, follow } = setUp(t)
    writeFileSync(log, lines(1, 3))
    const follower = follow({ include: [log] }, { position, received: [], losses: [] })
    await follower.idle()
    assert.deepEqual(follower.received, [1, 2, 3])
    const told = follower.host.lines.find(({ level }) => level === 'error')
    assert.match(told?.message ?? '', /stored position cannot be used/)
  })

test('a log that the config means no more rests, and goes on where it was when it is meant again', async (t) => {
  const { folder, follow } = setUp(t)
  const [a, b] = [join(folder, 'a.log'), join(folder, 'b.log')]
  writeFileSync(a, lines(1, 2))
  writeFileSync(b, lines(11, 12))
  const both = follow({ include: [a, b] })
  await both.idle()
  const one = follow({ include: [join(folder, '*.log')], exclude: ['b.log'] }, await both.stop())
  appendFileSync(b, lines(13, 14))
  await one.settle()
  renameSync(b, backupPath(b, Date.UTC(2026, 0, 1)))
  writeFileSync(b, lines(15, 16))
  appendFileSync(a, lines(3, 4))
  await one.settle()
  assert.deepEqual(
    one.received.toSorted((x, y) => x - y),
    [1, 2, 3, 4, 11, 12],
  )
  const again = follow({ include: [a, b] }, await one.stop())
  await again.settle()
  assert.deepEqual(
    again.received.toSorted((x, y) => x - y),
    [1, 2, 3, 4, ...range(11, 16)],
  )
  assert.deepEqual(again.losses, [])
})

for (const [how, glob, rotate] of [
  [
    'copied and truncated by date',
    'events.log*',
    (log: string, n: number) => copyOver(log, `${log}-2026090${n}`),
  ],
  [
    'copied and truncated, the date inside',
    '*.log',
    (log: string, n: number) => copyOver(log, log.replace('.log', `-2026090${n}.log`)),
  ],
  [
    'moved and compressed by date',
    'events.log*',
    (log: string, n: number) => compressTo(log, `${log}-2026090${n}`),
  ],
  [
    'moved and compressed, the date inside',
    '*.log*',
    (log: string, n: number) => compressTo(log, log.replace('.log', `-2026090${n}.log`)),
  ],
] as const)
  for (const isDown of [false, true])
    test(`rotated files that a glob names too count once: ${how}${isDown ? ', while nobody looked' : ''}`, async (t) => {
      const { folder, log, follow } = setUp(t)
      const include = [join(folder, glob)]
      let follower = follow({ include })
      let written = 0
      for (let n = 1; n <= 3; n++) {
        appendFileSync(log, lines(written + 1, written + 4))
        written += 4
        await follower.look()
        const commit = isDown ? await follower.stop() : null
        appendFileSync(log, lines(written + 1, written + 2))
        written += 2
        rotate(log, n)
        if (commit !== null) follower = follow({ include }, commit)
        await follower.settle()
      }
      await follower.settle()
      assert.deepEqual(follower.received, range(1, written))
    })

test('a log that a copy of itself replaces, as editors and rsync do, is the same log', async (t) => {
  const { folder, log, follow } = setUp(t)
  writeFileSync(log, lines(1, 5))
  const follower = follow({ include: [log] })
  await follower.idle()
  const copy = join(folder, '.copy')
  writeFileSync(copy, lines(1, 8))
  renameSync(copy, log)
  await follower.look()
  appendFileSync(log, lines(9, 10))
  await follower.settle()
  assert.deepEqual(follower.received, range(1, 10))
  assert.deepEqual(follower.losses, [])
})

test('files that the config names no more are forgotten, not told as a gap', async (t) => {
  const { folder, log, follow } = setUp(t)
  writeFileSync(log, lines(1, 3))
  const commit = await follow({ include: [log] }).stop()
  rmSync(log)
  const follower = follow({ include: [join(folder, 'other.log')] }, commit)
  await follower.look()
  await follower.settle()
  assert.deepEqual(follower.losses, [])
  assert.equal(follower.host.metric('events_log_files_known'), 0)
})

/** As `copytruncate` does. */
function copyOver(log: string, copy: string): void {
  copyFileSync(log, copy)
  truncateSync(log)
}

function compressTo(log: string, path: string): void {
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(log)))
  rmSync(log)
}
