import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { catalog } from '../../flowfold.ts'
import { cli } from '../../src/commands/cli.ts'
import { type Answer, faultyServer, refusingUrl } from '../support/faulty-server.ts'
import { noSmallDisk, remount, smallDisk } from '../support/small-disk.ts'
import { tempDir } from '../support/temp-dir.ts'
import { TestTerminal } from '../support/terminal.ts'

async function validate(t: TestContext, exporters: { readonly [id: string]: object }, dir = tempDir(t)) {
  const path = join(dir, 'flowfold.yaml')
  const config = {
    receivers: { events_log: { include: [join(dir, 'events.log')] } },
    exporters,
    service: {
      state_dir: join(dir, 'state'),
      pipelines: { logs: { receivers: ['events_log'], exporters: Object.keys(exporters) } },
    },
  }
  writeFileSync(path, stringify(config))
  const before = readdirSync(dir)
  const terminal = new TestTerminal()
  const startMs = performance.now()
  const code = await cli(catalog, ['validate', '--connect', '--config', path], terminal)
  assert.deepEqual(readdirSync(dir), before, 'it changes nothing')
  const [first, ...lines] = terminal.printed.trimEnd().split('\n')
  assert.match(first ?? '', /^the configuration is valid: /)
  return { code, lines, err: terminal.complained, tookMs: performance.now() - startMs }
}

/** Splunk that is well and lets us in: health, then the question without events. */
const SPLUNK: Answer = ({ url }) =>
  url.endsWith('/health')
    ? { status: 200, body: '{"text":"HEC is healthy","code":17}' }
    : { status: 400, body: '{"text":"No data","code":5}' }

test('a file that holds another format would take no rows', async (t) => {
  const path = join(tempDir(t), 'rows.jsonl')
  writeFileSync(path, '{"UUID":"1"}\n')
  const { code, lines } = await validate(t, { file: { path, format: 'avro' } })
  assert.equal(code, 1)
  assert.match(lines.join(), /holds no Avro blocks, and format is avro; set another path/)
})

test('every exporter has a line, and the exit code is 0 when all would take rows', async (t) => {
  const [otlp, splunk] = [await faultyServer(t, [{ status: 200 }]), await faultyServer(t, [SPLUNK])]
  const dir = tempDir(t)
  const { code, lines, err } = await validate(
    t,
    {
      otlp_http: { endpoint: otlp.url, proxy: 'none' },
      splunk_hec: { endpoint: splunk.url, token: 'a-token-for-tests', proxy: 'none' },
      file: { path: join(dir, 'deep', 'down', 'rows.jsonl') },
      debug: {},
    },
    dir,
  )
  assert.deepEqual(lines, [
    'otlp_http   ok  would take rows now',
    'splunk_hec  ok  would take rows now',
    'file        ok  would take rows now',
    'debug       ok  would take rows now',
  ])
  assert.deepEqual([code, err], [0, ''])
})

const TROUBLES: readonly (readonly [what: string, answer: Answer, trouble: RegExp])[] = [
  ['knows no such token', { status: 401 }, /credentials are missing, wrong or expired/],
  ['allows nothing', { status: 403 }, /not allowed to write here/],
  ['is elsewhere', { status: 404 }, /nothing takes rows at this address/],
  ['is busy', { status: 503, body: 'starting' }, /503 Service Unavailable: starting/],
  [
    'does not understand',
    { status: 400, body: 'empty' },
    /refuses a request without rows.*400 Bad Request: empty/,
  ],
]

for (const [what, answer, trouble] of TROUBLES)
  test(`a backend that ${what} is told of, with exit code 1`, async (t) => {
    const server = await faultyServer(t, [answer])
    const { code, lines } = await validate(t, {
      otlp_http: { endpoint: server.url, proxy: 'none' },
      debug: {},
    })
    assert.equal(code, 1)
    assert.match(lines[0], /^otlp_http {2}fails {2}/)
    assert.match(lines[0], trouble)
    assert.match(lines[1], /^debug {6}ok/)
  })

test('all are asked at once, and nobody for longer than its timeout', async (t) => {
  const silent = await faultyServer(t, ['silence'])
  const endpoint = await refusingUrl()
  const slow = { endpoint: silent.url, proxy: 'none', timeout: '700ms' }
  const { code, lines, tookMs } = await validate(t, {
    'otlp_http/a': slow,
    'otlp_http/b': slow,
    'otlp_http/c': slow,
    'splunk_hec/d': { ...slow, token: 'a-token-for-tests', ack: true },
    'otlp_http/e': { endpoint, proxy: 'none' },
  })
  assert.equal(code, 1)
  for (const line of lines.slice(0, 4)) assert.match(line, /fails {2}no answer .*within 700ms/)
  assert.match(lines[4], /fails {2}connection refused by 127\.0\.0\.1/)
  assert.ok(tookMs < 2500, `${tookMs} ms`)
})

test('a bad config is not connected with', async (t) => {
  const server = await faultyServer(t, [{ status: 200 }])
  const path = join(tempDir(t), 'flowfold.yaml')
  writeFileSync(path, `exporters: { otlp_http: { endpoint: "${server.url}", tokn: x } }`)
  const terminal = new TestTerminal()
  assert.equal(await cli(catalog, ['validate', '--connect', '--config', path], terminal), 78)
  assert.equal(server.requests.length, 0)
})

test('a file says why it cannot be written', async (t) => {
  const dir = tempDir(t)
  mkdirSync(join(dir, 'folder'))
  writeFileSync(join(dir, 'plain'), '')
  const { code, lines } = await validate(
    t,
    {
      'file/folder': { path: join(dir, 'folder') },
      'file/below': { path: join(dir, 'plain', 'rows.jsonl') },
      'file/device': { path: '/dev/null' },
      'file/kernel': { path: '/proc/flowfold/rows.jsonl' },
    },
    dir,
  )
  assert.equal(code, 1)
  assert.match(lines[0], /fails +.* is a folder; name a file in it/)
  assert.match(lines[1], /fails +a part of .* is a file, not a folder/)
  assert.match(lines[2], /fails +\/dev\/null is no regular file/)
  assert.match(lines[3], /^file\/kernel +fails/)
})

test('a file that is not ours to write says so', {
  skip: process.getuid?.() === 0 && 'root may write everything',
}, async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'rows.jsonl'), '')
  chmodSync(join(dir, 'rows.jsonl'), 0o400)
  const { lines } = await validate(t, { file: { path: join(dir, 'rows.jsonl') } }, dir)
  assert.match(lines[0], /fails {2}no permission to write/)
})

test('a disk that is full or read-only says so', { skip: noSmallDisk }, async (t) => {
  const disk = smallDisk(t, 64)
  const file = { path: join(disk, 'rows.jsonl') }
  assert.match((await validate(t, { file })).lines[0], /ok/)
  writeFileSync(join(disk, 'other'), Buffer.alloc(64 * 1024))
  assert.match((await validate(t, { file })).lines[0], /fails {2}no space left for .*rows\.jsonl/)
  remount(disk, 'ro')
  assert.match((await validate(t, { file })).lines[0], /fails {2}.* is on a read-only file system/)
})

test('every sink of the catalog can be asked', async () => {
  for (const load of Object.values(catalog.exporters)) {
    const definition = await load()
    if (definition.kind === 'sink') assert.ok(definition.probe, definition.type)
  }
})
