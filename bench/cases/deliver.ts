import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalog } from '../../flowfold.ts'
import { Courier } from '../../src/export/courier.ts'
import { DeadLetter } from '../../src/export/dead-letter.ts'
import { Dictionary } from '../../src/record/dictionary.ts'
import { flowsOfBatch, type RowBatch, TextRows } from '../../src/record/row-batch.ts'
import { Outbox } from '../../src/state/outbox.ts'
import { Store } from '../../src/state/store.ts'
import { systemClock } from '../../src/util/clock.ts'
import { testHost } from '../../test/support/host.ts'
import { decodeFile } from './decode-file.ts'
import { report } from './self-measure.ts'
import { workloadFold } from './workload-fold.ts'

/** A window of a busy node: that many rows come with one commit. */
const ROWS_PER_COMMIT = 2000
/** The rows are delivered again and again until they are so many: in a long life, the start of it does not count. */
const LEAST_ROWS = 200_000

/**
 * Folds a file, which does not count, and then delivers its rows: into the outbox on disk, out of it again, and over HTTP to
 * a backend on loopback.
 */
export async function deliver(
  type: 'splunk_hec' | 'otlp_http',
  settingsFor: (url: string) => object,
): Promise<void> {
  const batches = await fold(process.argv[2])
  const dir = mkdtempSync(join(tmpdir(), 'flowfold-deliver-'))
  const backend = spawn(process.execPath, [join(import.meta.dirname, 'http-sink.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [url] = await once(backend.stdout, 'data')
  const store = Store.open({ dir, durability: 'process', nowMs: 0, warn: () => {} })
  try {
    const rows = batches.reduce((sum, batch) => sum + batch.flows.length, 0)
    const times = Math.ceil(LEAST_ROWS / rows)
    const before = process.cpuUsage()
    await deliverAll(type, settingsFor(String(url)), store, Array(times).fill(batches).flat())
    report(before, { flows: batches.reduce((sum, batch) => sum + flowsOfBatch(batch), 0), rows }, times)
  } finally {
    store.close()
    backend.stdin.end()
    rmSync(dir, { recursive: true })
  }
}

async function deliverAll(
  type: 'splunk_hec' | 'otlp_http',
  input: object,
  store: Store,
  batches: readonly RowBatch[],
) {
  const definition = await catalog.exporters[type]()
  if (definition.kind !== 'sender') throw new Error(`${type} does not send`)
  const settings = definition.settings.parse(input)
  const delivery = definition.delivery(settings)
  const host = { ...testHost({ id: type }), clock: systemClock }
  const outbox = await Outbox.open(store, [
    { exporter: type, pipelines: new Set(['logs']), ...delivery.outbox },
  ])
  const commit = () => {
    outbox.seal(systemClock.now())
    const nothing = { positions: new Map(), folds: new Map(), sinks: new Map(), ledgers: new Map() }
    store.commit({ ...nothing, outbox: outbox.change() })
    outbox.stored()
    courier.wake()
  }
  const courier = new Courier({
    id: type,
    sender: definition.create({ settings, host }),
    settings: delivery,
    outbox,
    deadLetter: new DeadLetter(type, null, systemClock, host.log),
    books: { delivered() {}, lost: fail, discarded: fail },
    clock: systemClock,
    log: host.log,
    meter: host.metrics,
    random: Math.random,
  })
  void courier.start()
  for (const batch of batches) {
    outbox.add('logs', batch, systemClock.now())
    commit()
    await systemClock.breathe()
  }
  while (courier.waitingRows > 0) await systemClock.sleep(5)
  await courier.stop(systemClock.now())
  commit()
}

async function fold(path: string): Promise<RowBatch[]> {
  const dictionary = new Dictionary()
  const { fold, reads, nowMs } = await workloadFold(dictionary)
  const batches: RowBatch[] = []
  const keep = (windows: Iterable<{ readonly rows: RowBatch }>) => {
    for (const { rows } of windows) batches.push(...pieces(rows))
  }
  decodeFile(path, dictionary, reads, (batch) => {
    fold.fold(batch)
    keep(fold.close(nowMs))
  })
  keep(fold.flush())
  return batches
}

/** As bytes, which is how the fold hands them on. */
function* pieces({ lines, flows }: RowBatch): Generator<RowBatch> {
  for (let at = 0; at < lines.length; at += ROWS_PER_COMMIT) {
    const some = lines.slice(at, at + ROWS_PER_COMMIT)
    const text = Buffer.from(some.map((line) => `${line}\n`).join(''))
    yield new TextRows(text, flows.slice(at, at + ROWS_PER_COMMIT))
  }
}

function fail(): never {
  throw new Error('the backend takes everything')
}
