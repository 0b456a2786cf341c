import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { StartError } from '../../src/engine/start-error.ts'
import { defineSender, type SendResult, SettingError } from '../../src/sdk/index.ts'
import { difference } from '../../src/telemetry/balance-sheet.ts'
import { DOWN, TestBackend } from '../support/backend.ts'
import { flow } from '../support/flows.ts'
import { freePort } from '../support/free-port.ts'
import { MemorySink } from '../support/parts.ts'
import { DeliveryWorld } from './delivery-world.ts'

test('rows reach the backend with the commit that stores them, and the sheet says so', async (t) => {
  const backend = new TestBackend()
  const world = await DeliveryWorld.start(t, { exporters: { backend } })
  await world.give(3)
  await world.settle()
  assert.equal(backend.rows.length, 0)
  assert.deepEqual([world.sheet.pending, world.exporterSheet('backend').pending], [3, 3])
  await world.commit()
  assert.equal(backend.rows.length, 3)
  assert.deepEqual([world.sheet.delivered, world.sheet.pending, difference(world.sheet)], [3, 0, 0])
  assert.ok(world.exporterSheet('backend').deliveredBytes > 1000)
  await world.stop()
})

test('a full outbox stops the intake, says why, and goes on by itself', async (t) => {
  const backend = new TestBackend({ outbox: { maxBytes: 2000 } })
  const sink = new MemorySink()
  backend.answer = () => DOWN
  const world = await DeliveryWorld.start(t, { exporters: { backend, sink } })
  for (let i = 0; i < 50 && !/no input is taken/.test(world.io.log); i++) {
    void world.give(10)
    await world.commit()
  }
  const paused = world.give(10)
  assert.ok(paused instanceof Promise, 'the receiver is asked to pause')
  let isOn = false
  void paused.then(() => {
    isOn = true
  })
  await world.io.clock.advance(600_000)
  assert.equal(isOn, false)
  assert.match(
    world.io.log,
    /no input is taken; .*where="exporter backend".*its outbox is full \(outbox.max_bytes\)/,
  )
  assert.equal(world.given - sink.rows.length, 20, 'those of the blocked commit, and those that wait')
  backend.answer = () => ({ kind: 'accepted' })
  await world.io.clock.advance(120_000)
  assert.equal(isOn, true)
  assert.match(world.io.log, /writing works again/)
  assert.deepEqual([backend.rows.length, sink.rows.length], [world.given, world.given])
  await world.stop()
})

test('an exporter that is down holds up no other: a healthy one is at most two commits behind', async (t) => {
  const down = new TestBackend()
  down.answer = () => DOWN
  const silent = new TestBackend({ timeoutMs: 30_000 })
  silent.answer = () => null
  const healthy = new TestBackend()
  const file = new MemorySink()
  const world = await DeliveryWorld.start(t, { exporters: { down, silent, healthy, file } })
  const givenAt: number[] = []
  for (let round = 0; round < 100; round++) {
    await world.give(7)
    givenAt.push(world.given)
    await world.io.clock.advance(1000)
    const twoCommitsAgo = givenAt.at(-3) ?? 0
    assert.ok(healthy.rows.length >= twoCommitsAgo && file.rows.length >= twoCommitsAgo, `round ${round}`)
  }
  assert.deepEqual([down.rows.length, silent.rows.length], [0, 0])
  assert.deepEqual([world.exporterSheet('down').pending, world.sheet.delivered], [700, 0])
  down.answer = silent.answer = () => ({ kind: 'accepted' })
  await world.io.clock.advance(120_000)
  assert.equal(world.sheet.delivered, 700)
  await world.stop()
})

test('readiness names the exporter that fails and why, and no other', async (t) => {
  const port = await freePort()
  const bad = new TestBackend()
  bad.answer = () => ({ kind: 'retry', cause: 'rejected', reason: 'HTTP 401: the token is not known' })
  const world = await DeliveryWorld.start(t, {
    exporters: { bad, good: new TestBackend() },
    service: { healthEndpoint: { host: '127.0.0.1', port } },
  })
  const readiness = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`)
    return [response.status, ((await response.json()) as { reasons: string[] }).reasons]
  }
  assert.deepEqual(await readiness(), [200, []])
  await world.give(1)
  await world.commit()
  assert.deepEqual(await readiness(), [503, ['exporter bad: HTTP 401: the token is not known']])
  bad.answer = () => ({ kind: 'accepted' })
  await world.io.clock.advance(60_000)
  assert.deepEqual(await readiness(), [200, []])
  await world.stop()
})

test('the README tells of every metric that exporters have in common', async (t) => {
  const port = await freePort()
  const service = { metricsEndpoint: { host: '127.0.0.1', port } }
  const world = await DeliveryWorld.start(t, { exporters: { backend: new TestBackend() }, service })
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const names = [...text.matchAll(/^(flowfold_exporter_\w+)\{exporter="backend"/gm)].map(([, name]) => name)
  assert.ok(names.length >= 7, names.join())
  const readme = readFileSync('README.md', 'utf8')
  for (const name of names) assert.ok(readme.includes(`\`${name}\``), name)
  await world.stop()
})

test('readiness knows of an exporter that fails before there are rows', async (t) => {
  const bad = new TestBackend()
  bad.greeting = { kind: 'retry', cause: 'network', reason: 'connection refused' }
  const world = await DeliveryWorld.start(t, { exporters: { bad, good: new TestBackend() } })
  await world.settle()
  assert.deepEqual(world.service.notReady, ['exporter bad: connection refused'])
  bad.greeting = { kind: 'accepted' }
  await world.io.clock.advance(60_000)
  assert.deepEqual(world.service.notReady, [])
  await world.stop()
})

test('once rows are on their way, they tell how the backend is', async (t) => {
  const bad = new TestBackend()
  bad.greeting = { kind: 'retry', cause: 'network', reason: 'connection refused' }
  const world = await DeliveryWorld.start(t, { exporters: { bad } })
  await world.settle()
  await world.give(1)
  await world.commit()
  assert.deepEqual([bad.rows.length, world.service.notReady], [1, []])
  await world.stop()
})

test('metrics tell of each exporter what was sent, refused, retried and dropped, and what waits', async (t) => {
  const port = await freePort()
  const endpoint = { host: '127.0.0.1', port }
  const bad = new TestBackend({ outbox: { maxAgeMs: 5000 } })
  bad.answer = () => DOWN
  const strict = new TestBackend()
  strict.rowsPerPayload = 1
  strict.answer = ([{ TimeGenerated }]) =>
    TimeGenerated.endsWith('00:00:01.000Z') ? { kind: 'refused', reason: 'no' } : { kind: 'accepted' }
  const world = await DeliveryWorld.start(t, {
    exporters: { bad, strict },
    service: { metricsEndpoint: endpoint, healthEndpoint: endpoint },
  })
  const metric = async (series: string) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const line = text.split('\n').find((one) => one.startsWith(`flowfold_${series} `))
    return line === undefined ? undefined : Number(line.split(' ')[1])
  }
  await world.give(3)
  await world.io.clock.advance(3000)
  assert.equal(await metric('exporter_sent_rows_total{exporter="strict"}'), 2)
  assert.equal(await metric('exporter_refused_rows_total{exporter="strict"}'), 1)
  assert.equal(await metric('exporter_outbox_rows{exporter="bad"}'), 3)
  assert.ok((await metric('exporter_outbox_bytes{exporter="bad"}'))! > 100)
  assert.equal(await metric('exporter_outbox_oldest_seconds{exporter="bad"}'), 2)
  assert.equal(await metric('exporter_in_flight_requests{exporter="bad"}'), 0)
  assert.ok((await metric('exporter_retries_total{exporter="bad",cause="unavailable"}'))! > 0)
  await world.io.clock.advance(5000)
  const dropped = 'exporter_dropped_flows_total{pipeline="logs",exporter='
  assert.equal(await metric(`${dropped}"bad",reason="outbox_too_old"}`), 3)
  assert.equal(await metric(`${dropped}"strict",reason="refused"}`), 1)
  await world.stop()
})

test('rows are stored before they fill the memory, however long the commit interval is', async (t) => {
  const backend = new TestBackend()
  const world = await DeliveryWorld.start(t, {
    exporters: { backend },
    service: { commitIntervalMs: 3_600_000 },
  })
  const long = (seconds: number) =>
    flow({ time: new Date(seconds * 1000).toISOString(), Summary: randomBytes(30_000).toString('base64') })
  for (let batch = 0; batch < 25; batch++)
    await world.receiver.give(...Array.from({ length: 25 }, (_, i) => long(batch * 25 + i)))
  await world.settle()
  assert.ok(backend.rows.length >= 500, `${backend.rows.length} rows`)
  await world.stop()
})

test('kill -9 at any moment loses nothing, and repeats rows under their old UUIDs only', async (t) => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('give' as const), flows: fc.integer({ min: 1, max: 60 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2500 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('down' as const), is: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
  )
  const check = async (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    const backend = new TestBackend({ concurrency: 2 })
    Object.assign(backend, { latencyMs: 300, rowsPerPayload: 20 })
    const sink = new MemorySink()
    let world = await DeliveryWorld.start(t, { exporters: { backend, sink } })
    for (const one of steps) {
      if (one.kind === 'give') void world.give(one.flows)
      else if (one.kind === 'wait') await world.io.clock.advance(one.ms)
      else if (one.kind === 'down') backend.answer = () => (one.is ? DOWN : { kind: 'accepted' })
      else world = await world.kill(t)
      assert.equal(difference(world.sheet), 0)
    }
    backend.answer = () => ({ kind: 'accepted' })
    await world.io.clock.advance(300_000)
    assert.equal(backend.uuids().size, world.given)
    assert.equal(sink.rows.length, world.given)
    assert.deepEqual([world.sheet.delivered, world.sheet.pending], [world.given, 0])
    await world.stop()
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), check), { numRuns: 40, verbose: 1 })
})

test('the balance sheet closes at every instant, whatever backends do', async (t) => {
  const answers: readonly SendResult[] = [
    { kind: 'accepted' },
    DOWN,
    { kind: 'refused', reason: 'HTTP 400' },
    { kind: 'stopped', at: 3, reason: 'code 6' },
    { kind: 'too_large', reason: 'HTTP 413' },
  ]
  const step = fc.oneof(
    fc.record({ kind: fc.constant('give' as const), flows: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
    fc.record({
      kind: fc.constant('answer' as const),
      of: fc.nat({ max: 2 }),
      is: fc.nat({ max: answers.length - 1 }),
    }),
    fc.record({
      kind: fc.constant('reload' as const),
      without: fc.option(fc.constantFrom('patient', 'brief')),
    }),
  )
  const check = async (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    const backends = {
      patient: new TestBackend(),
      brief: new TestBackend({ outbox: { onFull: 'drop_oldest', maxBytes: 5000 } }),
      forgetful: new TestBackend({ outbox: { maxAgeMs: 10_000 } }),
    }
    const all = { ...backends, sink: new MemorySink() }
    const world = await DeliveryWorld.start(t, { exporters: all })
    const closes = () => {
      const { sheet } = world
      assert.equal(difference(sheet), 0, JSON.stringify(sheet))
      for (const { exporter, pending, deliveredRows } of sheet.exporters) {
        assert.ok(pending >= 0 && pending <= sheet.received, exporter)
        if (exporter !== 'sink') assert.ok(deliveredRows >= 0)
      }
    }
    for (const one of steps) {
      if (one.kind === 'give') void world.give(one.flows)
      else if (one.kind === 'wait') await world.io.clock.advance(one.ms)
      else if (one.kind === 'answer') Object.values(backends)[one.of].answer = () => answers[one.is]
      else {
        const reloaded = world.service.reload(
          world.config(
            Object.fromEntries(Object.entries(all).filter(([id]) => id !== one.without)) as typeof all,
          ),
        )
        await world.io.clock.advance(10_000)
        await reloaded
      }
      closes()
    }
    await world.stop()
    closes()
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), check), { numRuns: 40, verbose: 1 })
})

test('what an exporter drops stands on the sheet, by exporter and by reason', async (t) => {
  const full = new TestBackend({ outbox: { onFull: 'drop_oldest', maxBytes: 1 } })
  const old = new TestBackend({ outbox: { maxAgeMs: 5000 } })
  const strict = new TestBackend()
  full.answer = old.answer = () => DOWN
  strict.answer = (rows) => (rows.length > 2 ? { kind: 'refused', reason: 'no' } : { kind: 'accepted' })
  const world = await DeliveryWorld.start(t, { exporters: { full, old, strict } })
  for (const flows of [2, 3, 4]) {
    await world.give(flows)
    await world.commit()
  }
  assert.deepEqual(
    world.sheet.exporters.map(({ exporter, dropped, pending }) => [exporter, dropped, pending]),
    [
      ['full', { outbox_full: 5 }, 4],
      ['old', {}, 9],
      ['strict', { refused: 7 }, 0],
    ],
  )
  await world.io.clock.advance(10_000)
  assert.deepEqual(world.exporterSheet('old').dropped, { outbox_too_old: 9 }, 'without new rows too')
  assert.equal(difference(world.sheet), 0)
  await world.stop()
})

test('what is refused is kept in state_dir, in a file of its exporter, unless that is not wanted', async (t) => {
  const [own, none] = [new TestBackend(), new TestBackend({ deadLetter: 'none' })]
  own.answer = none.answer = () => ({ kind: 'refused', reason: 'no' })
  const world = await DeliveryWorld.start(t, { exporters: { 'own/a.b': own, none } })
  await world.give(2)
  await world.commit()
  const folder = join(world.stateDir, 'dead_letter')
  const letters = readFileSync(join(folder, 'own/a.b.jsonl'), 'utf8').trimEnd().split('\n')
  assert.deepEqual(
    letters.map((line) => JSON.parse(line).exporter),
    ['own/a.b', 'own/a.b'],
  )
  assert.deepEqual(readdirSync(folder, { recursive: true }).toSorted(), ['own', 'own/a.b.jsonl'])
  await world.stop()
})

test('a reload keeps what waits and repeats nothing', async (t) => {
  const backend = new TestBackend()
  Object.assign(backend, { latencyMs: 100, rowsPerPayload: 10 })
  const world = await DeliveryWorld.start(t, { exporters: { backend } })
  await world.give(100)
  await world.io.clock.advance(1350)
  const before = backend.rows.length
  assert.ok(before > 0 && before < 100, `${before} rows`)
  const reloaded = world.service.reload(world.config())
  await world.io.clock.advance(2000)
  await reloaded
  await world.io.clock.advance(5000)
  assert.equal(backend.rows.length, 100)
  assert.equal(backend.uuids().size, 100)
  await world.stop()
})

test('a reload that fails half-way leaves one courier an exporter, not two', async (t) => {
  const backend = new TestBackend()
  const world = await DeliveryWorld.start(t, { exporters: { backend } })
  const refusing = { definition: defineSender({ ...backend.definition, create: () => refuse() }) }
  const bad = world.config({ backend, refusing } as never)
  await assert.rejects(world.service.reload(bad), StartError)
  Object.assign(backend, { latencyMs: 100, rowsPerPayload: 10 })
  await world.give(50)
  await world.io.clock.advance(10_000)
  assert.equal(backend.rows.length, 50)
  assert.equal(backend.attempts, 5)
  await world.stop()
})

test('an exporter that leaves the config loses its rows with a warning that counts them', async (t) => {
  const gone = new TestBackend()
  gone.answer = () => DOWN
  const sink = new MemorySink()
  const world = await DeliveryWorld.start(t, { exporters: { gone, sink } })
  await world.give(5)
  await world.commit()
  const reloaded = world.service.reload(world.config({ sink } as never))
  await world.io.clock.advance(2000)
  await reloaded
  assert.match(world.io.log, /rows waited for an exporter .*they are dropped.*exporter=gone {2}rows=5/)
  await world.give(2)
  await world.commit()
  const { delivered, dropped, pending, exporters } = world.sheet
  assert.deepEqual([delivered, dropped, pending, difference(world.sheet)], [2, { exporter_removed: 5 }, 0, 0])
  assert.deepEqual(
    exporters.map(({ exporter, deliveredFlows }) => [exporter, deliveredFlows]),
    [
      ['gone', 0],
      ['sink', 7],
    ],
  )
  await world.stop()
})

test('a pipeline that leaves the config stays on the sheet until its rows have left', async (t) => {
  const backend = new TestBackend()
  backend.answer = () => DOWN
  const world = await DeliveryWorld.start(t, { exporters: { backend } })
  await world.give(5)
  await world.commit()
  const config = world.config()
  const [pipeline] = config.pipelines
  const reloaded = world.service.reload({ ...config, pipelines: [{ ...pipeline, id: 'logs/next' }] })
  await world.io.clock.advance(2000)
  await reloaded
  const sheets = () =>
    world.service
      .summary()
      .sheets.map((sheet) => [sheet.pipeline, sheet.delivered, sheet.pending, difference(sheet)])
  assert.deepEqual(sheets(), [
    ['logs/next', 0, 0, 0],
    ['logs', 0, 5, 0],
  ])
  backend.answer = () => ({ kind: 'accepted' })
  await world.io.clock.advance(60_000)
  assert.equal(backend.rows.length, 5)
  assert.deepEqual(sheets(), [['logs/next', 0, 0, 0]])
  await world.stop()
})

test('a stop sends what it can until the deadline; the rest leaves with the next start', async (t) => {
  const backend = new TestBackend()
  Object.assign(backend, { latencyMs: 500, rowsPerPayload: 10 })
  const world = await DeliveryWorld.start(t, { exporters: { backend }, service: { shutdownTimeoutMs: 5000 } })
  await world.give(1000)
  const stopped = world.service.stop()
  await world.io.clock.advance(6000)
  await stopped
  const sent = backend.rows.length
  assert.ok(sent >= 100 && sent <= 200, `${sent} rows, two requests of ten at a time for about five seconds`)
  assert.match(
    world.io.log,
    new RegExp(
      `stopped with rows that were not delivered; they leave with the next start.*rows=${1000 - sent}`,
    ),
  )
  backend.latencyMs = 0
  const next = await DeliveryWorld.start(t, {
    ...world.options,
    stateDir: world.stateDir,
    history: world.history,
  })
  await next.settle()
  await next.commit()
  assert.deepEqual([backend.rows.length, backend.uuids().size], [1000, 1000])
  assert.equal(next.sheet.delivered, 1000)
  await next.stop()
})

test('a run that ends with its input waits for the delivery, within shutdown_timeout', async (t) => {
  const backend = new TestBackend()
  backend.latencyMs = 3000
  const world = await DeliveryWorld.start(t, {
    exporters: { backend },
    service: { shutdownTimeoutMs: 20_000 },
  })
  await world.give(5)
  world.receiver.end()
  await world.io.clock.advance(4000)
  assert.equal(await world.service.done, 'ended')
  assert.equal(backend.rows.length, 5)
  assert.doesNotMatch(world.io.log, /not delivered/)
})

test('a short shutdown_timeout is time to send, too', async (t) => {
  const backend = new TestBackend()
  backend.latencyMs = 50
  const world = await DeliveryWorld.start(t, { exporters: { backend }, service: { shutdownTimeoutMs: 1000 } })
  await world.give(20)
  world.receiver.end()
  await world.io.clock.advance(2000)
  assert.equal(backend.rows.length, 20)
  assert.equal(await world.service.done, 'ended')
})

test('a run that ends with its input says what is left, and why, when a backend is down', async (t) => {
  const backend = new TestBackend()
  backend.answer = () => DOWN
  const world = await DeliveryWorld.start(t, {
    exporters: { backend },
    service: { shutdownTimeoutMs: 20_000 },
  })
  await world.give(5)
  world.receiver.end()
  await world.io.clock.advance(21_000)
  assert.equal(await world.service.done, 'incomplete')
  assert.match(
    world.io.log,
    /not delivered; they leave with the next start {2}exporter=backend {2}rows=5 {2}reason="HTTP 503"/,
  )
})

test('without a state that lasts, what is left is gone, and that is said too', async (t) => {
  const backend = new TestBackend()
  backend.answer = () => DOWN
  const world = await DeliveryWorld.start(t, { exporters: { backend }, stateDir: 'memory' })
  await world.give(2)
  await world.stop()
  assert.match(world.io.log, /error .*they are gone, because service.state_dir is memory/)
})

test('a sender that breaks its word ends the service', async (t) => {
  const backend = new TestBackend()
  backend.answer = () => {
    throw new Error('this is a bug')
  }
  const world = await DeliveryWorld.start(t, { exporters: { backend } })
  const ended = assert.rejects(world.service.done, /this is a bug/)
  await world.give(2)
  await world.commit()
  await ended
})

function refuse(): never {
  throw new SettingError(['endpoint'], 'nobody lives there')
}
