import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateAggregatedLines, generateLines } from '../../bench/generator.ts'
import { Random } from '../../bench/traffic/random.ts'
import { aggregate } from '../../processors/aggregate/index.ts'
import { eventsLog } from '../../receivers/events_log/index.ts'
import { Service } from '../../src/engine/service.ts'
import { flowsOf } from '../../src/sdk/index.ts'
import { difference } from '../../src/telemetry/balance-sheet.ts'
import { systemClock } from '../../src/util/clock.ts'
import { configOf, MemorySink, TestIo } from '../support/parts.ts'

/** A file that does not come to its end within this time is a hang. */
const LONGEST_RUN_MS = 20_000

/**
 * Feeds files of damaged lines and of plain garbage to a whole pipeline for a while. Each must be read to its end, and the
 * balance sheet must close. Returns how many files it was.
 */
export async function fuzzPipeline(seed: number, durationMs: number): Promise<number> {
  const random = new Random(seed)
  const lines = [...generateLines({ seed, flows: 300 }), ...generateAggregatedLines({ seed, flows: 2000 })]
  const dir = mkdtempSync(join(tmpdir(), 'flowfold-fuzz-'))
  const untilMs = Date.now() + durationMs
  let files = 0
  try {
    for (; Date.now() < untilMs; files++) {
      const bytes = damagedFile(random, lines)
      const path = join(dir, 'events.log')
      writeFileSync(path, bytes)
      await readToTheEnd(path).catch((error) => {
        const kept = join(tmpdir(), `flowfold-fuzz-${seed}-${files}.log`)
        writeFileSync(kept, bytes)
        throw new Error(`seed ${seed}, file ${files}, kept as ${kept}: ${(error as Error).message}`, {
          cause: error,
        })
      })
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  return files
}

async function readToTheEnd(path: string): Promise<void> {
  const sink = new MemorySink()
  const settings = { include: [path], stop_at_end: true, batch_bytes: '64KiB', max_line_bytes: '64KiB' }
  const service = await Service.start(
    configOf({
      receivers: { events_log: eventsLog },
      processors: { aggregate },
      exporters: { memory: sink.definition },
      settings: { events_log: settings },
      pipelines: [
        { id: 'logs', receivers: ['events_log'], processors: ['aggregate'], exporters: ['memory'] },
      ],
    }),
    { ...new TestIo(), clock: systemClock },
  )
  const hang = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('it hangs')), LONGEST_RUN_MS).unref()
  })
  await Promise.race([service.done, hang])
  const [sheet] = service.summary().sheets
  assert.equal(difference(sheet), 0, JSON.stringify(sheet))
  assert.equal(sheet.pending, 0, JSON.stringify(sheet))
  assert.equal(
    sink.rows.reduce((flows, row) => flows + flowsOf(row), 0),
    sheet.delivered,
  )
}

/** Lines, most of them damaged in one way or another, with stretches of anything in between. */
function damagedFile(random: Random, lines: readonly string[]): Buffer {
  const pieces: Buffer[] = []
  const count = random.between(1, 60)
  for (let i = 0; i < count; i++) {
    const line = Buffer.from(random.pick(lines))
    pieces.push(random.chance(0.3) ? line : damage(random, line))
  }
  return Buffer.concat(pieces)
}

function damage(random: Random, line: Buffer): Buffer {
  const at = random.between(0, line.length)
  switch (random.between(0, 9)) {
    case 0:
      line[at] = random.between(0, 256)
      return line
    case 1:
      return line.subarray(0, at)
    case 2:
      return Buffer.concat([line.subarray(0, at), garbage(random, random.between(1, 40)), line.subarray(at)])
    case 3:
      return garbage(random, random.between(1, 3000))
    case 4:
      return Buffer.alloc(random.between(1, 70_000))
    case 5:
      return Buffer.concat([line.subarray(0, line.length - 1), line])
    case 6:
      return Buffer.from(`${'[{"flow":'.repeat(random.between(1, 3000))}\n`)
    case 7:
      return Buffer.concat([Buffer.alloc(random.between(60_000, 70_000), 0x61), line])
    default:
      return Buffer.from(line.toString().replace(/\d+/g, (digits) => oddNumber(random, digits)))
  }
}

function garbage(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = random.between(0, 256)
  return bytes
}

function oddNumber(random: Random, digits: string): string {
  if (!random.chance(0.1)) return digits
  return random.pick([
    '4294967295',
    '4294967296',
    '9007199254740993',
    '-1',
    '1e9',
    '0.5',
    '00',
    '"7"',
    'null',
    '1e400',
  ])
}
