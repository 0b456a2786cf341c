import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { catalog } from '../../flowfold.ts'
import { cli } from '../../src/commands/cli.ts'
import { Log } from '../../src/telemetry/logger.ts'
import { OwnLogs } from '../../src/telemetry/own-logs.ts'
import { systemClock } from '../../src/util/clock.ts'
import { type Answer, type FaultyServer, faultyServer } from '../support/faulty-server.ts'
import { flow, line } from '../support/flows.ts'
import { tempDir } from '../support/temp-dir.ts'
import { TestTerminal } from '../support/terminal.ts'

const SECRET = 'Bearer the-secret-itself'

interface LogRecord {
  readonly timeUnixNano: string
  readonly severityText: string
  readonly body: { readonly stringValue: string }
  readonly attributes: readonly { readonly key: string; readonly value: object }[]
}

function recordsOf({ requests }: FaultyServer): LogRecord[] {
  return requests.flatMap(({ body }) =>
    JSON.parse(body.toString()).resourceLogs.flatMap(
      ({ scopeLogs }: { scopeLogs: { logRecords: LogRecord[] }[] }) =>
        scopeLogs.flatMap(({ logRecords }) => logRecords),
    ),
  )
}

async function opened(test: TestContext, answers: readonly Answer[]) {
  const server = await faultyServer(test, answers)
  const troubles: (string | null)[] = []
  const settings = {
    url: `${server.url}/v1/logs`,
    encoding: 'json',
    headers: { authorization: SECRET },
  } as const
  const own = await OwnLogs.open(settings, 'node-1', systemClock, (trouble) => troubles.push(trouble))
  const log = new Log(
    { level: 'info', format: 'json' },
    systemClock,
    () => {},
    (line) => own.take(line),
  )
  return { server, own, log, troubles }
}

test('lines that are shown become log records, and no others', async (t) => {
  const { server, own, log } = await opened(t, [{ status: 200 }])
  const before = Date.now()
  log.of('file/lake').warn('the disk is full', { path: '/x', free_bytes: 0 })
  log.of('service').debug('details')
  await own.close()
  const [record, ...others] = recordsOf(server)
  assert.equal(others.length, 0)
  assert.deepEqual(
    [record.severityText, record.body.stringValue, record.attributes],
    [
      'WARN',
      'the disk is full',
      [
        { key: 'flowfold.component', value: { stringValue: 'file/lake' } },
        { key: 'path', value: { stringValue: '/x' } },
        { key: 'free_bytes', value: { intValue: 0 } },
      ],
    ],
  )
  assert.ok(Math.abs(Number(record.timeUnixNano) / 1e6 - before) < 5000)
  assert.equal(server.requests[0].headers.authorization, SECRET)
  assert.equal(server.requests[0].url, '/v1/logs')
})

test('it says once that lines cannot be sent, and once that they can again', async (t) => {
  const { own, log, troubles, server } = await opened(t, [{ status: 400 }, { status: 400 }, { status: 200 }])
  for (const count of [1, 2, 3]) {
    log.of('service').info(`line ${count}`)
    while (server.requests.length < count) await systemClock.sleep(10)
    await systemClock.sleep(50)
  }
  await own.close()
  assert.deepEqual(troubles, ['Bad Request', null])
})

test('a backend that never answers does not hold up the end', async (t) => {
  const { own, log } = await opened(t, ['silence'])
  log.of('service').info('a line')
  const startMs = performance.now()
  await own.close()
  const tookMs = performance.now() - startMs
  assert.ok(tookMs > 1500 && tookMs < 4000, `${tookMs} ms`)
})

test('nor does it past the deadline of the service', async (t) => {
  const { own, log } = await opened(t, ['silence'])
  log.of('service').info('a line')
  const startMs = performance.now()
  await own.close(systemClock.now() + 300)
  const tookMs = performance.now() - startMs
  assert.ok(tookMs > 200 && tookMs < 1500, `${tookMs} ms`)
})

for (const [encoding, contentType] of [
  ['proto', 'application/x-protobuf'],
  ['json', 'application/json'],
])
  test(`a run hands its own log to a backend, and shows no secret (${encoding})`, async (t) => {
    const server = await faultyServer(t, [{ status: 200 }])
    const { terminal, code } = await run(t, server.url, encoding)
    assert.equal(code, 0, terminal.complained)
    assert.ok(server.requests.length > 0)
    for (const { headers } of server.requests) {
      assert.equal(headers['content-type'], contentType)
      assert.equal(headers.authorization, SECRET)
    }
    const sent = server.requests.map(({ body }) => body.toString('latin1')).join('')
    for (const said of terminal.complained.matchAll(/"message":"([^"]+)"/g)) assert.ok(sent.includes(said[1]))
    assert.match(terminal.complained, /"message":"following"/)
    assert.doesNotMatch(terminal.complained, /the-secret-itself/)
  })

test('a backend for the own log that is not there is no reason not to run', async (t) => {
  const { terminal, code } = await run(t, 'http://127.0.0.1:1', 'proto')
  assert.equal(code, 0)
  assert.match(terminal.complained, /1 flows? in 1 rows?/)
})

async function run(test: TestContext, endpoint: string, encoding: string) {
  const dir = tempDir(test)
  writeFileSync(join(dir, 'events.log'), line(flow()))
  const config = {
    receivers: { events_log: { include: [join(dir, 'events.log')], stop_at_end: true } },
    exporters: { file: { path: join(dir, 'rows.jsonl') } },
    service: {
      state_dir: join(dir, 'state'),
      telemetry: {
        metrics: { endpoint: 'none' },
        logs: { otlp: { endpoint, encoding, headers: { authorization: SECRET } } },
      },
      health: { endpoint: 'none' },
      pipelines: { logs: { receivers: ['events_log'], exporters: ['file'] } },
    },
  }
  const path = join(dir, 'flowfold.yaml')
  writeFileSync(path, JSON.stringify(config))
  const terminal = new TestTerminal()
  return { terminal, code: await cli(catalog, ['run', '--config', path], terminal) }
}
