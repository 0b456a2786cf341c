import { test } from 'node:test'
import { tempDir } from '../support/temp-dir.ts'
import { outage } from './outage.ts'

test('a backend that is down until the outbox is full, then up, with kill -9 in between: all rows arrive', async (t) => {
  t.diagnostic('the long version, a million rows, is npm run test:delivery')
  await outage({
    test: t,
    dir: tempDir(t),
    rows: 20_000,
    maxBytes: 1_000_000,
    progress: (text) => t.diagnostic(text),
  })
})
