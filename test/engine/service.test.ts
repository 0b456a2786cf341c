import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { aggregate } from '../../processors/aggregate/index.ts'
import type { ResolvedConfig } from '../../src/config/resolved.ts'
import { Service } from '../../src/engine/service.ts'
import { StartError } from '../../src/engine/start-error.ts'
import { defineSink, FatalError, flowsOf, SettingError } from '../../src/sdk/index.ts'
import { difference } from '../../src/telemetry/balance-sheet.ts'
import { flow } from '../support/flows.ts'
import { configOf, HandReceiver, halving, MemorySink, TestIo } from '../support/parts.ts'
import { tempDir } from '../support/temp-dir.ts'

const DROPPED = { kind: 'dropped', reason: 'not_json', flows: 1 } as const

test('a flow becomes a row with the next commit', async () => {
  const { receiver, sink, io, service } = await started()
  await receiver.give(flow({ traffic_direction: 'EGRESS' }))
  assert.equal(sink.rows.length, 0)
  await io.clock.advance(1000)
  assert.deepEqual(
    sink.rows.map(({ IngressFlowCount, EgressFlowCount, NodeName }) => [
      IngressFlowCount,
      EgressFlowCount,
      NodeName,
    ]),
    [[0, 1, 'node-1']],
  )
  await service.stop()
})

test('the balance sheet closes at every instant, whatever happens', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('give' as const), flows: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('lose' as const) }),
    fc.record({ kind: fc.constant('refuse' as const), on: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), byMs: fc.integer({ min: 1, max: 3000 }) }),
  )
  const check = async (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    const { receiver, sink, io, service } = await started()
    const closes = () => {
      for (const sheet of service.summary().sheets) assert.equal(difference(sheet), 0, JSON.stringify(sheet))
    }
    for (const action of steps) {
      if (action.kind === 'give') void receiver.give(...Array.from({ length: action.flows }, () => flow()))
      else if (action.kind === 'lose') receiver.lose(DROPPED)
      else if (action.kind === 'refuse') sink.refuses = action.on ? 'the disk is full' : null
      else await io.clock.advance(action.byMs)
      closes()
    }
    sink.refuses = null
    const stopping = service.stop()
    await io.clock.advance(5000)
    await stopping
    closes()
    const [sheet] = service.summary().sheets
    assert.equal(sheet.pending, 0)
    assert.equal(sheet.delivered, sink.rows.length)
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), check), { numRuns: 60, verbose: 1 })
  t.diagnostic('60 random histories')
})

test('while a sink refuses, no input is taken, readiness says why, and nothing is lost', async () => {
  const { receiver, sink, io, service } = await started()
  sink.refuses = 'the disk is full'
  await receiver.give(flow())
  await io.clock.advance(1000)
  const paused = receiver.give(flow())
  assert.ok(paused instanceof Promise, 'the receiver is asked to pause')
  let resumed = false
  void paused.then(() => {
    resumed = true
  })
  await io.clock.advance(3000)
  assert.equal(resumed, false)
  assert.match(io.log, /nothing can be written, so no input is taken; .*exporter memory.*the disk is full/)
  sink.refuses = null
  await io.clock.advance(1000)
  assert.equal(resumed, true)
  assert.equal(sink.rows.length, 2)
  await service.stop()
})

test('a restart goes on from the last commit, and what was not committed is gone from position and sink alike', async (t) => {
  const stateDir = tempDir(t)
  const first = await started({ stateDir })
  await first.receiver.give(flow(), flow())
  await first.io.clock.advance(1000)
  first.sink.refuses = 'gone'
  void first.receiver.give(flow())
  const stopping = first.service.stop()
  await first.io.clock.advance(6000)
  await stopping
  assert.match(first.io.log, /stopped with rows that could not be written/)
  const second = await started({ stateDir }, { receiver: new HandReceiver(), sink: first.sink })
  first.sink.refuses = null
  assert.equal(second.receiver.startedAt, 1)
  assert.equal(second.sink.rows.length, 2)
  await second.receiver.give(flow())
  await second.io.clock.advance(1000)
  const [sheet] = second.service.summary().sheets
  assert.deepEqual([sheet.received, sheet.delivered, sheet.pending, difference(sheet)], [3, 3, 0, 0])
  await second.service.stop()
})

test('processors take flows away, and the sheet says so', async () => {
  const { receiver, sink, io, service } = await started({}, {}, ['halving'])
  await receiver.give(flow(), flow(), flow())
  await receiver.give(flow())
  await io.clock.advance(1000)
  const [sheet] = service.summary().sheets
  assert.deepEqual([sheet.received, sheet.filtered, sheet.delivered], [4, 1, 3])
  assert.equal(sink.rows.length, 3)
  await service.stop()
})

test('when every input has ended the service flushes and is done', async () => {
  const { receiver, sink, service } = await started()
  await receiver.give(flow())
  receiver.end()
  assert.equal(await service.done, 'ended')
  assert.equal(sink.rows.length, 1)
})

test('a receiver and an exporter may serve several pipelines; each has its own sheet', async () => {
  const receiver = new HandReceiver()
  const sink = new MemorySink()
  const io = new TestIo()
  const pipeline = (id: string, processors: string[]) => ({
    id,
    receivers: ['hand'],
    processors,
    exporters: ['memory'],
  })
  const service = await Service.start(
    configOf({
      receivers: { hand: receiver.definition },
      processors: { halving },
      exporters: { memory: sink.definition },
      pipelines: [pipeline('logs/all', []), pipeline('logs/half', ['halving'])],
    }),
    io,
  )
  await receiver.give(flow(), flow())
  receiver.lose(DROPPED)
  await io.clock.advance(1000)
  assert.equal(sink.rows.length, 3)
  assert.deepEqual(
    service
      .summary()
      .sheets.map((sheet) => [sheet.received, sheet.filtered, sheet.delivered, sheet.dropped.not_json]),
    [
      [3, 0, 2, 1],
      [3, 1, 1, 1],
    ],
  )
  await service.stop()
})

test('a reload goes on where the old config stood', async () => {
  const { receiver, sink, io, service, config } = await started()
  await receiver.give(flow())
  await service.reload(config)
  assert.equal(receiver.startedAt, 1)
  await receiver.give(flow())
  await io.clock.advance(1000)
  assert.equal(sink.rows.length, 2)
  await service.stop()
})

test('open windows leave when a reload takes the fold away, and the sheet closes', async (t) => {
  const { receiver, sink, service, withFold, without } = await folding(tempDir(t))
  await receiver.give(flow(), flow())
  await service.reload(without)
  await receiver.give(flow())
  await service.reload(withFold)
  await receiver.give(flow())
  const [sheet] = service.summary().sheets
  assert.deepEqual([sheet.received, sheet.delivered, sheet.dropped, sheet.pending], [4, 3, {}, 1])
  await service.stop()
  assert.deepEqual(sink.rows.map(flowsOf), [2, 1, 1])
})

test('open windows wait in the state for the return of the fold, and count as pending', async (t) => {
  const stateDir = tempDir(t)
  const first = await folding(stateDir)
  await first.receiver.give(flow(), flow())
  await first.io.clock.advance(1000)
  const killed = tempDir(t)
  cpSync(stateDir, killed, { recursive: true })
  await first.service.stop()
  first.sink.rows.length = 0
  const { io, receiver, service, sink, withFold } = await folding(killed, { ...first, isFolding: false })
  assert.match(io.log, /open windows of a pipeline that does not aggregate any more; .*flows=2/)
  await receiver.give(flow())
  await io.clock.advance(1000)
  const [sheet] = service.summary().sheets
  assert.deepEqual([sheet.received, sheet.delivered, sheet.dropped, sheet.pending], [3, 1, {}, 2])
  await service.reload(withFold)
  await service.stop()
  assert.deepEqual(sink.rows.map(flowsOf), [1, 2])
  assert.deepEqual(service.summary().sheets.map(difference), [0])
})

test('a reload whose components refuse their settings names the place and leaves the old config running', async () => {
  const { receiver, sink, io, service } = await started()
  const refusing = defineSink({
    kind: 'sink',
    type: 'refusing',
    summary: 'Refuses',
    settings: sink.definition.settings,
    metrics: [],
    create: () => {
      throw new SettingError(['path'], 'no such folder')
    },
  })
  const bad = configOf({
    receivers: { hand: receiver.definition },
    exporters: { refusing },
    pipelines: [{ id: 'logs', receivers: ['hand'], processors: [], exporters: ['refusing'] }],
  })
  await assert.rejects(service.reload(bad), (error) => {
    assert.ok(error instanceof StartError)
    assert.equal(
      error.message,
      'test.yaml:1:1 (exporters.refusing.path) exporters.refusing.path: no such folder',
    )
    return true
  })
  await receiver.give(flow())
  await io.clock.advance(1000)
  assert.equal(sink.rows.length, 1)
  await service.stop()
})

/** A service that aggregates, or does not, and both configs. */
async function folding(
  stateDir: string,
  {
    receiver = new HandReceiver(),
    sink = new MemorySink(),
    isFolding = true,
  }: Parts & { isFolding?: boolean } = {},
) {
  const io = new TestIo()
  const config = (processors: readonly string[]) =>
    configOf({
      receivers: { hand: receiver.definition },
      processors: { aggregate },
      exporters: { memory: sink.definition },
      pipelines: [{ id: 'logs', receivers: ['hand'], processors, exporters: ['memory'] }],
      service: { stateDir },
    })
  const [withFold, without] = [config(['aggregate']), config([])]
  return {
    receiver,
    sink,
    io,
    withFold,
    without,
    service: await Service.start(isFolding ? withFold : without, io),
  }
}

test('a reload from which there is no way back ends the service, and says why', async () => {
  const { receiver, sink, io, service, config } = await started()
  await receiver.give(flow())
  const refuse = () => {
    throw new SettingError(['path'], 'a folder stands there')
  }
  sink.definition.create = refuse
  const ended = assert.rejects(service.done, FatalError)
  await assert.rejects(service.reload(config), {
    name: 'FatalError',
    message:
      /^the new configuration cannot run \(.*a folder stands there\), and the old one cannot be taken up again/,
  })
  await ended
  await io.clock.advance(5000)
})

interface Parts {
  readonly receiver?: HandReceiver
  readonly sink?: MemorySink
}

async function started(
  service: Partial<ResolvedConfig['service']> = {},
  { receiver = new HandReceiver(), sink = new MemorySink() }: Parts = {},
  processors: readonly string[] = [],
) {
  const io = new TestIo()
  const config = configOf({
    receivers: { hand: receiver.definition },
    processors: { halving },
    exporters: { memory: sink.definition },
    pipelines: [{ id: 'logs', receivers: ['hand'], processors, exporters: ['memory'] }],
    service,
  })
  return { receiver, sink, io, config, service: await Service.start(config, io) }
}
