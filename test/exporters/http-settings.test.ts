import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { otlpHttp } from '../../exporters/otlp_http/index.ts'
import { splunkHec } from '../../exporters/splunk_hec/index.ts'
import { loadConfig } from '../../src/config/load.ts'
import { printable } from '../../src/config/printable.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { surroundings } from '../../src/config/surroundings.ts'
import type { Catalog } from '../../src/sdk/index.ts'
import { TestCa } from '../support/certificates.ts'
import { HandReceiver } from '../support/parts.ts'
import { tempDir } from '../support/temp-dir.ts'

const CATALOG: Catalog = {
  receivers: { hand: async () => new HandReceiver().definition },
  processors: {},
  exporters: { otlp_http: async () => otlpHttp, splunk_hec: async () => splunkHec },
}

/** Loads a config with one exporter. */
async function load(t: TestContext, type: string, settings: object, folder = tempDir(t)) {
  const path = join(folder, 'flowfold.yaml')
  const pipelines = { logs: { receivers: ['hand'], exporters: [type] } }
  const config = {
    receivers: { hand: {} },
    exporters: { [type]: settings },
    service: { state_dir: folder, pipelines },
  }
  writeFileSync(path, stringify(config))
  return loadConfig(CATALOG, [path], surroundings({}))
}

async function mistakes(t: TestContext, type: string, settings: object, folder = tempDir(t)) {
  const loaded = await load(t, type, settings, folder)
  assert.equal(loaded.kind, 'invalid', 'nothing is wrong with it')
  return loaded.kind === 'invalid'
    ? loaded.errors.map((error) =>
        formatProblem(error)
          .replaceAll(`${folder}/`, '')
          .replace(/^.*?: /s, ''),
      )
    : []
}

const SPLUNK = { endpoint: 'https://splunk:8088', token: 'abc' }
const OTLP = { endpoint: 'http://collector:4318' }

const MISTAKES: readonly (readonly [type: string, settings: object, mistake: RegExp])[] = [
  ['otlp_http', {}, /does not say where to send; set `endpoint`/],
  ['otlp_http', { ...OTLP, logs_endpoint: 'http://other/logs' }, /there is an `endpoint` as well/],
  [
    'otlp_http',
    { endpoint: 'http://collector:4318/v1/logs/' },
    /would be added once more; .*`logs_endpoint`/,
  ],
  ['otlp_http', { endpoint: 'collector:4318' }, /is no http or https URL; write for example/],
  ['otlp_http', { endpoint: 'http://user:secret-word@collector' }, /put credentials into/],
  ['otlp_http', { ...OTLP, proxy: 'gateway' }, /is no URL; write for example "http:\/\/proxy:3128"/],
  ['otlp_http', { ...OTLP, token: 'abc', token_file: 'token' }, /there is a `token` as well/],
  ['otlp_http', { ...OTLP, token_file: 'nowhere' }, /there is no file nowhere/],
  ['otlp_http', { ...OTLP, tls: { ca_file: 'nowhere' } }, /there is no file nowhere/],
  ['otlp_http', { ...OTLP, tls: { cert_file: 'cert.pem' } }, /set `tls.key_file` as well/],
  ['otlp_http', { ...OTLP, tls: { key_file: 'key.pem' } }, /set `tls.cert_file` as well/],
  ['splunk_hec', { endpoint: 'https://splunk:8088' }, /has no token; set `token_file` or `token`/],
  [
    'splunk_hec',
    { ...SPLUNK, endpoint: 'https://splunk:8088/services/collector/event' },
    /would be added once more; take it away/,
  ],
  ['splunk_hec', { ...SPLUNK, max_content_length: '1B' }, /must be at least 1.0 KiB/],
]

for (const [type, settings, mistake] of MISTAKES)
  test(`${type} with ${JSON.stringify(settings)} is a mistake: ${mistake.source}`, async (t) => {
    const [found, ...more] = await mistakes(t, type, settings)
    assert.match(found, mistake)
    assert.doesNotMatch(found, /secret-word/)
    assert.deepEqual(more, [])
  })

test('files that hold no certificate are a mistake', async (t) => {
  const folder = tempDir(t)
  const file = join(folder, 'ca.pem')
  writeFileSync(file, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
  const [found] = await mistakes(t, 'otlp_http', { ...OTLP, tls: { ca_file: file } }, folder)
  assert.match(found, /the files of `tls` are no PEM, or do not belong together/)
})

test('a key of another certificate is a mistake', async (t) => {
  const folder = tempDir(t)
  const ca = new TestCa(folder)
  const tls = { cert_file: ca.sign('one').certFile, key_file: ca.sign('two').keyFile }
  const [found] = await mistakes(t, 'otlp_http', { ...OTLP, tls }, folder)
  assert.match(found, /do not belong together: .*key values mismatch/)
})

test('no secret is printed', async (t) => {
  const secrets = {
    token: 'the-token-itself',
    headers: { 'x-key': 'the-key-itself' },
    proxy: 'http://u:the-password@p',
  }
  for (const [type, settings] of [
    ['otlp_http', { ...OTLP, ...secrets }],
    ['splunk_hec', { ...SPLUNK, ...secrets }],
  ] as const) {
    const loaded = await load(t, type, settings)
    assert.ok(loaded.kind === 'valid', JSON.stringify(loaded))
    const text = stringify(printable(loaded.config, loaded.root))
    assert.match(text, /\[hidden\]/)
    assert.doesNotMatch(text, /the-token-itself|the-key-itself|the-password/)
  }
})
