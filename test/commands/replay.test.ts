import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../../bench/traffic/random.ts'
import { catalog } from '../../flowfold.ts'
import { cli } from '../../src/commands/cli.ts'
import { DeadLetter } from '../../src/export/dead-letter.ts'
import { type Answer, faultyServer, refusingUrl, type Seen } from '../support/faulty-server.ts'
import { testHost } from '../support/host.ts'
import { row } from '../support/rows.ts'
import { tempDir } from '../support/temp-dir.ts'
import { TestTerminal } from '../support/terminal.ts'

const NOWHERE = 'http://127.0.0.1:1'

/** A config with two Splunks and a file, and a dead letter with a row for each UUID. */
function world(t: TestContext, { main = NOWHERE, other = NOWHERE, more = '' } = {}) {
  const dir = tempDir(t)
  const path = join(dir, 'refused.jsonl')
  const config = join(dir, 'flowfold.yaml')
  const splunk = (endpoint: string) =>
    `{ endpoint: "${endpoint}", token: a-token-for-tests, proxy: none, compression: none, retry: { initial_interval: 5ms } ${more} }`
  writeFileSync(
    config,
    `receivers:
  events_log: { include: [${join(dir, 'events.log')}] }
exporters:
  splunk_hec: ${splunk(main)}
  splunk_hec/other: ${splunk(other)}
  file: { path: ${join(dir, 'rows.jsonl')} }
service:
  state_dir: ${join(dir, 'state')}
  pipelines:
    logs: { receivers: [events_log], exporters: [splunk_hec, splunk_hec/other, file] }
`,
  )
  const { clock, log } = testHost()
  return {
    dir,
    path,
    config,
    refuse(exporter: string, ...uuids: string[]) {
      const rows = uuids.map((UUID) => row({ UUID }))
      new DeadLetter(exporter, path, clock, log).write(rows, '400')
    },
    async replay(...more: string[]) {
      const terminal = new TestTerminal()
      const code = await cli(catalog, ['replay', path, '--config', config, ...more], terminal)
      return {
        code,
        out: terminal.printed.replaceAll(dir, 'DIR'),
        err: terminal.complained.replaceAll(dir, 'DIR'),
      }
    },
    letters: (suffix = '') => lettersIn(path + suffix),
  }
}

function lettersIn(
  path: string,
): { readonly uuid: string; readonly exporter: string; readonly reason: string }[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line)).map(({ row, ...letter }) => ({ ...letter, uuid: row.UUID }))
}

function uuidsIn({ body }: Seen): string[] {
  return [...body.toString().matchAll(/"UUID":"([^"]+)"/g)].map(([, uuid]) => uuid)
}

const TAKEN: Answer = { status: 200, body: '{"text":"Success","code":0}' }

test('each row goes to the exporter it names; a file that is empty then is gone', async (t) => {
  const [main, other] = [await faultyServer(t, [TAKEN]), await faultyServer(t, [TAKEN])]
  const { replay, refuse, letters, dir } = world(t, { main: main.url, other: other.url })
  refuse('splunk_hec', 'a', 'b')
  refuse('splunk_hec/other', 'c')
  const { code, out, err } = await replay()
  assert.deepEqual([code, err], [0, ''])
  assert.equal(
    out,
    `exporter          rows  what became of them  reason
splunk_hec           2  accepted
splunk_hec/other     1  accepted
nothing is left
`,
  )
  assert.deepEqual(
    [main, other].map(({ requests }) => requests.flatMap(uuidsIn)),
    [['a', 'b'], ['c']],
  )
  assert.deepEqual(letters(), [])
  assert.deepEqual(readdirSync(dir), ['flowfold.yaml'], 'no state, no rows, nothing')
})

test('what is refused again stays with the new reason', async (t) => {
  const bad: Answer = {
    status: 400,
    body: '{"text":"Invalid data format","code":6,"invalid-event-number":1}',
  }
  const server = await faultyServer(t, [
    bad,
    { status: 400, body: '{"code":6,"invalid-event-number":0}' },
    TAKEN,
  ])
  const { replay, refuse, letters } = world(t, { main: server.url })
  refuse('splunk_hec', 'a', 'b', 'c')
  const { code, out } = await replay()
  assert.equal(code, 1)
  assert.match(out, /splunk_hec +2 {2}accepted\nsplunk_hec +1 {2}refused again +400 Bad Request.*"code":6/)
  assert.match(out, /\n1 line left in DIR\/refused\.jsonl\n$/)
  assert.deepEqual(
    letters().map(({ uuid }) => uuid),
    ['b'],
  )
  assert.match(letters()[0].reason, /^400 Bad Request: .*"code":6/)
})

test('a backend that is down is given up after the patience; rows stay as they were', async (t) => {
  const { replay, refuse, letters } = world(t, { main: await refusingUrl() })
  refuse('splunk_hec', 'a', 'b')
  const { code, out } = await replay('--patience', '300ms')
  assert.equal(code, 1)
  assert.match(out, /splunk_hec +2 {2}not sent +connection refused by 127\.0\.0\.1:\d+\n2 lines left in/)
  assert.deepEqual(
    letters().map(({ reason }) => reason),
    ['400', '400'],
  )
})

test('a wrong token is told at once: waiting does not mend it', async (t) => {
  const server = await faultyServer(t, [{ status: 403, body: '{"text":"Invalid token","code":4}' }])
  const { replay, refuse } = world(t, { main: server.url })
  refuse('splunk_hec', 'a')
  const { code, out } = await replay()
  assert.equal(code, 1)
  assert.match(out, /not sent +these credentials are not allowed to write here/)
  assert.equal(server.requests.length, 1)
})

test('rows that a backend throws away are told of', async (t) => {
  const partial: Answer = {
    status: 200,
    body: '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"old"}}',
  }
  const server = await faultyServer(t, [partial])
  const { replay, refuse, config } = world(t)
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace(
      / {2}file:/,
      `  otlp_http: { endpoint: "${server.url}", encoding: json, proxy: none }\n  file:`,
    ),
  )
  refuse('otlp_http', 'a', 'b')
  const { code, out } = await replay()
  assert.equal(code, 0)
  assert.match(out, /otlp_http +2 {2}accepted +but the backend threw 1 of them away\nnothing is left/)
})

test('rows of an exporter that was renamed can go to another', async (t) => {
  const server = await faultyServer(t, [TAKEN])
  const { replay, refuse, letters } = world(t, { main: server.url })
  refuse('splunk_hec/old', 'a')
  refuse('file', 'b')
  const { code, out } = await replay()
  assert.equal(code, 1)
  assert.match(
    out,
    /splunk_hec\/old +1 {2}not sent +the config has no such exporter; name another with --exporter/,
  )
  assert.equal(letters().length, 2)
  const mistyped = await replay('--exporter', 'splunk_hecc')
  assert.deepEqual(
    [mistyped.code, mistyped.err.split('\n').at(-2)],
    [78, 'flowfold: no exporter "splunk_hecc" that sends rows; did you mean "splunk_hec"?'],
  )
  assert.equal((await replay('--exporter', 'splunk_hec')).code, 0)
  assert.deepEqual(server.requests.flatMap(uuidsIn), ['a', 'b'])
})

test('a file that is not there is told of', async (t) => {
  const { replay } = world(t)
  const { code, err } = await replay()
  assert.deepEqual([code, err], [1, 'flowfold: there is no file DIR/refused.jsonl\n'])
})

test('a flowfold that runs on the same state_dir goes on, and all its rows arrive', async (t) => {
  let isMended = false
  const taken: string[] = []
  const server = await faultyServer(t, [
    (seen) => {
      const uuids = uuidsIn(seen)
      if (!isMended && uuids.length > 0) return { status: 400 }
      taken.push(...uuids)
      return TAKEN
    },
  ])
  const { dir, config } = world(t, { main: server.url, other: server.url })
  const text = readFileSync(config, 'utf8')
    .replace('exporters: [splunk_hec, splunk_hec/other, file]', 'exporters: [splunk_hec]')
    .replace(
      '  pipelines:',
      '  commit_interval: 100ms\n  health: { endpoint: none }\n  telemetry: { metrics: { endpoint: none } }\n  pipelines:',
    )
  writeFileSync(config, text)
  const sample = readFileSync('config/sample/events.log', 'utf8').split('\n').slice(0, 80)
  const log = (from: number, to: number) =>
    appendFileSync(join(dir, 'events.log'), `${sample.slice(from, to).join('\n')}\n`)
  log(0, 40)
  const running = spawn(process.execPath, [resolve('flowfold.ts'), 'run', '--config', config])
  t.after(() => running.kill('SIGKILL'))
  const dead = join(dir, 'state', 'dead_letter', 'splunk_hec.jsonl')
  await until(() => lettersIn(dead).length === 40)
  isMended = true
  const terminal = new TestTerminal()
  const replayed = cli(catalog, ['replay', dead, '--config', config], terminal)
  log(40, 80)
  assert.equal(await replayed, 0, terminal.complained)
  assert.match(terminal.printed, /splunk_hec +40 {2}accepted\nnothing is left/)
  await until(() => taken.length === 80)
  running.kill('SIGTERM')
  const [code] = await once(running, 'exit')
  assert.equal(code, 0)
  assert.equal(new Set(taken).size, 80)
})

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await sleep(20)
  assert.ok(condition(), 'it never came to that')
}

test('killed again and again, while a flowfold writes to the file: every row is taken or in one file, once', async (t) => {
  const seed = 1 + Math.floor(Math.random() * 1e6)
  t.diagnostic(`seed ${seed}`)
  const random = new Random(seed)
  const taken = new Map<string, number>()
  /** Rows whose uuid ends in 7 are bad: Splunk stops there. */
  const server = await faultyServer(t, [
    (seen) => {
      const uuids = uuidsIn(seen)
      if (uuids.length === 0) return { status: 400, body: '{"code":6,"invalid-event-number":0}' }
      const bad = uuids.findIndex((uuid) => uuid.endsWith('7'))
      if (random.unit() < 0.1) return { status: 503 }
      for (const uuid of bad < 0 ? uuids : uuids.slice(0, bad)) taken.set(uuid, (taken.get(uuid) ?? 0) + 1)
      if (random.unit() < 0.1) return 'reset'
      return bad < 0 ? TAKEN : { status: 400, body: `{"code":6,"invalid-event-number":${bad}}` }
    },
  ])
  const { refuse, replay, letters, path, config } = world(t, {
    main: server.url,
    more: ', max_content_length: 4KiB',
  })
  let made = 0
  const write = (rows: number) => refuse('splunk_hec', ...Array.from({ length: rows }, () => `row-${made++}`))
  write(300)
  for (let kill = 0; kill < 6; kill++) {
    const child = spawn(process.execPath, [resolve('flowfold.ts'), 'replay', path, '--config', config])
    const ended = once(child, 'exit')
    await sleep(200 + random.unit() * 1600)
    write(Math.ceil(random.unit() * 20))
    await sleep(random.unit() * 1500)
    child.kill('SIGKILL')
    await ended
  }
  await replay()
  await replay()
  const held = ['', '.replaying'].flatMap((suffix) => letters(suffix)).map(({ uuid }) => uuid)
  const bad = Array.from({ length: made }, (_, i) => `row-${i}`).filter((uuid) => uuid.endsWith('7'))
  assert.deepEqual(held.toSorted(), bad.toSorted(), 'bad rows are there once, and no others')
  for (let i = 0; i < made; i++)
    if (!`${i}`.endsWith('7')) assert.ok(taken.has(`row-${i}`), `row-${i} is lost`)
  const again = [...taken.values()].filter((times) => times > 1).length
  t.diagnostic(`${made} rows, ${taken.size} taken, ${again} of them more than once, ${held.length} refused`)
})
