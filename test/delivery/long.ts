import { test } from 'node:test'
import { tempDir } from '../support/temp-dir.ts'
import { outage } from './outage.ts'

test('a backend that is down while a million rows are made, then up, with kill -9 in between: all arrive', async (t) => {
  const progress = (text: string) => void process.stdout.write(`${text}\n`)
  await outage({ test: t, dir: tempDir(t), rows: 1_000_000, maxBytes: 2 ** 30, progress })
})
