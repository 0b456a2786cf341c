import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Auth, credentialOf } from '../../../exporters/azure_log_analytics/auth.ts'
import { azureLogAnalytics } from '../../../exporters/azure_log_analytics/index.ts'
import { SettingError } from '../../../src/sdk/index.ts'
import { fileOf, selfSigned } from '../../support/certificates.ts'
import { testHost } from '../../support/host.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { transportFor } from './world.ts'

const SOUND = { endpoint: 'https://rule-a1b2.eastus-1.ingest.monitor.azure.com', rule_id: 'dcr-0a1b' }
const APPLICATION = { tenant_id: 'tenant', client_id: 'client' }

const MISTAKES: readonly (readonly [what: string, settings: object, problem: RegExp])[] = [
  [
    'an endpoint without TLS',
    { endpoint: 'http://x.ingest.monitor.azure.com' },
    /is no logs ingestion endpoint/,
  ],
  [
    'an endpoint with a path',
    { endpoint: `${SOUND.endpoint}/dataCollectionRules` },
    /is no logs ingestion endpoint/,
  ],
  ['a resource id', { rule_id: '/subscriptions/s/dataCollectionRules/r' }, /is not the resource id/],
  [
    'a stream of a built-in table',
    { stream: 'Microsoft-ContainerNetworkLogs' },
    /is no stream of a custom table/,
  ],
  ['a secret that is missing', { auth: { kind: 'client_secret', ...APPLICATION } }, /client_secret/],
  ['a setting of another kind', { auth: { kind: 'managed_identity', tenant_id: 't' } }, /tenant_id/],
]

for (const [what, settings, problem] of MISTAKES)
  test(`${what} is refused`, () => {
    const { error } = azureLogAnalytics.settings.safeParse({ ...SOUND, ...settings })
    assert.match(error!.message, problem)
  })

test('a certificate that is not there is told of before anything is sent', (t) => {
  const certificate_file = join(tempDir(t), 'cert.pem')
  const auth = { kind: 'client_certificate', ...APPLICATION, certificate_file }
  const settings = azureLogAnalytics.settings.parse({ ...SOUND, auth })
  assert.throws(
    () => azureLogAnalytics.check!(settings),
    (error) => error instanceof SettingError && /cannot be read/.test(error.message),
  )
})

const IDENTITIES: readonly (readonly [credential: string, auth: Auth])[] = [
  ['DefaultAzureCredential', { kind: 'default' }],
  ['WorkloadIdentityCredential', { kind: 'workload_identity', ...APPLICATION, token_file: 'token' }],
  ['ManagedIdentityCredential', { kind: 'managed_identity', client_id: 'client' }],
  ['ClientSecretCredential', { kind: 'client_secret', ...APPLICATION, client_secret: 'secret' }],
  ['ClientCertificateCredential', { kind: 'client_certificate', ...APPLICATION, certificate_file: 'c.pem' }],
]

for (const [credential, auth] of IDENTITIES)
  test(`${auth.kind} asks a ${credential}`, async () => {
    assert.equal(
      (await credentialOf(auth, 'government', transportFor(fileOf(selfSigned().cert), testHost())))
        .constructor.name,
      credential,
    )
  })
