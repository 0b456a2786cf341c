import assert from 'node:assert/strict'
import {
  appendFileSync,
  createReadStream,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import avro from 'avro-js/lib/files.js'
import { file } from '../../../exporters/file/index.ts'
import { COLUMNS, type Row, rowBatch } from '../../../src/sdk/index.ts'
import { FULL_ROW } from '../../support/full-row.ts'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { noRecording, recordedRows } from '../../support/sample-rows.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { avroRows } from './avro-reader.ts'
import { noFastavro, readByPython } from './fastavro.ts'
import { commit, fileSink, rowsIn } from './world.ts'

const CODECS = [
  ['none', 'null'],
  ['deflate', 'deflate'],
  ['zstd', 'zstandard'],
] as const

const rowNamed = (UUID: string) => row({ UUID })
const avroSink = (path: string, more: object = {}) => fileSink({ path, format: 'avro', ...more })

test('the schema has every column, in its order, with its doc', (t) => {
  const path = join(tempDir(t), 'rows.avro')
  avroSink(path).write(rowBatch([row()]))
  const schema = schemaOf(path)
  assert.equal(`${schema.namespace}.${schema.name}`, 'flowfold.Row')
  assert.deepEqual(
    schema.fields.map(({ name }) => name),
    COLUMNS.map(({ name }) => name),
  )
  for (const [index, { doc }] of COLUMNS.entries()) assert.ok(schema.fields[index].doc.startsWith(doc))
  assert.deepEqual(schema.fields[0].type, ['null', { type: 'long', logicalType: 'timestamp-micros' }])
  assert.equal(schema.fields[1].type, 'string')
})

test("avro-js's own reader gives back every value of a row", async (t) => {
  const path = join(tempDir(t), 'rows.avro')
  avroSink(path).write(rowBatch([FULL_ROW, row()]))
  const decoder = createReadStream(path).pipe(new avro.streams.BlockDecoder())
  const [full, plain] = await collect(decoder)
  assert.deepEqual(valuesOf(full), asPlain(FULL_ROW))
  assert.deepEqual(valuesOf(plain), asPlain(row()))
})

const python = noFastavro()
for (const [codec, name] of CODECS)
  test(`Python reads every value of every row (${codec})`, { skip: python }, (t) => {
    const path = join(tempDir(t), 'rows.avro')
    const sink = avroSink(path, { avro: { codec } })
    const many = Array.from({ length: 1200 }, (_, i) => row({ UUID: `${i}`, NodeName: 'ü日'.repeat(i % 50) }))
    sink.write(rowBatch([FULL_ROW]))
    sink.write(rowBatch(many))
    const read = readByPython(path)
    assert.equal(read.codec, name)
    assert.deepEqual(read.rows.map(fromPython), [FULL_ROW, ...many].map(asPlain))
  })

test('Python reads what flowfold makes of a recording', { skip: python || noRecording }, (t) => {
  const rows = recordedRows()
  const path = join(tempDir(t), 'rows.avro')
  avroSink(path).write(rowBatch(rows))
  assert.deepEqual(readByPython(path).rows.map(fromPython), rows.map(asPlain))
})

test('values that no column could hold become null, and never an error', (t) => {
  const path = join(tempDir(t), 'rows.avro')
  const odd = {
    ...row({ UUID: 'odd' }),
    TimeGenerated: 'yesterday',
    SourceIdentity: 1e300,
    Reply: 'yes',
    Verdict: 7,
  } as unknown as Row
  avroSink(path).write(rowBatch([odd]))
  const [read] = avroRows(readFileSync(path)) as [Wrapped]
  assert.deepEqual([read.TimeGenerated, read.SourceIdentity, read.Reply], [null, null, null])
  assert.equal((valuesOf(read) as Row).Verdict, '7')
})

test('rows go on behind those that stand there, when the state is lost', (t) => {
  const path = join(tempDir(t), 'rows.avro')
  const before = avroSink(path)
  before.write(rowBatch([rowNamed('1')]))
  commit(before)
  avroSink(path).write(rowBatch([rowNamed('2')]))
  assert.deepEqual(rowsIn(path), ['1', '2'])
})

const COMPLETE: readonly (readonly [what: string, change: (path: string) => void, settings?: object])[] = [
  ['lost its end', (path) => truncateSync(path, statSync(path).size - 5)],
  ['was added to by somebody else while we were away', (path) => appendFileSync(path, 'more')],
  ['has another codec', () => {}, { avro: { codec: 'zstd' } }],
  ['has the schema of another version', (path) => olderSchema(path)],
]

for (const [what, change, settings = {}] of COMPLETE)
  test(`a file that ${what} is set aside, and rows go into a new one`, (t) => {
    const folder = tempDir(t)
    const path = join(folder, 'rows.avro')
    const before = avroSink(path)
    before.write(rowBatch([rowNamed('1')]))
    commit(before)
    change(path)
    const aside = readFileSync(path)

    const host = testHost()
    const sink = fileSink({ path, format: 'avro', ...settings }, { host })
    sink.write(rowBatch([rowNamed('2')]))
    commit(sink)
    assert.deepEqual(readdirSync(folder), ['rows-2026-01-01T00-00-00.000.avro', 'rows.avro'])
    assert.deepEqual(readFileSync(join(folder, 'rows-2026-01-01T00-00-00.000.avro')), aside)
    assert.deepEqual(rowsIn(path), ['2'])
    assert.match(host.lines.map(({ message }) => message).join('\n'), /it is set aside, and a new one begun/)
    assert.equal(host.metric('file_rotations_total'), 1)
  })

test('a file that is damaged while we write is set aside too', (t) => {
  const folder = tempDir(t)
  const path = join(folder, 'rows.avro')
  const sink = avroSink(path)
  sink.write(rowBatch([rowNamed('1')]))
  commit(sink)
  truncateSync(path, statSync(path).size - 5)
  sink.write(rowBatch([rowNamed('2')]))
  commit(sink)
  assert.equal(readdirSync(folder).length, 2)
  assert.deepEqual(rowsIn(path), ['2'])
})

const FOREIGN: readonly (readonly [content: string | Buffer, format: 'jsonl' | 'avro', problem: RegExp])[] = [
  ['{"UUID":"1"}\n', 'avro', /rows holds no Avro blocks, and format is avro; set another path, or move/],
  ['Obj', 'avro', /holds no Avro blocks/],
  [strangersAvro(), 'avro', /holds Avro blocks of "org\.acme\.Order", which are not ours; set another path/],
  [strangersAvro(), 'jsonl', /holds Avro blocks, and format is jsonl; set another path, or move/],
]

for (const [content, format, problem] of FOREIGN)
  test(`a file that ${problem.source.slice(0, 24)}... is refused at the start and left alone`, (t) => {
    const path = join(tempDir(t), 'rows')
    writeFileSync(path, content)
    assert.throws(() => fileSink({ path, format }), {
      name: 'SettingError',
      path: ['path'],
      message: problem,
    })
    assert.deepEqual(readFileSync(path), Buffer.from(content))
  })

test("a stranger's file that comes to stand there stops the rows until it is gone", (t) => {
  const folder = tempDir(t)
  const path = join(folder, 'rows.avro')
  const sink = avroSink(path)
  sink.write(rowBatch([rowNamed('1')]))
  commit(sink)
  writeFileSync(`${path}.text`, 'text\n')
  const moved = join(folder, 'moved')
  renameOver(path, moved, `${path}.text`)
  const result = sink.write(rowBatch([rowNamed('2')]))
  assert.match(result.kind === 'retry' ? result.reason : '', /holds no Avro blocks/)
  renameOver(path, join(folder, 'text'), moved)
  assert.equal(sink.write(rowBatch([rowNamed('2')])).kind, 'written')
  assert.deepEqual(rowsIn(path), ['1', '2'])
})

test('after a change of format and path, what was not committed in the old file is cut', (t) => {
  const folder = tempDir(t)
  for (const [from, to] of [
    ['jsonl', 'avro'],
    ['avro', 'jsonl'],
  ] as const) {
    const old = join(folder, `from-${from}`)
    const before = fileSink({ path: old, format: from })
    before.write(rowBatch([rowNamed('1')]))
    const position = commit(before)
    before.write(rowBatch([rowNamed('2')]))
    const path = join(folder, `to-${to}`)
    fileSink({ path, format: to }, { position }).write(rowBatch([rowNamed('2')]))
    assert.deepEqual([rowsIn(old), rowsIn(path)], [['1'], ['2']])
  }
})

test('rotated files are compressed when asked, and else left to the Avro tools', async (t) => {
  for (const [rotation, name] of [
    [{}, 'rows-2026-01-01T00-00-00.000.avro'],
    [{ compress: 'gzip' }, 'rows-2026-01-01T00-00-00.000.avro.gz'],
  ] as const) {
    const folder = tempDir(t)
    const sink = avroSink(join(folder, 'rows.avro'), { rotation: { max_size: 1, ...rotation } })
    sink.write(rowBatch([rowNamed('1')]))
    commit(sink)
    await sink.close()
    assert.deepEqual(readdirSync(folder), [name, 'rows.avro'])
    assert.deepEqual(rowsIn(join(folder, name)), ['1'])
  }
})

test('settings for Avro without it are refused', () => {
  const settings = file.settings.parse({ path: 'rows.jsonl', avro: { codec: 'zstd' } })
  assert.throws(() => file.check?.(settings), {
    name: 'SettingError',
    path: ['avro'],
    message: /format is jsonl/,
  })
})

test('a trial counts the very bytes that would be written', (t) => {
  for (const settings of [
    { format: 'jsonl' },
    { format: 'avro' },
    { format: 'avro', avro: { codec: 'none' } },
  ]) {
    const path = join(tempDir(t), 'rows')
    const parsed = file.settings.parse({ path, ...settings })
    if (file.kind !== 'sink' || file.measure === undefined) throw new Error('file measures nothing')
    const measure = file.measure(parsed)
    const sink = file.create({ settings: parsed, host: testHost(), position: null })
    let bytes = 0
    for (const count of [1, 700, 3]) {
      const rows = rowBatch(Array.from({ length: count }, (_, i) => rowNamed(`${i}`)))
      sink.write(rows)
      bytes += measure(rows)
    }
    assert.equal(bytes, statSync(path).size)
  }
})

async function collect(records: NodeJS.ReadableStream): Promise<Wrapped[]> {
  const all: Wrapped[] = []
  for await (const record of records) all.push(record as unknown as Wrapped)
  return all
}

type Wrapped = { readonly [column: string]: null | string | number | { readonly [type: string]: unknown } }

/** Columns that have a value, out of the unions that avro-js puts around them. */
function valuesOf(record: Wrapped): object {
  const values = Object.entries(record).filter(([, value]) => value !== null)
  return Object.fromEntries(
    values.map(([name, value]) => [name, typeof value === 'object' ? Object.values(value!)[0] : value]),
  )
}

/** A row as its Avro file tells it: times in microseconds, dynamic columns as JSON. */
function asPlain(row: Row): object {
  const types = new Map<string, string>(COLUMNS.map(({ name, type }) => [name, type]))
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (types.get(name) === 'datetime') return [name, micros(String(value))]
      return [name, types.get(name) === 'dynamic' ? JSON.stringify(value) : value]
    }),
  )
}

function micros(time: string): number {
  const [, seconds, fraction = ''] = /^(.*?:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(time)!
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}

function fromPython(record: { readonly [column: string]: unknown }): object {
  const values = Object.entries(record).filter(([, value]) => value !== null)
  return Object.fromEntries(
    values.map(([name, value]) => {
      const type = COLUMNS.find((column) => column.name === name)?.type
      return [name, type === 'datetime' ? micros(String(value).replace('+00:00', 'Z')) : value]
    }),
  )
}

function schemaOf(path: string) {
  const { meta } = avro.HEADER_TYPE.decode(readFileSync(path)).value as { meta: { [name: string]: Buffer } }
  return JSON.parse(String(meta['avro.schema'])) as {
    readonly namespace: string
    readonly name: string
    readonly fields: readonly { readonly name: string; readonly type: unknown; readonly doc: string }[]
  }
}

/** Our file as a version without the last column would have begun it. */
function olderSchema(path: string): void {
  const { namespace, name, fields } = schemaOf(path)
  writeFileSync(path, headerOf({ type: 'record', namespace, name, fields: fields.slice(0, -1) }))
}

function strangersAvro(): Buffer {
  return headerOf({ type: 'record', namespace: 'org.acme', name: 'Order', fields: [] })
}

function headerOf(schema: object): Buffer {
  return avro.HEADER_TYPE.toBuffer({
    magic: avro.MAGIC_BYTES,
    meta: { 'avro.schema': Buffer.from(JSON.stringify(schema)), 'avro.codec': Buffer.from('deflate') },
    sync: Buffer.alloc(16, 7),
  })
}

function renameOver(path: string, away: string, next: string): void {
  renameSync(path, away)
  renameSync(next, path)
}
