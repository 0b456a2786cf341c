import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, SOUND } from './support.ts'

async function valid(...args: Parameters<typeof load>) {
  const { loaded, dir } = await load(...args)
  assert.ok(loaded.kind === 'valid', JSON.stringify(loaded.kind === 'invalid' && loaded.errors, null, 1))
  return { ...loaded, dir }
}

test('a config becomes components with settings, pipelines and service settings', async (t) => {
  const { config } = await valid(t, { 'prod.yaml': SOUND })
  assert.deepEqual(config.receivers.get('tail')?.settings, {
    include: ['/var/log/events.log'],
    start_at: 'beginning',
    poll_interval: 250,
    stop_at_end: false,
  })
  assert.deepEqual(config.processors.get('keep')?.settings, { rules: [] })
  assert.deepEqual(config.exporters.get('hec')?.input, { endpoint: 'https://hec', token: 'secret-token' })
  assert.deepEqual(config.pipelines, [
    { id: 'logs/acns', receivers: ['tail'], processors: ['keep', 'fold'], exporters: ['hec'] },
  ])
  assert.deepEqual(config.service, {
    stateDir: '/var/lib/flowfold',
    durability: 'process',
    commitIntervalMs: 1000,
    shutdownTimeoutMs: 20_000,
    nodeName: null,
    dictionaryBytes: 32 * 2 ** 20,
    logs: { level: 'info', format: 'auto' },
    metricsEndpoint: { host: 'localhost', port: 8888 },
    healthEndpoint: { host: 'localhost', port: 13133 },
  })
})

test('the settings of the service reach the engine', async (t) => {
  const service = `service:
  state_dir: memory
  durability: power
  commit_interval: 500ms
  shutdown_timeout: 1m30s
  node_name: node-7
  dictionary_bytes: 1MiB
  telemetry: { metrics: { level: none }, logs: { level: debug, format: json } }
  health: { endpoint: "[::1]:13133" }`
  const { config } = await valid(t, { 'prod.yaml': SOUND.replace('service:', service) })
  assert.deepEqual(config.service, {
    stateDir: 'memory',
    durability: 'power',
    commitIntervalMs: 500,
    shutdownTimeoutMs: 90_000,
    nodeName: 'node-7',
    dictionaryBytes: 2 ** 20,
    logs: { level: 'debug', format: 'json' },
    metricsEndpoint: null,
    healthEndpoint: { host: '::1', port: 13133 },
  })
})

test('later files win: maps merge, lists and scalars are replaced', async (t) => {
  const { config } = await valid(t, {
    'base.yaml': SOUND,
    'prod.yaml': `receivers:
  tail: { include: [/a, /b] }
exporters:
  hec: { token: another }
  plain:
service:
  pipelines: { logs/acns: { exporters: [plain, hec] } }
`,
  })
  assert.deepEqual(config.receivers.get('tail')?.input, { include: ['/a', '/b'] })
  assert.deepEqual(config.exporters.get('hec')?.input, { endpoint: 'https://hec', token: 'another' })
  assert.deepEqual(config.pipelines, [
    { id: 'logs/acns', receivers: ['tail'], processors: ['keep', 'fold'], exporters: ['plain', 'hec'] },
  ])
})

test('a file that says nothing changes nothing', async (t) => {
  const { config } = await valid(t, {
    'base.yaml': SOUND,
    'empty.yaml': '',
    'comment.yaml': '# to be filled\n',
  })
  assert.equal(config.pipelines.length, 1)
})

test('places name the file and the line that had the last word', async (t) => {
  const { config, dir } = await valid(t, {
    'base.yaml': SOUND,
    'prod.yaml': 'exporters:\n  hec:\n    token: another\n',
  })
  const place = (...path: (string | number)[]) => config.placeOf(path).replace(`${dir}/`, '')
  assert.equal(place('exporters', 'hec', 'token'), 'prod.yaml:3:5')
  assert.equal(place('exporters', 'hec', 'endpoint'), 'base.yaml:10:5')
  assert.equal(place('receivers', 'tail', 'include', 0), 'base.yaml:3:15')
  assert.equal(place('processors', 'fold', 'window'), 'base.yaml:6:3', 'where it would belong')
})

test('anchors and merge keys save repetition', async (t) => {
  const { config } = await valid(t, {
    'prod.yaml': SOUND.replace('  hec:', '  hec: &hec').replace(
      'service:',
      '  hec/two: { <<: *hec, token: other }\nservice:',
    ),
  })
  assert.deepEqual(config.exporters.get('hec/two')?.input, { endpoint: 'https://hec', token: 'other' })
})
