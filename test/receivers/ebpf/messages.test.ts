import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject, Row } from '../../../src/sdk/index.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { printed, skipReason } from './kernel.ts'
import { NodeWorld } from './node-world.ts'
import { HTTP_PORT } from './talk.ts'

const skip = await skipReason()
const FLOWFOLD = join(import.meta.dirname, '../../../flowfold.ts')
const TALK = join(import.meta.dirname, 'talk.ts')
const ROUNDS = 5

test('what a pod asks another over DNS and HTTP is in rows, with names, codes and counts', {
  skip,
  timeout: 90_000,
}, async (context) => {
  const rows = await rowsOfTalk(context)
  assert.ok(!JSON.stringify(rows).includes('secret'), 'something left that must not')
  const answers = rows.filter(({ Layer7, Reply }) => Layer7 !== undefined && Reply === true)
  // Seen at the interface of the client, and at that of the server.
  const counts = { IngressFlowCount: ROUNDS, EgressFlowCount: ROUNDS }
  for (const prefix of ['', 'tcp.'])
    for (const [name, rcode] of [
      ['www', 'NOERROR'],
      ['nx', 'NXDOMAIN'],
      ['broken', 'SERVFAIL'],
    ])
      for (const type of ['A', 'AAAA']) {
        const transport = prefix === '' ? 'UDP' : 'TCP'
        const query = `${prefix}${name}.example.test.`
        const of = answers.filter(
          ({ Layer4, Layer7 }) =>
            Layer4?.[transport] !== undefined &&
            object(Layer7?.dns).query === query &&
            JSON.stringify(object(Layer7?.dns).qtypes) === `["${type}"]`,
        )
        const what = `${transport} ${type} ${query}`
        assert.deepEqual(
          of.map((row) => object(row.Layer7?.dns).rcode),
          of.map(() => rcode),
          what,
        )
        assert.deepEqual(summed(of), counts, what)
        for (const row of of) assert.deepEqual(endsOf(row), ['shop/server', 'shop/client'], what)
      }
  for (const code of [200, 404, 503]) {
    const of = answers.filter(({ Layer7 }) => object(Layer7?.http).code === code)
    // Over IPv4 and IPv6, and at the server alone.
    assert.deepEqual(summed(of), { IngressFlowCount: 2 * ROUNDS, EgressFlowCount: 0 }, String(code))
    for (const row of of) {
      assert.deepEqual(endsOf(row), ['shop/server', 'shop/client'])
      const { method, url } = object(row.Layer7?.http)
      assert.deepEqual([method, url], ['GET', `/status/${code}`])
    }
  }
})

async function rowsOfTalk(context: TestContext): Promise<Row[]> {
  const world = await NodeWorld.make(context)
  const folder = tempDir(context)
  const path = (name: string) => join(folder, name)
  writeFileSync(path('config.yaml'), config(path))
  const server = world.start(context, world.pod(2), process.execPath, TALK, 'serve')
  await printed(server, 'ready')
  const flowfold = world.start(
    context,
    world.node,
    process.execPath,
    FLOWFOLD,
    'run',
    '--config',
    path('config.yaml'),
  )
  let log = ''
  flowfold.stderr.on('data', (piece) => {
    log += piece
  })
  for (let tries = 0; !log.includes('"feature":"flows","how"'); tries++) {
    assert.ok(tries < 200 && flowfold.exitCode === null, log)
    await sleep(50)
  }
  const asking = { ip4: world.ip4(2), ip6: world.ip6(2), rounds: ROUNDS }
  const client = world.start(context, world.pod(1), process.execPath, TALK, 'ask', JSON.stringify(asking))
  let complaints = ''
  client.stderr.on('data', (piece) => {
    complaints += piece
  })
  assert.equal(await new Promise((resolve) => client.on('exit', resolve)), 0, complaints)
  await sleep(1000)
  const ended = new Promise((resolve) => flowfold.on('exit', resolve))
  flowfold.kill('SIGTERM')
  assert.equal(await ended, 0, log)
  return readFileSync(path('rows.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function summed(rows: readonly Row[]) {
  const sum = (column: 'IngressFlowCount' | 'EgressFlowCount') =>
    rows.reduce((total, row) => total + row[column], 0)
  return { IngressFlowCount: sum('IngressFlowCount'), EgressFlowCount: sum('EgressFlowCount') }
}

function endsOf(row: Row): string[] {
  const nameOf = (workloads: Row['SourceWorkloads']) => (workloads as { name: string }[])[0].name
  return [
    `${row.SourceNamespace}/${nameOf(row.SourceWorkloads)}`,
    `${row.DestinationNamespace}/${nameOf(row.DestinationWorkloads)}`,
  ]
}

function object(value: unknown): JsonObject {
  return (value ?? {}) as JsonObject
}

function config(path: (name: string) => string): string {
  return `
receivers:
  ebpf:
    interval: 300ms
    http: { capture: server, ports: [${HTTP_PORT}], per_second: 0 }
    names:
      - { address: 10.99.1.2, namespace: shop, workload: client }
      - { address: fd99:1::/64, namespace: shop, workload: client }
      - { address: 10.99.2.0/24, namespace: shop, workload: server }
      - { address: fd99:2::/64, namespace: shop, workload: server }
processors:
  aggregate:
    window: 5s
    key: [verdict, is_reply, source_namespace, source_workloads, destination_namespace, destination_workloads, l4_protocol, server_port, http_code, http_path, dns_rcode, dns_query, dns_qtypes]
exporters:
  file: { path: ${path('rows.jsonl')} }
service:
  state_dir: ${path('state')}
  health: { endpoint: none }
  telemetry: { metrics: { endpoint: none } }
  pipelines:
    logs: { receivers: [ebpf], processors: [aggregate], exporters: [file] }
`
}
