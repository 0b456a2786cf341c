import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { rowBatch } from '../../../src/sdk/index.ts'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { noSmallDisk, smallDisk } from '../../support/small-disk.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { commit, fileSink, rowsIn } from './world.ts'

const rowNamed = (UUID: string) => row({ UUID })
const rows = (folder: string) =>
  readdirSync(folder)
    .sort()
    .map((name) => [name, ...rowsIn(join(folder, name))])

test('the commit that passes the size sets the file aside, not the write', (t) => {
  const folder = tempDir(t)
  const host = testHost()
  const sink = fileSink(
    { path: join(folder, 'rows.jsonl'), rotation: { max_size: 600, compress: 'none' } },
    { host },
  )
  sink.write(rowBatch([rowNamed('1')]))
  commit(sink)
  sink.write(rowBatch([rowNamed('2')]))
  sink.write(rowBatch([rowNamed('3')]))
  assert.deepEqual(readdirSync(folder), ['rows.jsonl'])
  commit(sink)
  sink.write(rowBatch([rowNamed('4')]))
  commit(sink)
  assert.deepEqual(rows(folder), [
    ['rows-2026-01-01T00-00-00.000.jsonl', '1', '2', '3'],
    ['rows.jsonl', '4'],
  ])
  assert.equal(host.metric('file_rotations_total'), 1)
  assert.equal(host.metric('file_size_bytes'), statSync(join(folder, 'rows.jsonl')).size)
})

test('a file is set aside so long after its first row, restarts included', async (t) => {
  const folder = tempDir(t)
  const host = testHost()
  const settings = {
    path: join(folder, 'rows.jsonl'),
    rotation: { max_size: 0, max_age: '1h', compress: 'none' },
  }
  const before = fileSink(settings, { host })
  await host.clock.advance(3_600_000)
  before.write(rowBatch([rowNamed('1')]))
  const position = commit(before)
  await host.clock.advance(3_599_999)
  const sink = fileSink(settings, { host, position })
  commit(sink)
  assert.deepEqual(readdirSync(folder), ['rows.jsonl'])
  await host.clock.advance(1)
  commit(sink)
  assert.deepEqual(readdirSync(folder), ['rows-2026-01-01T02-00-00.000.jsonl', 'rows.jsonl'])
  await host.clock.advance(7_200_000)
  commit(sink)
  assert.equal(readdirSync(folder).length, 2, 'an empty file was set aside')
})

test('files set aside in the same millisecond get names of their own, in their order', (t) => {
  const folder = tempDir(t)
  const sink = fileSink({ path: join(folder, 'rows.jsonl'), rotation: { max_size: 1, compress: 'none' } })
  for (const uuid of ['1', '2', '3']) {
    sink.write(rowBatch([rowNamed(uuid)]))
    commit(sink)
  }
  assert.deepEqual(rows(folder), [
    ['rows-2026-01-01T00-00-00.000.jsonl', '1'],
    ['rows-2026-01-01T00-00-00.001.jsonl', '2'],
    ['rows-2026-01-01T00-00-00.002.jsonl', '3'],
    ['rows.jsonl'],
  ])
})

test('a rotation that a crash interrupted is finished at the next start', async (t) => {
  const folder = tempDir(t)
  const settings = { path: join(folder, 'rows.jsonl'), rotation: { max_size: 1 } }
  const before = fileSink(settings)
  before.write(rowBatch([rowNamed('1')]))
  const position = before.position()
  const sink = fileSink(settings, { position })
  await sink.close()
  assert.deepEqual(rows(folder), [['rows-2026-01-01T00-00-00.000.jsonl.gz', '1'], ['rows.jsonl']])
})

test('a symbolic link is followed: what it points to is written and set aside', (t) => {
  const folder = tempDir(t)
  const path = join(tempDir(t), 'link')
  writeFileSync(join(folder, 'rows.jsonl'), '')
  symlinkSync(join(folder, 'rows.jsonl'), path)
  const sink = fileSink({ path, rotation: { max_size: 600, compress: 'none' } })
  sink.write(rowBatch([rowNamed('1'), rowNamed('2')]))
  commit(sink)
  sink.write(rowBatch([rowNamed('3')]))
  commit(sink)
  assert.deepEqual(rows(folder), [
    ['rows-2026-01-01T00-00-00.000.jsonl', '1', '2'],
    ['rows.jsonl', '3'],
  ])
  assert.deepEqual(rowsIn(path), ['3'])
})

test('rotated files are compressed as asked, with the mode of the file', async (t) => {
  for (const [compress, suffix] of [
    ['none', ''],
    ['gzip', '.gz'],
    ['zstd', '.zst'],
  ]) {
    const folder = tempDir(t)
    const sink = fileSink({
      path: join(folder, 'rows.jsonl'),
      mode: '0604',
      rotation: { max_size: 1, compress },
    })
    sink.write(rowBatch([rowNamed('1'), rowNamed('2')]))
    commit(sink)
    await sink.close()
    const name = `rows-2026-01-01T00-00-00.000.jsonl${suffix}`
    assert.deepEqual(rows(folder), [[name, '1', '2'], ['rows.jsonl']])
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o604)
  }
})

test('the newest rotated files are kept, the others removed; files of others are none of ours', async (t) => {
  const folder = tempDir(t)
  const others = [
    'rows-2026.jsonl',
    'rows-2020-01-01T00-00-00.000.json',
    'other-2020-01-01T00-00-00.000.jsonl',
  ]
  for (const name of others) writeFileSync(join(folder, name), '')
  const host = testHost()
  const sink = fileSink({ path: join(folder, 'rows.jsonl'), rotation: { max_size: 1, keep: 2 } }, { host })
  for (const uuid of ['1', '2', '3', '4']) {
    sink.write(rowBatch([rowNamed(uuid)]))
    commit(sink)
  }
  await sink.close()
  assert.deepEqual(
    rows(folder).filter(([name]) => !others.includes(name)),
    [
      ['rows-2026-01-01T00-00-00.002.jsonl.gz', '3'],
      ['rows-2026-01-01T00-00-00.003.jsonl.gz', '4'],
      ['rows.jsonl'],
    ],
  )
  assert.equal(readdirSync(folder).length, 3 + others.length)
  assert.equal(host.metric('file_rotated_files'), 2)
})

const PLAIN = 'rows-2025-12-31T00-00-00.000.jsonl'
const LINE = `${JSON.stringify(rowNamed('1'))}\n`
const INTERRUPTED: [where: string, files: { [name: string]: string | Buffer }][] = [
  ['before compression began', { [PLAIN]: LINE }],
  ['while it compressed', { [PLAIN]: LINE, [`${PLAIN}.gz.tmp`]: gzipSync(LINE).subarray(0, 20) }],
  ['before the file got its name', { [PLAIN]: LINE, [`${PLAIN}.gz.tmp`]: gzipSync(LINE) }],
  ['before the source was removed', { [PLAIN]: LINE, [`${PLAIN}.gz`]: gzipSync(LINE) }],
]

for (const [where, files] of INTERRUPTED)
  test(`a crash ${where} leaves each row once after the next start`, async (t) => {
    const folder = tempDir(t)
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    await fileSink({ path: join(folder, 'rows.jsonl') }).close()
    assert.deepEqual(rows(folder), [[`${PLAIN}.gz`, '1'], ['rows.jsonl']])
  })

test('what cannot be compressed stays as it is until it can', { skip: noSmallDisk }, async (t) => {
  const folder = smallDisk(t, 256)
  const ballast = join(folder, 'ballast')
  const host = testHost()
  const settings = { path: join(folder, 'rows.jsonl'), rotation: { max_size: 1 } }
  const before = fileSink(settings, { host })
  before.write(rowBatch([row({ UUID: '1', NodeName: randomBytes(30_000).toString('hex') })]))
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(257 * 1024)), { code: 'ENOSPC' })
  const position = commit(before)
  await before.close()
  rmSync(ballast)
  assert.deepEqual(rows(folder), [['rows-2026-01-01T00-00-00.000.jsonl', '1'], ['rows.jsonl']])
  // The pass at the start may still be under way when the rotation asks for another.
  assert.ok(host.metric('file_compress_failures_total')! >= 1)
  assert.match(String(host.lines.at(-1)?.fields.reason), /no space left/)

  await fileSink(settings, { position }).close()
  assert.deepEqual(rows(folder), [['rows-2026-01-01T00-00-00.000.jsonl.gz', '1'], ['rows.jsonl']])
})

test('closing does not wait for long compression; the next start does it', async (t) => {
  const folder = tempDir(t)
  const host = testHost()
  const settings = { path: join(folder, 'rows.jsonl'), rotation: { max_size: 1 } }
  const before = fileSink(settings, { host })
  const large = randomBytes(2_000_000).toString('hex')
  before.write(rowBatch(['1', '2', '3'].map((UUID) => row({ UUID, NodeName: large }))))
  const position = commit(before)
  const closed = before.close()
  await host.clock.advance(5_000)
  await closed
  assert.deepEqual(readdirSync(folder), ['rows-2026-01-01T00-00-00.000.jsonl', 'rows.jsonl'])
  assert.equal(host.metric('file_compress_failures_total'), 0)

  await fileSink(settings, { position }).close()
  assert.deepEqual(rows(folder), [['rows-2026-01-01T00-00-00.000.jsonl.gz', '1', '2', '3'], ['rows.jsonl']])
})
