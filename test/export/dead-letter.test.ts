import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DeadLetter } from '../../src/export/dead-letter.ts'
import { testHost } from '../support/host.ts'
import { row } from '../support/rows.ts'
import { tempDir } from '../support/temp-dir.ts'

test('a refused row is a line with its exporter, time and reason; the folder is made', (t) => {
  const { path, letter } = letterIn(t)
  letter.write([row({ UUID: 'a' }), row({ UUID: 'b' })], '400: "no"')
  letter.write([row({ UUID: 'c' })], 'too long')
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ exporter, refusedAt, reason, row: { UUID } }) => [exporter, refusedAt, reason, UUID]),
    [
      ['splunk', '2026-01-01T00:00:00.000Z', '400: "no"', 'a'],
      ['splunk', '2026-01-01T00:00:00.000Z', '400: "no"', 'b'],
      ['splunk', '2026-01-01T00:00:00.000Z', 'too long', 'c'],
    ],
  )
  assert.deepEqual(lines[0].row, row({ UUID: 'a' }))
  assert.equal(letter.bytes, statSync(path).size)
  assert.equal(statSync(path).mode & 0o777, 0o640, 'rows name pods and addresses')
})

test('a file that is full gets no more, which is told; moved away, it begins anew', (t) => {
  const { path, letter, host } = letterIn(t, 2000)
  for (let i = 0; i < 5; i++) letter.write([row()], 'no')
  assert.ok(letter.bytes > 1000 && letter.bytes <= 2000, `${letter.bytes} bytes`)
  assert.match(
    JSON.stringify(host.lines[0]),
    /cannot be written to the dead letter; they are gone.*it is full; move it away/,
  )
  writeFileSync(path, '')
  letter.write([row()], 'no')
  assert.ok(letter.bytes > 0)
})

test('a file that cannot be written is told, and is no reason to stop', (t) => {
  const { path, host } = letterIn(t)
  writeFileSync(join(path, '..', '..', 'file'), '')
  new DeadLetter('splunk', join(path, '..', '..', 'file', 'x.jsonl'), host.clock, host.log).write(
    [row()],
    'no',
  )
  assert.match(JSON.stringify(host.lines), /they are gone.*EEXIST/)
})

test('without a file, refused rows are counted elsewhere, and gone', () => {
  const { clock, log, lines } = testHost()
  const letter = new DeadLetter('splunk', null, clock, log)
  letter.write([row()], 'no')
  assert.deepEqual([letter.bytes, lines.length], [0, 0])
})

function letterIn(t: Parameters<typeof tempDir>[0], maxBytes?: number) {
  const path = join(tempDir(t), 'refused', 'splunk.jsonl')
  const host = testHost()
  return { path, host, letter: new DeadLetter('splunk', path, host.clock, host.log, maxBytes) }
}
