// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in a config look like placeholders
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { printable } from '../../src/config/printable.ts'
import { type Files, load, SOUND } from './support.ts'

const SECRETS = { TOKEN: 'token-from-env', HEADER: 'header-from-env' }

const WITH_SECRETS = SOUND.replace(
  'token: secret-token',
  'token: ${env:TOKEN}\n    headers: { Authorization: "Splunk ${env:HEADER}", X-Plain: written-header }',
).replace('endpoint: https://hec', 'endpoint: https://${file:user.txt}@hec')

async function printed(test: TestContext, files: Files, env = {}): Promise<string> {
  const { loaded } = await load(test, files, env)
  assert.ok(loaded.kind === 'valid', JSON.stringify(loaded))
  return stringify(printable(loaded.config, loaded.root))
}

test('no secret is printed, wherever it came from', async (t) => {
  const text = await printed(t, { 'prod.yaml': WITH_SECRETS, 'user.txt': 'user-from-file' }, SECRETS)
  for (const secret of ['token-from-env', 'header-from-env', 'written-header', 'user-from-file'])
    assert.ok(!text.includes(secret), `${secret} stands in\n${text}`)
  assert.deepEqual(parse(text).exporters.hec, {
    endpoint: '[hidden]',
    token: '[hidden]',
    headers: '[hidden]',
    max_bytes: '1MiB',
    retry: { first: '1s' },
  })
})

test('no secret stands in an error', async (t) => {
  const broken = WITH_SECRETS.replace('max_groups', 'x')
    .replace('${env:TOKEN}', 'abc')
    .replace('key: workload', 'window: ${file:window.txt}\n    key: ${file:key.txt}')
    .replace('keep:', 'keep: { language: "${file:language.txt}" }')
  const files = { 'user.txt': 'u', 'window.txt': 'hush1', 'key.txt': 'hush2', 'language.txt': 'hush3' }
  const { loaded } = await load(t, { 'prod.yaml': broken, ...files }, SECRETS)
  assert.ok(loaded.kind === 'invalid')
  assert.deepEqual(
    loaded.errors.map(({ problem }) => problem),
    [
      '"[hidden]" is not understood; write "kql"',
      '"[hidden]" is no duration; write for example "30s", "5m" or "1h30m"',
      'must be one of "acns", "workload" or a list',
      'must have at least 4 characters',
    ],
  )
})

test('defaults are filled in, as they would be written', async (t) => {
  const text = await printed(t, { 'prod.yaml': SOUND })
  const { receivers, processors, service } = parse(text)
  assert.deepEqual(receivers.tail, {
    include: ['/var/log/events.log'],
    start_at: 'beginning',
    poll_interval: '250ms',
    stop_at_end: false,
  })
  assert.deepEqual(processors, {
    keep: { rules: [] },
    fold: { key: 'workload', window: '30s', max_groups: 50_000 },
  })
  assert.deepEqual(service.telemetry, {
    metrics: { level: 'normal', endpoint: 'localhost:8888' },
    logs: { level: 'info', format: 'auto' },
  })
})

test('what is printed is a config that runs the same', async (t) => {
  const first = SOUND.replace('/var/log/events.log', () => '"$$${env:X} ${env:REF}"').replace(
    'token: secret-token',
    'token: secret-token\n    retry: { first: 2s }',
  )
  const env = { X: '$', REF: '${env:NIX} 100$$' }
  const text = await printed(t, { 'prod.yaml': first }, env)
  const [one, two] = await Promise.all([first, text].map((yaml) => load(t, { 'prod.yaml': yaml }, env)))
  assert.ok(one.loaded.kind === 'valid' && two.loaded.kind === 'valid')
  for (const section of ['receivers', 'processors'] as const)
    for (const [id, { settings }] of one.loaded.config[section])
      assert.deepEqual(two.loaded.config[section].get(id)?.settings, settings)
  assert.deepEqual(two.loaded.config.service, one.loaded.config.service)
  assert.deepEqual(two.loaded.config.pipelines, one.loaded.config.pipelines)
})
