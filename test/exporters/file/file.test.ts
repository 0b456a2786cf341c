import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { file } from '../../../exporters/file/index.ts'
import { rowBatch } from '../../../src/sdk/index.ts'
import { testHost } from '../../support/host.ts'
import { PowerDisk } from '../../support/power-disk.ts'
import { row } from '../../support/rows.ts'
import { noSmallDisk, remount, smallDisk } from '../../support/small-disk.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { commit, fileSink, rowsIn } from './world.ts'

const rowNamed = (UUID: string) => row({ UUID })

test('a row is one line of JSON, its columns in their order', (t) => {
  const path = join(tempDir(t), 'rows.jsonl')
  const result = fileSink({ path }).write(
    rowBatch([row(), row({ SourceNamespace: 'läden', DropReason: '日本 "\u0001"' })]),
  )
  const golden =
    '{"TimeGenerated":"2026-01-01T00:00:00.000000001Z","UUID":"00000000-0000-8000-a000-000000000001","Verdict":"FORWARDED","Layer4":{"TCP":{"destination_port":8080}},"SourceNamespace":"shop","SourceWorkloads":[{"name":"web","kind":"Deployment"}],"SourceIdentity":1001,"DestinationNamespace":"shop","DestinationWorkloads":[{"name":"api","kind":"Deployment"}],"DestinationIdentity":1002,"Reply":false,"IngressFlowCount":12,"EgressFlowCount":0,"UnknownDirectionFlowCount":0,"WindowStart":"2026-01-01T00:00:00Z","WindowEnd":"2026-01-01T00:00:30Z","LastFlowTime":"2026-01-01T00:00:29.5Z","Revision":0}\n'
  const text = readFileSync(path, 'utf8')
  assert.equal(text.slice(0, golden.length), golden)
  assert.match(text.slice(golden.length), /"SourceNamespace":"läden".*"DropReason":"日本 \\"\\u0001\\""}\n$/)
  assert.deepEqual(result, { kind: 'written', bytes: statSync(path).size })
})

test('rows larger than the buffer, and many, come out whole', (t) => {
  const path = join(tempDir(t), 'rows.jsonl')
  const sink = fileSink({ path })
  const rows = Array.from({ length: 3000 }, (_, i) =>
    row({ UUID: `${i}`, NodeName: 'ü'.repeat(i === 1500 ? 300_000 : 100) }),
  )
  sink.write(rowBatch(rows))
  assert.deepEqual(
    rowsIn(path),
    rows.map(({ UUID }) => UUID),
  )
  assert.equal(JSON.parse(readFileSync(path, 'utf8').split('\n')[1500]).NodeName.length, 300_000)
})

test('the folder is made, and the file has the mode that was asked for', (t) => {
  for (const [mode, expected] of [
    [undefined, 0o640],
    ['0600', 0o600],
    [666, 0o666],
    ['0664', 0o664],
  ] as const) {
    const path = join(tempDir(t), 'a/b/rows.jsonl')
    fileSink(mode === undefined ? { path } : { path, mode })
    assert.equal(statSync(path).mode & 0o777, expected)
  }
})

test('a mode that the owner could not work with is refused', () => {
  // 416 is what YAML makes of 0o640.
  for (const mode of [416, '0440', 'rw-r-----', '640x', 7])
    assert.equal(file.settings.safeParse({ path: 'rows.jsonl', mode }).success, false, String(mode))
})

test('a name that says it is compressed is refused, for the file is not', () => {
  for (const path of ['rows.jsonl.gz', 'rows.avro.zst'])
    assert.throws(() => file.check?.(file.settings.parse({ path })), { name: 'SettingError', path: ['path'] })
})

test('a path that cannot work is refused at the start, with the way out', (t) => {
  const folder = tempDir(t)
  writeFileSync(join(folder, 'a-file'), '')
  const cases = [
    [folder, /is a folder; name a file in it/],
    [join(folder, 'a-file/rows.jsonl'), /is a file, not a folder/],
    [join(folder, 'a-file/below/rows.jsonl'), /is a file, not a folder/],
    ['/dev/full', /no regular file/],
  ] as const
  for (const [path, problem] of cases)
    assert.throws(() => fileSink({ path }), { name: 'SettingError', path: ['path'], message: problem })
})

const isRoot = process.getuid?.() === 0 ? 'root may write anywhere' : false
test('a folder without permission is refused at the start, with the way out', { skip: isRoot }, (t) => {
  const folder = tempDir(t)
  chmodSync(folder, 0o500)
  assert.throws(() => fileSink({ path: join(folder, 'rows.jsonl') }), {
    name: 'SettingError',
    message: /no permission to write .*; let this process's user write in/,
  })
})

test('a read-only disk is refused at the start, with the way out', { skip: noSmallDisk }, (t) => {
  const disk = smallDisk(t, 64)
  remount(disk, 'ro')
  assert.throws(() => fileSink({ path: join(disk, 'rows.jsonl') }), {
    name: 'SettingError',
    message: /read-only file system; mount a writable volume/,
  })
})

test('a full disk takes none of the rows, says so, and goes on when there is space', {
  skip: noSmallDisk,
}, (t) => {
  const disk = smallDisk(t, 64)
  const path = join(disk, 'rows.jsonl')
  const host = testHost()
  const sink = fileSink({ path }, { host })
  commit(sink)
  sink.write(rowBatch([rowNamed('before')]))
  const sizeBefore = statSync(path).size
  const many = Array.from({ length: 500 }, (_, i) => rowNamed(`${i}`))

  const result = sink.write(rowBatch(many))
  assert.equal(result.kind, 'retry')
  assert.match(result.kind === 'retry' ? result.reason : '', /no space left for .*; free some in/)
  assert.equal(statSync(path).size, sizeBefore)
  assert.equal(host.metric('file_write_failures_total'), 1)

  assert.equal(sink.write(rowBatch([rowNamed('after')])).kind, 'written')
  assert.deepEqual(rowsIn(path), ['before', 'after'])
  assert.equal(host.metric('file_bytes_written_total'), statSync(path).size)
})

test('a disk that will not sync ends the run, and the next one writes again what no commit holds', {
  skip: PowerDisk.missing,
}, (t) => {
  const disk = PowerDisk.of(t)
  const path = join(disk.path, 'rows.jsonl')
  const sink = fileSink({ path }, { host: testHost({ id: 'file/disk' }) })
  sink.write(rowBatch([rowNamed('1')]))
  sink.sync()
  const position = commit(sink)
  sink.write(rowBatch([rowNamed('2')]))
  disk.cutPower()
  assert.throws(() => sink.sync(), {
    name: 'FatalError',
    message:
      /^exporter file\/disk: the disk fails to read or write .*; nobody knows which rows the disk kept/,
  })
  sink.close()
  disk.restorePower()
  fileSink({ path }, { position }).write(rowBatch([rowNamed('2')]))
  assert.deepEqual(rowsIn(path), ['1', '2'])
})

test('a full disk at the start is waited for', { skip: noSmallDisk }, (t) => {
  const disk = smallDisk(t, 64)
  const host = testHost()
  const ballast = join(disk, 'ballast')
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(65 * 1024)), { code: 'ENOSPC' })
  const path = join(disk, 'folder/rows.jsonl')
  const sink = fileSink({ path }, { host })
  assert.equal(sink.write(rowBatch([rowNamed('1')])).kind, 'retry')
  commit(sink)
  rmSync(ballast)
  assert.equal(sink.write(rowBatch([rowNamed('1')])).kind, 'written')
  assert.deepEqual(rowsIn(path), ['1'])
})

test("a stranger's content stays, and rows begin on a line of their own", (t) => {
  const path = join(tempDir(t), 'rows.jsonl')
  writeFileSync(path, 'a line\nhalf a line')
  const sink = fileSink({ path })
  sink.write(rowBatch([rowNamed('1')]))
  sink.write(rowBatch([rowNamed('2')]))
  assert.deepEqual(rowsIn(path), ['a line', 'half a line', '1', '2'])
  // Nothing was committed: all of it goes, and nothing of the stranger's.
  fileSink({ path })
  assert.equal(readFileSync(path, 'utf8'), 'a line\nhalf a line')
})

test('a file that lost bytes is reported with their number, and goes on at its end', (t) => {
  const path = join(tempDir(t), 'rows.jsonl')
  const before = fileSink({ path })
  before.write(rowBatch([rowNamed('1'), rowNamed('2')]))
  const position = commit(before)
  truncateSync(path, statSync(path).size - 7)

  const host = testHost()
  const sink = fileSink({ path }, { host, position })
  assert.deepEqual(
    host.lines.map(({ level, fields }) => [level, fields]),
    [['error', { path, missing_bytes: 7 }]],
  )
  sink.write(rowBatch([rowNamed('3')]))
  const [first, torn, third] = readFileSync(path, 'utf8').split('\n')
  assert.deepEqual(
    [JSON.parse(first).UUID, torn.endsWith('"Revisi'), JSON.parse(third).UUID],
    ['1', true, '3'],
  )
})

test('a file that somebody rewrote in place is not cut', (t) => {
  const path = join(tempDir(t), 'rows.jsonl')
  const before = fileSink({ path })
  before.write(rowBatch([rowNamed('1')]))
  const position = commit(before)
  writeFileSync(path, 'x'.repeat(2000))
  const host = testHost()
  fileSink({ path }, { host, position })
  assert.equal(statSync(path).size, 2000)
  assert.deepEqual(
    host.lines.map(({ level }) => level),
    ['error'],
  )
})

test('after somebody moved the file, or its folder, rows go into a new one', (t) => {
  const folder = join(tempDir(t), 'logs')
  const path = join(folder, 'rows.jsonl')
  const host = testHost()
  const sink = fileSink({ path }, { host })
  sink.write(rowBatch([rowNamed('1')]))
  renameSync(path, `${path}.1`)
  sink.write(rowBatch([rowNamed('2')]))
  sink.sync()
  commit(sink)
  renameSync(folder, `${folder}.old`)
  sink.sync()
  sink.write(rowBatch([rowNamed('3')]))
  assert.deepEqual(rowsIn(`${folder}.old/rows.jsonl.1`), ['1'])
  assert.deepEqual(rowsIn(`${folder}.old/rows.jsonl`), ['2'])
  assert.deepEqual(rowsIn(path), ['3'])
  assert.deepEqual(
    host.lines.map(({ level }) => level),
    ['warn', 'warn'],
  )
})

test('another path in the config begins a file there, and what was not committed in the old one is cut', (t) => {
  const folder = tempDir(t)
  const [from, to] = [join(folder, 'rows.jsonl'), join(folder, 'other/rows.jsonl')]
  const before = fileSink({ path: from })
  before.write(rowBatch([rowNamed('1')]))
  const position = commit(before)
  before.write(rowBatch([rowNamed('2')]))
  fileSink({ path: to }, { position }).write(rowBatch([rowNamed('2')]))
  assert.deepEqual([rowsIn(from), rowsIn(to)], [['1'], ['2']])
})

test('the note of a file that no commit knows is gone after the commit', (t) => {
  const path = join(tempDir(t), 'rows.jsonl')
  const sink = fileSink({ path })
  sink.write(rowBatch([rowNamed('1')]))
  assert.ok(existsSync(`${path}.begun`))
  commit(sink)
  assert.ok(!existsSync(`${path}.begun`))
  sink.write(rowBatch([rowNamed('2')]))
  assert.ok(!existsSync(`${path}.begun`))
})
