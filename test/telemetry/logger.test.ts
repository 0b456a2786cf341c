import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Log } from '../../src/telemetry/logger.ts'
import { FakeClock } from '../support/fake-clock.ts'

test('a text line has time, level, component, message and fields', () => {
  const { lines, log } = made('text')
  log
    .of('events_log')
    .warn('the file cannot be read', { file: '/var/log/x', reason: 'no such file', tries: 3 })
  assert.deepEqual(lines, [
    '2026-01-01T00:00:00.000Z warn  events_log: the file cannot be read  file=/var/log/x  reason="no such file"  tries=3\n',
  ])
})

test('a JSON line is one object', () => {
  const { lines, log } = made('json')
  log.of('file').error('gone', { path: 'x' })
  assert.deepEqual(JSON.parse(lines[0]), {
    level: 'error',
    time: '2026-01-01T00:00:00.000Z',
    component: 'file',
    path: 'x',
    message: 'gone',
  })
})

test('levels below the one that was set are silent', () => {
  const { lines, log } = made('text')
  log.of('file').debug('details')
  assert.deepEqual(lines, [])
})

test('a message that repeats is shown five times a minute, then its number', () => {
  const { lines, log, clock } = made('json')
  const logger = log.of('file')
  for (let i = 0; i < 100; i++) logger.warn('again', { i })
  assert.equal(lines.length, 5)
  logger.warn('another')
  assert.equal(lines.length, 6)
  void clock.advance(60_000)
  logger.warn('again', { i: 100 })
  assert.deepEqual(
    lines.slice(6).map((line) => [JSON.parse(line).i, JSON.parse(line).repeated]),
    [[100, 95]],
  )
})

test('what a person asked for is shown each time', () => {
  const { lines, log } = made('json')
  const logger = log.of('service', { isLimited: false })
  for (let i = 0; i < 20; i++) logger.error('the new configuration has mistakes', { i })
  assert.equal(lines.length, 20)
})

function made(format: 'text' | 'json') {
  const lines: string[] = []
  const clock = new FakeClock()
  const log = new Log({ level: 'info', format }, clock, (line) => lines.push(line))
  return { lines, log, clock }
}
