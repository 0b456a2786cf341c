import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Endpoint } from '../../src/config/resolved.ts'
import { Service } from '../../src/engine/service.ts'
import { StartError } from '../../src/engine/start-error.ts'
import { flow } from '../support/flows.ts'
import { freePort } from '../support/free-port.ts'
import { configOf, HandReceiver, MemorySink, TestIo } from '../support/parts.ts'

test('health, readiness, balance and metrics tell what is going on', async (t) => {
  const { receiver, io, get } = await started(t)
  await receiver.give(flow(), flow())
  receiver.lose({ kind: 'dropped', reason: 'not_json', flows: 1 })
  receiver.lose({ kind: 'gap', bytes: 512 })
  receiver.lose({ kind: 'lost_upstream', source: 'HUBBLE_RING_BUFFER', events: 7 })
  await io.clock.advance(1000)
  assert.deepEqual(await get('/healthz'), { status: 200, body: '{"status":"ok"}' })
  assert.deepEqual(await get('/readyz'), { status: 200, body: '{"status":"ready","reasons":[]}' })
  const { pipelines } = JSON.parse((await get('/balance')).body)
  assert.deepEqual(
    [
      pipelines[0].received,
      pipelines[0].delivered,
      pipelines[0].dropped,
      pipelines[0].pending,
      pipelines[0].difference,
    ],
    [3, 2, { not_json: 1 }, 0, 0],
  )
  const { body: metrics } = await get('/metrics')
  for (const line of [
    'flowfold_flows_received_total{pipeline="logs"} 3',
    'flowfold_flows_delivered_total{pipeline="logs"} 2',
    'flowfold_flows_dropped_total{pipeline="logs",reason="not_json"} 1',
    'flowfold_gap_bytes_total{pipeline="logs"} 512',
    'flowfold_lost_upstream_total{pipeline="logs",source="HUBBLE_RING_BUFFER"} 7',
    'flowfold_rows_delivered_total{pipeline="logs",exporter="memory"} 2',
    'flowfold_commits_total 1',
  ])
    assert.ok(metrics.includes(`${line}\n`), `${line}\nis not in\n${metrics}`)
  assert.match(metrics, /^flowfold_process_cpu_seconds_total /m)
})

test('not ready while nothing can be written, with the reason', async (t) => {
  const { receiver, sink, io, get } = await started(t)
  sink.refuses = 'the disk is full'
  await receiver.give(flow())
  await io.clock.advance(1000)
  assert.deepEqual(await get('/readyz'), {
    status: 503,
    body: '{"status":"not ready","reasons":["exporter memory: the disk is full"]}',
  })
  assert.equal((await get('/healthz')).status, 200)
  sink.refuses = null
  await io.clock.advance(1000)
  assert.equal((await get('/readyz')).status, 200)
})

test('a port that is taken is a clear error', async (t) => {
  const squatter = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => squatter.once('listening', resolve))
  t.after(() => squatter.close())
  const { port } = squatter.address() as { port: number }
  const taken = { host: '127.0.0.1', port }
  const config = configAt(taken, taken, new HandReceiver(), new MemorySink())
  await assert.rejects(Service.start(config, new TestIo()), (error) => {
    assert.ok(error instanceof StartError && error.fault === 'world')
    assert.match(
      error.message,
      /127\.0\.0\.1:\d+ is in use by another program; set service\.health\.endpoint/,
    )
    return true
  })
})

test('a reload listens where the new config says, and nowhere else', async (t) => {
  const { service, config, get } = await started(t)
  const [port, other] = [await freePort(), await freePort()]
  await service.reload(config(port))
  assert.equal((await get('/readyz', port)).status, 200)
  await assert.rejects(get('/healthz'))
  await service.reload(config(port, 'localhost'))
  assert.equal((await get('/healthz', port)).status, 200)
  await service.reload(config(port, 'localhost', other))
  assert.equal((await get('/healthz', port)).status, 200)
  assert.match((await get('/metrics', other)).body, /flowfold_flows_received_total/)
})

test('a reload to a port that is taken leaves the old config and its endpoints alone', async (t) => {
  const { receiver, sink, io, service, config, get } = await started(t)
  const port = await freePort()
  const squatter = createServer().listen(port, '127.0.0.1')
  await once(squatter, 'listening')
  const bad = { ...config(port), exporters: new Map() }
  await assert.rejects(service.reload(bad), /127\.0\.0\.1:\d+ is in use by another program/)
  assert.equal((await get('/readyz')).status, 200)
  await receiver.give(flow())
  await io.clock.advance(1000)
  assert.equal(sink.rows.length, 1)
  squatter.close()
  await once(squatter, 'close')
  await service.reload(config(port))
  assert.equal((await get('/readyz', port)).status, 200)
})

test('a reload that fails for another reason gives the old endpoints back', async (t) => {
  const { sink, service, config, get } = await started(t)
  const next = config(await freePort(), 'localhost')
  const exporter = next.exporters.get('memory')!
  const refusing = { ...sink.definition, create: () => assert.fail('a bug of an exporter') }
  next.exporters.set('memory', { ...exporter, definition: refusing } as typeof exporter)
  await assert.rejects(service.reload(next), /a bug of an exporter/)
  assert.equal((await get('/readyz')).status, 200)
})

async function started(t: TestContext) {
  const receiver = new HandReceiver()
  const sink = new MemorySink()
  const io = new TestIo()
  const ownPort = await freePort()
  const config = (port: number, host = '127.0.0.1', metricsPort = port) =>
    configAt({ host, port }, { host, port: metricsPort }, receiver, sink)
  const service = await Service.start(config(ownPort), io)
  t.after(async () => {
    sink.refuses = null
    await service.stop()
  })
  const get = async (path: string, port = ownPort) => {
    const response = await fetch(`http://localhost:${port}${path}`)
    return { status: response.status, body: await response.text() }
  }
  return { receiver, sink, io, service, config, get }
}

function configAt(health: Endpoint, metrics: Endpoint, receiver: HandReceiver, sink: MemorySink) {
  const config = configOf({
    receivers: { hand: receiver.definition },
    exporters: { memory: sink.definition },
    pipelines: [{ id: 'logs', receivers: ['hand'], processors: [], exporters: ['memory'] }],
    service: { healthEndpoint: health, metricsEndpoint: metrics },
  })
  return { ...config, exporters: new Map(config.exporters) }
}
