import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Events } from '../../exporters/splunk_hec/events.ts'
import { type Row, rowTime, type Sender } from '../../src/sdk/index.ts'
import { twinRecords } from '../exporters/otlp_http/twin.ts'
import { otlpSender } from '../exporters/otlp_http/world.ts'
import { hecSender } from '../exporters/splunk_hec/world.ts'
import { freePort } from '../support/free-port.ts'
import { FULL_ROW } from '../support/full-row.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type CollectorPorts, collector, collectorConfig, type Inlet } from './collector.ts'
import { delivered, NODE } from './delivered.ts'
import { type LogRecord, recordsIn, type Values } from './log-file.ts'
import { Running } from './running.ts'
import { allLogs, victoriaLogs, victoriaLogsArguments } from './victoria-logs.ts'

const RESOURCE = { 'k8s.cluster.name': 'prod' }
const TOKEN = '00000000-0000-0000-0000-000000000000'
const EVENTS = new Events({
  host: null,
  node: NODE,
  source: 'flowfold',
  sourcetype: 'cilium:hubble:flow',
  index: null,
})

const otelcol = collector()
const noCollector = otelcol.program.kind === 'missing' && otelcol.program.reason
const victoria = victoriaLogs()
const noVictoria = victoria.kind === 'missing' && victoria.reason

test('a Collector gets every row over OTLP once, with every field, in JSON and in Protobuf', {
  skip: noCollector,
}, async (t) => {
  const encodings = ['json', 'proto'] as const
  const { ports, folder, stop } = await startCollector(t, encodings)
  const settings = (encoding: (typeof encodings)[number]) => ({
    endpoint: `http://127.0.0.1:${ports[encoding]}`,
    encoding,
    resource: { attributes: RESOURCE },
  })
  const rows = await delivered(t, {
    'otlp_http/json': settings('json'),
    'otlp_http/proto': settings('proto'),
  })
  for (const encoding of encodings) await sendFullRow(otlpSender(t, settings(encoding)))
  await stop()
  for (const encoding of encodings) {
    const records = recordsIn(join(folder, `${encoding}.json`))
    const found = once(records, ({ attributes }) => String(attributes['log.record.uid']))
    t.diagnostic(`${encoding}: ${records.length} records of ${rows.length + 1} rows`)
    assert.equal(records.length, rows.length + 1)
    for (const row of [...rows, FULL_ROW]) assert.deepEqual(found.get(row.UUID), expectedRecord(row))
  }
})

test('a Collector gets every row over Splunk HEC once, with every field, acknowledged or not', {
  skip: noCollector || otelcol.noHec,
}, async (t) => {
  const inlets = ['hec', 'hecAck'] as const
  const { ports, folder, stop } = await startCollector(t, inlets)
  const settings = (inlet: (typeof inlets)[number]) => ({
    endpoint: `http://127.0.0.1:${ports[inlet]}`,
    token: TOKEN,
    ack: inlet === 'hecAck',
    ack_poll_interval: '100ms',
  })
  const rows = await delivered(t, {
    'splunk_hec/plain': settings('hec'),
    'splunk_hec/ack': settings('hecAck'),
  })
  for (const inlet of inlets) await sendFullRow(hecSender(t, settings(inlet)))
  await stop()
  for (const inlet of inlets) {
    const records = recordsIn(join(folder, `${inlet}.json`))
    const found = once(records, ({ body }) => String((body as Values).UUID))
    assert.equal(records.length, rows.length + 1)
    for (const row of [...rows, FULL_ROW]) assertIsEvent(found.get(row.UUID), row)
  }
})

test('VictoriaLogs gets every row over Splunk HEC once, with every field', {
  skip: noVictoria,
}, async (t) => {
  const port = await freePort()
  const path = victoria.kind === 'built' ? victoria.path : ''
  const running = await Running.start(path, victoriaLogsArguments(tempDir(t), port), [port])
  t.after(() => running.stop())
  const settings = { endpoint: `http://127.0.0.1:${port}/insert/splunk`, token: TOKEN }
  const rows = await delivered(t, { splunk_hec: settings })
  await sendFullRow(hecSender(t, settings))
  const logs = await settled(() => allLogs(port), rows.length + 1)
  t.diagnostic(`${logs.length} logs of ${rows.length + 1} rows`)
  assert.equal(logs.length, rows.length + 1)
  const found = once(logs, (log) => log['event.UUID'])
  for (const row of [...rows, FULL_ROW]) {
    const { _time, _msg, _stream, _stream_id, ...fields } = found.get(row.UUID)!
    assert.deepEqual(rowTime(_time), rowTime(row.TimeGenerated))
    assert.deepEqual(fields, flattened(eventOf(row)))
  }
})

async function startCollector(t: TestContext, inlets: readonly Inlet[]) {
  const path = otelcol.program.kind === 'built' ? otelcol.program.path : ''
  const ports = { json: 0, proto: 0, hec: 0, hecAck: 0 }
  for (const inlet of inlets) ports[inlet] = await freePort()
  const folder = tempDir(t)
  const config = join(folder, 'collector.yaml')
  writeFileSync(config, JSON.stringify(collectorConfig(folder, ports satisfies CollectorPorts, inlets)))
  const running = await Running.start(
    path,
    ['--config', config],
    inlets.map((inlet) => ports[inlet]),
  )
  t.after(() => running.stop())
  return { ports, folder, stop: () => running.stop() }
}

/** No recording has everything in one row. */
async function sendFullRow(sender: Sender): Promise<void> {
  for (const payload of sender.encode([FULL_ROW]))
    assert.deepEqual(await sender.send(payload, new AbortController().signal), { kind: 'accepted' })
}

/** By its key; fails when something is there twice. */
function once<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T> {
  const byKey = new Map<string, T>()
  for (const one of all) {
    const key = keyOf(one)
    assert.ok(!byKey.has(key), `${key} came twice`)
    byKey.set(key, one)
  }
  return byKey
}

/** What the row says, as OpenTelemetry's own types have it. */
function expectedRecord(row: Row): LogRecord {
  const resource = { 'service.name': 'flowfold', 'k8s.node.name': NODE, ...RESOURCE }
  const [record] = twinRecords([row], resource)
  const nanos = ([seconds, nanos]: readonly [number, number]) =>
    String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos))
  return {
    timeUnixNano: nanos(record.hrTime),
    observedTimeUnixNano: nanos(record.hrTimeObserved),
    severityNumber: record.severityNumber ?? 0,
    severityText: record.severityText ?? '',
    eventName: record.eventName ?? '',
    body: record.body,
    attributes: { ...record.attributes },
    resource,
    scope: 'flowfold',
  }
}

function eventOf(row: Row): { readonly time: number; readonly [field: string]: unknown } {
  return JSON.parse(EVENTS.textOf(row))
}

/** The Collector keeps time in a floating point number. */
function assertIsEvent(record: LogRecord | undefined, row: Row): void {
  assert.ok(record, `${row.UUID} did not come out`)
  const { time, host, source, sourcetype, event } = eventOf(row)
  assert.deepEqual(record.body, event)
  const seconds = Number(record.timeUnixNano) / 1e9
  assert.ok(Math.abs(seconds - time) < 1e-6, `${seconds} is not ${time}`)
  assert.deepEqual(
    { ...record.resource, ...record.attributes },
    { 'host.name': host, 'com.splunk.source': source, 'com.splunk.sourcetype': sourcetype },
  )
}

/** As VictoriaLogs keeps objects: each value as text under its path, lists as JSON. */
function flattened(value: object, prefix = ''): Values {
  const fields: { [path: string]: unknown } = {}
  for (const [key, inner] of Object.entries(value)) {
    if (prefix === '' && key === 'time') continue
    if (Array.isArray(inner)) fields[prefix + key] = JSON.stringify(inner)
    else if (typeof inner === 'object' && inner !== null)
      Object.assign(fields, flattened(inner, `${prefix}${key}.`))
    else if (inner !== null && inner !== '') fields[prefix + key] = String(inner)
  }
  return fields
}

/** What was taken can be searched a moment later. */
async function settled<T>(look: () => Promise<readonly T[]>, atLeast: number): Promise<readonly T[]> {
  for (let looks = 0; ; looks++) {
    const found = await look()
    if (found.length >= atLeast || looks === 100) return found
    await sleep(100)
  }
}
