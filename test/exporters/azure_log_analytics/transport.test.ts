import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline'
import { azureLogAnalytics } from '../../../exporters/azure_log_analytics/index.ts'
import { Transport, type TransportSettings } from '../../../exporters/azure_log_analytics/transport.ts'
import { faultyServer, refusingUrl } from '../../support/faulty-server.ts'
import { testHost } from '../../support/host.ts'

function transport(t: TestContext, settings: { readonly proxy?: string } = {}): Transport {
  const target = { endpoint: 'https://unused.ingest.monitor.azure.com', rule_id: 'dcr-1' }
  const parsed = azureLogAnalytics.settings.parse({ ...target, ...settings }) as TransportSettings
  const made = new Transport(parsed, testHost())
  t.after(() => made.close())
  return made
}

test('a request arrives as it is, and its answer comes back', async (t) => {
  const server = await faultyServer(t, [{ status: 202, headers: { 'x-answer': 'yes' }, body: 'taken' }])
  const headers = createHttpHeaders({ 'x-question': 'who' })
  const request = createPipelineRequest({
    url: `${server.url}/token?a=1`,
    method: 'POST',
    body: 'grant=1',
    headers,
  })
  request.allowInsecureConnection = true
  const { status, headers: received, bodyAsText } = await transport(t).sendRequest(request)
  assert.deepEqual([status, received.get('x-answer'), bodyAsText], [202, 'yes', 'taken'])
  const [seen] = server.requests
  assert.deepEqual(
    [seen.method, seen.url, seen.headers['x-question'], seen.body.toString()],
    ['POST', '/token?a=1', 'who', 'grant=1'],
  )
})

test('an identity of the machine is asked without a proxy', async (t) => {
  const [proxy, machine] = [
    await faultyServer(t, [{ status: 502 }]),
    await faultyServer(t, [{ status: 200 }]),
  ]
  const asked = await transport(t, { proxy: proxy.url }).sendRequest(
    createPipelineRequest({ url: machine.url }),
  )
  assert.equal(asked.status, 200)
  assert.deepEqual([proxy.requests.length, machine.requests.length], [0, 1])
})

test('a request ends by the timeout that Azure gives it, or when it is called off', async (t) => {
  const server = await faultyServer(t, ['silence'])
  const aborted = { name: 'AbortError' }
  await assert.rejects(
    transport(t).sendRequest(createPipelineRequest({ url: server.url, timeout: 50 })),
    aborted,
  )
  const abortSignal = AbortSignal.timeout(50)
  await assert.rejects(
    transport(t).sendRequest(createPipelineRequest({ url: server.url, abortSignal })),
    aborted,
  )
})

test('what goes wrong is told in the words of every exporter', async (t) => {
  const url = await refusingUrl()
  await assert.rejects(transport(t).sendRequest(createPipelineRequest({ url })), {
    name: 'RestError',
    message: `connection refused by ${new URL(url).host}`,
  })
})
