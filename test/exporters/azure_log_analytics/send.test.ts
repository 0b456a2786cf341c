import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { entriesIn, error, logsApi, RULE, STREAM, senderTo } from './world.ts'

const NEVER = new AbortController().signal
const PATH = `/dataCollectionRules/${RULE}/streams/${STREAM}?api-version=2023-01-01`

test('a payload arrives as one request, at the rule, with a token, as it was encoded', async (t) => {
  const { url, requests } = await logsApi(t)
  const sender = senderTo(url)
  const rows = [row({ UUID: 'a' }), row({ UUID: 'b', DestinationPodName: 'pöd' })]
  const [payload] = sender.encode(rows)
  assert.deepEqual(await sender.send(payload, NEVER), { kind: 'accepted' })
  assert.equal(requests.length, 1)
  const [{ method, url: path, headers, body }] = requests
  assert.deepEqual([method, decodeURIComponent(path)], ['POST', PATH])
  assert.equal(headers.authorization, 'Bearer token-1')
  assert.equal(headers['content-encoding'], 'gzip')
  assert.equal(headers['content-type'], 'application/json')
  assert.match(headers['user-agent']!, /^flowfold /)
  assert.ok(body.equals(payload.body))
  assert.deepEqual(
    entriesIn(requests[0]),
    rows.map((one) => ({ ...one, FirstFlowTime: one.TimeGenerated })),
  )
})

test('payloads that are under way together do not mix', async (t) => {
  const { url, requests } = await logsApi(t)
  const sender = senderTo(url)
  const payloads = Array.from({ length: 20 }, (_, i) => [...sender.encode([row({ UUID: `${i}` })])][0])
  const results = await Promise.all(payloads.map((payload) => sender.send(payload, NEVER)))
  assert.ok(results.every(({ kind }) => kind === 'accepted'))
  const arrived = requests.flatMap((request) => entriesIn(request).map(({ UUID }) => Number(UUID)))
  assert.deepEqual(
    arrived.sort((a, b) => a - b),
    [...Array(20).keys()],
  )
})

test('a probe is let in like rows, and leaves none', async (t) => {
  const { url, requests } = await logsApi(t, [error(403, 'OperationFailed', 'no access to ingest data')])
  const sender = senderTo(url)
  const result = await sender.probe(NEVER)
  assert.ok(
    result.kind === 'retry' && /Monitoring Metrics Publisher/.test(result.reason),
    JSON.stringify(result),
  )
  assert.deepEqual(await sender.probe(NEVER), { kind: 'accepted' })
  assert.deepEqual(
    requests.map((request) => [
      decodeURIComponent(request.url),
      request.headers.authorization,
      entriesIn(request),
    ]),
    [
      [PATH, 'Bearer token-1', []],
      [PATH, 'Bearer token-1', []],
    ],
  )
})

test('rows whose time Azure replaces are counted, and told of once', async (t) => {
  const { url, requests } = await logsApi(t)
  const host = testHost()
  const sender = senderTo(url, { host })
  const days = [-3, -1.9, 0, 0.9, 1.1].map((day) =>
    new Date(host.clock.now() + day * 86_400_000).toISOString(),
  )
  for (const TimeGenerated of [...days, ...days])
    for (const payload of sender.encode([row({ TimeGenerated })])) await sender.send(payload, NEVER)
  assert.equal(host.metric('azure_log_analytics_restamped_rows_total'), 4)
  assert.deepEqual(
    host.lines.map(({ level, fields }) => ({ level, time: fields.time })),
    [{ level: 'warn', time: days[0] }],
  )
  assert.deepEqual(
    requests.flatMap((request) => entriesIn(request).map(({ FirstFlowTime }) => FirstFlowTime)),
    [...days, ...days],
  )
})
