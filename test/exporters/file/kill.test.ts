import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempDir } from '../../support/temp-dir.ts'
import { allRows, fileSink } from './world.ts'
import { writerSettings } from './writer-settings.ts'

const WRITER = join(import.meta.dirname, 'writer.ts')

for (const [format, compress, rotated] of [
  ['jsonl', 'gzip', /\.gz$/],
  ['jsonl', 'zstd', /\.zst$/],
  ['avro', 'none', /^rows-.*\.avro$/],
] as const)
  test(`rows are there once after kill -9 at any moment, rotated and compressed (${format}, ${compress})`, async (t) => {
    const folder = tempDir(t)
    for (let kills = 0; kills < 5; kills++) {
      const writer = spawn(process.execPath, [WRITER, folder, format, compress], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(writer.stdout, 'data')
      const aliveMs = 10 + Math.random() * 110
      t.diagnostic(`killed after ${aliveMs.toFixed(1)} ms`)
      await sleep(aliveMs)
      writer.kill('SIGKILL')
      await once(writer, 'exit')
    }
    const { position, next } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))
    await fileSink(writerSettings(folder, format, compress), { position }).close()
    assert.ok(
      readdirSync(folder).some((name) => rotated.test(name)),
      'nothing was rotated',
    )
    const numbers = allRows(folder)
      .map(Number)
      .sort((a, b) => a - b)
    assert.deepEqual(
      numbers,
      Array.from({ length: next }, (_, i) => i),
    )
  })
