import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempDir } from '../../support/temp-dir.ts'
import { allRows, fileSink } from './world.ts'

const WRITER = join(import.meta.dirname, 'writer.ts')

for (const compress of ['gzip', 'zstd'])
  test(`rows are there once after kill -9 at any moment, rotated and compressed (${compress})`, async (t) => {
    const folder = tempDir(t)
    for (let kills = 0; kills < 5; kills++) {
      const writer = spawn(process.execPath, [WRITER, folder, compress], {
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
    const rotation = { max_size: 200_000, keep: 0, compress }
    await fileSink({ path: join(folder, 'rows.jsonl'), rotation }, { position }).close()
    assert.ok(
      readdirSync(folder).some((name) => /\.(gz|zst)$/.test(name)),
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
