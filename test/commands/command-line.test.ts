import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { cli } from '../../src/commands/cli.ts'
import type { SenderDefinition } from '../../src/sdk/index.ts'
import { SOUND } from '../config/support.ts'
import { testCatalog } from '../support/catalog.ts'
import { flow, line } from '../support/flows.ts'
import { tempDir } from '../support/temp-dir.ts'
import { TestTerminal } from '../support/terminal.ts'

async function flowfold(...argv: string[]) {
  const terminal = new TestTerminal({ TOKEN: 'token-from-env' })
  const code = await cli(testCatalog, argv, terminal)
  return { code, out: terminal.printed, err: terminal.complained }
}

function write(test: TestContext, text: string): string {
  const path = join(tempDir(test), 'prod.yaml')
  writeFileSync(path, text)
  return path
}

test('--help names every command, the exit codes and the signals', async () => {
  const { code, out, err } = await flowfold('--help')
  assert.equal(code, 0)
  assert.equal(err, '')
  for (const word of [
    'run',
    'validate',
    'try',
    'test',
    'print-config',
    'components',
    'balance',
    'replay',
    '78',
    'SIGHUP',
    'Examples',
  ])
    assert.match(out, new RegExp(`\\b${word}\\b`))
  assert.doesNotMatch(out, /\bdocs\b/, 'docs is for a checkout')
})

test('without a command, help goes to stderr', async () => {
  const { code, out, err } = await flowfold()
  assert.equal(code, 78)
  assert.equal(out, '')
  assert.match(err, /^Usage: flowfold/)
})

test('every command explains itself', async () => {
  for (const command of [
    'run',
    'validate',
    'try',
    'test',
    'print-config',
    'components',
    'balance',
    'replay',
  ]) {
    const { code, out } = await flowfold(command, '--help')
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^Usage: flowfold ${command}`))
  }
})

/** The command line, and the first line of the answer. */
const WRONG: readonly (readonly [argv: string, answer: string])[] = [
  ['rnu', "flowfold: unknown command 'rnu'"],
  ['run', 'flowfold: run needs --config <file...>'],
  ['run --confg x', "flowfold: unknown option '--confg'"],
  ['run --config', "flowfold: option '--config <file...>' argument missing"],
  ['try --config x', 'flowfold: try needs --input <recording>'],
  [
    'try --config x --input y --top many',
    "flowfold: option '--top <number>' argument 'many' is invalid. Write a whole number.",
  ],
  ['replay x', 'flowfold: replay needs --config <file...>'],
  ['replay --config x', "flowfold: missing required argument 'file'"],
  [
    'replay x --config y --patience soon',
    `flowfold: option '--patience <duration>' argument 'soon' is invalid. Write a duration such as "30s".`,
  ],
  ['components fodl', 'flowfold: no component "fodl"; did you mean "fold"?'],
  [
    'balance --endpoint here',
    'flowfold: "here" is no endpoint; write "host:port", such as "localhost:13133"',
  ],
]

for (const [argv, answer] of WRONG)
  test(`"flowfold ${argv}" is told what is wrong with it`, async () => {
    const { code, out, err } = await flowfold(...argv.split(' '))
    assert.deepEqual([code, out, err.split('\n')[0]], [78, '', answer])
  })

test('a near miss is answered with what was meant', async () => {
  assert.match((await flowfold('valdate')).err, /Did you mean validate\?/)
  assert.match((await flowfold('run', '--confg', 'x')).err, /Did you mean --config\?/)
})

test('validate counts what a sound config has', async (t) => {
  const { code, out } = await flowfold('validate', '--config', write(t, SOUND))
  assert.equal(code, 0)
  assert.equal(out, 'the configuration is valid: 1 pipeline, 1 receiver, 2 processors, 1 exporter\n')
})

test('validate prints every mistake, then how many', async (t) => {
  const path = write(t, SOUND.replace('endpoint', 'endpont').replace('workload', 'workloda'))
  const { code, out, err } = await flowfold('validate', '--config', path)
  assert.deepEqual([code, out], [78, ''])
  assert.deepEqual(err.split('\n'), [
    `${path}:7:5 processors.fold.key: must be one of "acns", "workload" or a list, not "workloda"; did you mean "workload"?`,
    `${path}:10:5 exporters.hec.endpont: unknown setting; did you mean "endpoint"?`,
    'flowfold: 2 mistakes in the configuration',
    '',
  ])
})

test('a warning does not make a config invalid', async (t) => {
  const path = write(t, SOUND.replace('[keep, fold]', '[fold]'))
  const { code, err } = await flowfold('validate', '--config', path)
  assert.equal(code, 0)
  assert.equal(err, `warning: ${path}:5:3 processors.keep: no pipeline uses this processor\n`)
})

for (const command of ['run', 'try', 'test', 'print-config'])
  test(`${command} refuses a bad config with 78`, async (t) => {
    const path = write(t, SOUND.replace('endpoint', 'endpont'))
    const input = command === 'try' ? ['--input', path] : []
    const { code, out, err } = await flowfold(command, '--config', path, ...input)
    assert.deepEqual([code, out], [78, ''])
    assert.match(err, /did you mean "endpoint"\?\nflowfold: 1 mistake in the configuration\n$/)
  })

test('print-config prints YAML without secrets', async (t) => {
  const path = write(
    t,
    SOUND.replace('secret-token', () => '${' + 'env:TOKEN}'),
  )
  const { code, out } = await flowfold('print-config', '--config', path)
  assert.equal(code, 0)
  assert.match(out, /^ {4}token: "\[hidden\]"$/m)
  assert.doesNotMatch(out, /token-from-env/)
})

test('components lists all settings, for people and for programs', async () => {
  const { out } = await flowfold('components', 'hec')
  assert.match(
    out,
    /^exporter hec\n {2}Sends to HEC\.\n {4}endpoint {2}\(text; required\)\n {8}Where to send\n/,
  )
  assert.match(out, /token {2}\(text; required; secret\)/)
  const { out: json } = await flowfold('components', '--json')
  const all = JSON.parse(json) as { section: string; type: string; settings: { name: string }[] }[]
  assert.deepEqual(
    all.map(({ section, type }) => `${section}/${type}`),
    ['receivers/tail', 'processors/keep', 'processors/fold', 'exporters/hec', 'exporters/plain'],
  )
  assert.deepEqual(
    all[3].settings.map(({ name }) => name),
    ['endpoint', 'token', 'headers', 'max_bytes', 'retry', 'retry.first', 'retry.attempts'],
  )
})

test('balance says so when nobody answers', async () => {
  const { code, err } = await flowfold('balance', '--endpoint', '127.0.0.1:1')
  assert.equal(code, 1)
  assert.match(err, /^flowfold: no balance sheet from 127\.0\.0\.1:1: connect ECONNREFUSED/)
})

test('try counts a recording and shows its largest groups', async (t) => {
  const dir = tempDir(t)
  const config = join(dir, 'prod.yaml')
  writeFileSync(config, SOUND.replace('[keep, fold]', '[]'))
  const input = join(dir, 'events.log')
  // The last line lacks its line feed, one is damaged.
  writeFileSync(
    input,
    `${line(flow())}${line(flow())}{"flow":\n${line(flow({ verdict: 'DROPPED' })).trimEnd()}`,
  )
  const { code, out } = await flowfold('try', '--config', config, '--input', input, '--rows', '1')
  assert.equal(code, 0)
  assert.equal(JSON.parse(out.split('\n')[0]).SourcePodName, 'web-5d4f8-abcde')
  assert.match(out, /logs\/acns: 4 flows in 3 rows, /)
  assert.match(out, /FORWARDED shop\/web -> shop\/api TCP 8080 +2 +50\.0 %/)
  assert.match(out, /dropped +1\n/)
  assert.match(out, /balanced +0\n/)
})

test('try asks a sender for the bytes it would send, and sends none', async (t) => {
  const dir = tempDir(t)
  const config = join(dir, 'prod.yaml')
  writeFileSync(
    config,
    SOUND.replace('[keep, fold]', '[]')
      .replace(/hec:[\s\S]*service:/, 'wire:\nservice:')
      .replace('[hec]', '[wire]'),
  )
  const input = join(dir, 'events.log')
  writeFileSync(input, line(flow()) + line(flow()))
  const terminal = new TestTerminal()
  const catalog = { ...testCatalog, exporters: { wire: async () => wire } }
  const code = await cli(catalog, ['try', '--config', config, '--input', input], terminal)
  assert.equal(code, 0, terminal.complained)
  assert.match(terminal.printed, /wire +2 +2 +20 B /)
})

/** Ten bytes a row, which nobody may send. */
const wire = {
  kind: 'sender',
  type: 'wire',
  summary: 'Sends.',
  settings: z.strictObject({}),
  metrics: [],
  delivery: never,
  create: () => ({
    encode: (rows) => [{ rows, body: new Uint8Array(rows.length * 10) }],
    send: never,
    probe: never,
  }),
} satisfies SenderDefinition

function never(): never {
  throw new Error('a trial sends nothing')
}

test('try reads .gz, skips lines that are too long, and says when a recording ends early', async (t) => {
  const dir = tempDir(t)
  const config = join(dir, 'prod.yaml')
  writeFileSync(config, SOUND.replace('[keep, fold]', '[]'))
  const input = join(dir, 'events.log.gz')
  const packed = gzipSync(`${line(flow())}${'x'.repeat(20 * 2 ** 20)}\n${line(flow())}`)
  writeFileSync(input, packed)
  const whole = await flowfold('try', '--config', config, '--input', input)
  assert.equal(whole.code, 0)
  assert.match(whole.out, /3 flows in 2 rows/)
  assert.match(whole.out, /line_too_long +1\n/)
  writeFileSync(input, packed.subarray(0, packed.length - 20))
  const cut = await flowfold('try', '--config', config, '--input', input)
  assert.equal(cut.code, 1)
  assert.match(cut.err, /events\.log\.gz cannot be read to its end: /)
})

test('try of what is not there says so', async (t) => {
  const config = write(t, SOUND.replace('[keep, fold]', '[]'))
  const missing = await flowfold('try', '--config', config, '--input', 'nix.log')
  assert.deepEqual([missing.code, missing.out], [1, ''])
  assert.match(missing.err, /flowfold: nix\.log cannot be read to its end: there is no such file\n$/)
  const pipeline = await flowfold('try', '--config', config, '--input', 'nix.log', '--pipeline', 'logs/anc')
  assert.equal(pipeline.code, 78)
  assert.match(pipeline.err, /flowfold: no pipeline "logs\/anc"; did you mean "logs\/acns"\?\n$/)
})
