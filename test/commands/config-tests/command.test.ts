import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { catalog } from '../../../flowfold.ts'
import { cli } from '../../../src/commands/cli.ts'
import { flow, line } from '../../support/flows.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { TestTerminal } from '../../support/terminal.ts'

const CONFIG = `receivers:
  events_log: { include: [/nowhere/events.log] }
processors:
  filter/drops: { include: [{ verdict: [dropped] }] }
  aggregate: { key: pod }
exporters:
  file: { path: FOLDER/rows.jsonl }
  otlp_http: { endpoint: 'http://127.0.0.1:1' }
service:
  state_dir: FOLDER/state
  pipelines:
    logs/drops: { receivers: [events_log], processors: [filter/drops, aggregate], exporters: [otlp_http, file] }
    logs/all: { receivers: [events_log], exporters: [file] }
`

const DROP = `{ time: 2026-01-01T00:00:01Z, verdict: DROPPED, drop_reason_desc: POLICY_DENIED,
          source: { namespace: shop, pod_name: web-1 }, destination: { namespace: payments, pod_name: db-0 },
          l4: { TCP: { source_port: 41000, destination_port: 5432 } }, traffic_direction: EGRESS }`

/** Runs `flowfold test` on the config with these tests, and shows what it printed without the folder. */
async function flowfoldTest(t: TestContext, tests: string, files: { readonly [name: string]: Buffer } = {}) {
  const folder = tempDir(t)
  const path = join(folder, 'prod.yaml')
  writeFileSync(path, `${CONFIG.replaceAll('FOLDER', folder)}${tests}`)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  const terminal = new TestTerminal()
  const code = await cli(catalog, ['test', '--config', path], terminal)
  const plain = (text: string) => text.replaceAll(`${folder}/`, '')
  return { code, folder, out: plain(terminal.printed), err: plain(terminal.complained) }
}

test('tests that hold are counted, and leave no trace', async (t) => {
  const { code, folder, out, err } = await flowfoldTest(
    t,
    `tests:
  - name: drops fold
    flows: [${DROP}, ${DROP}, { verdict: FORWARDED }]
    expect:
      logs/drops: [{ Verdict: DROPPED, EgressFlowCount: 2, Layer7: null }]
      logs/all: [{ Verdict: FORWARDED }, { Verdict: DROPPED }, { Verdict: DROPPED }]
  - name: nothing comes of nothing
    flows: []
    expect: { logs/drops: [] }
`,
  )
  assert.equal(
    out,
    `ok    prod.yaml:15:5  drops fold
ok    prod.yaml:24:5  nothing comes of nothing
2 tests: 2 passed, 0 failed
`,
  )
  assert.deepEqual([code, err], [0, ''])
  assert.deepEqual(readdirSync(folder), ['prod.yaml'])
})

test('a test that does not hold shows what differs, and where it stands', async (t) => {
  const { code, out } = await flowfoldTest(
    t,
    `tests:
  - name: drops fold
    flows:
      - ${DROP}
      - ${DROP}
      - { time: 2026-01-01T00:00:09Z, verdict: DROPPED, node_name: n }
    expect:
      logs/drops:
        - { Verdict: DROPPED, SourcePodName: web-1, EgressFlowCount: 3,
            Layer4: { TCP: { destination_port: 5433 } }, Layer7: { type: REQUEST } }
      logs/all: [{}, {}, {}, { Verdict: FORWARDED }]
`,
  )
  assert.equal(code, 1)
  const uuid = /UUID: "([^"]+)"/.exec(out)?.[1]
  assert.equal(
    out,
    `FAIL  prod.yaml:15:5  drops fold
      logs/drops: prod.yaml:26:11: row 1 did not come out; the closest that did differs
        - Layer4.TCP.destination_port: 5433
        + Layer4.TCP.destination_port: 5432
        - Layer7: {"type":"REQUEST"}
        + Layer7: (nothing)
        - EgressFlowCount: 3
        + EgressFlowCount: 2
      logs/drops: a row came out that the test does not expect
        + TimeGenerated: "2026-01-01T00:00:09Z"
        + UUID: "${uuid}"
        + Verdict: "DROPPED"
        + NodeName: "n"
        + IngressFlowCount: 0
        + EgressFlowCount: 0
        + UnknownDirectionFlowCount: 1
        + WindowStart: "2026-01-01T00:00:00Z"
        + WindowEnd: "2026-01-01T00:00:30Z"
        + LastFlowTime: "2026-01-01T00:00:09Z"
        + Revision: 0
      logs/all: prod.yaml:28:30: row 4 did not come out
1 test: 0 passed, 1 failed
`,
  )
})

test('an exact match looks at every column but UUID, and says what is missing', async (t) => {
  const whole = `{ TimeGenerated: '2026-01-01T00:00:01.000Z', Verdict: FORWARDED, NodeName: node,
            IngressFlowCount: 1, EgressFlowCount: 0, UnknownDirectionFlowCount: 0 }`
  const tests = (row: string) => `tests:
  - name: whole
    match: exact
    flows: [{ time: 2026-01-01T00:00:01Z, verdict: FORWARDED, traffic_direction: INGRESS }]
    expect: { logs/all: [${row}] }
`
  const { code, out } = await flowfoldTest(t, tests(whole))
  assert.equal(code, 1)
  assert.match(out, /^ {8}- TrafficDirection: \(nothing\)\n {8}\+ TrafficDirection: "INGRESS"$/m)
  const mended = whole.replace('NodeName', 'TrafficDirection: INGRESS, NodeName')
  assert.equal((await flowfoldTest(t, tests(mended))).code, 0)
})

test('a recording is input too, and may be compressed or damaged', async (t) => {
  const lines = `${line(flow())}{"damaged\n${line(flow({ verdict: 'DROPPED' }))}`
  const tests = (file: string) => `tests:
  - name: recorded
    file: ${file}
    expect: { logs/drops: [{ SourceNamespace: shop, IngressFlowCount: 1 }] }
`
  const files = { 'events.log': Buffer.from(lines), 'events.log.gz': gzipSync(lines) }
  assert.equal((await flowfoldTest(t, tests('events.log'), files)).code, 0)
  assert.equal((await flowfoldTest(t, tests('events.log.gz'), files)).code, 0)
  const missing = await flowfoldTest(t, tests('nix.log'), files)
  assert.equal(missing.code, 1)
  assert.match(missing.out, /^ {6}logs\/drops: nix\.log cannot be read: there is no such file$/m)
})

test('a flow that cannot be read fails its test', async (t) => {
  const { code, out } = await flowfoldTest(
    t,
    `tests:
  - name: damaged
    flows: ['{"flow":{"verdict":"DROPPED"}}', '{"flow":{']
    expect: { logs/all: [{ Verdict: DROPPED }] }
`,
  )
  assert.equal(code, 1)
  assert.match(out, /^ {6}logs\/all: not all of its flows can be read: 1 \w+$/m)
})

test('flows far apart in time are never late, however long it takes', async (t) => {
  const flows = Array.from(
    { length: 50 },
    (_, i) => `{ time: ${new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString()}, verdict: DROPPED }`,
  )
  const { code, out } = await flowfoldTest(
    t,
    `tests:
  - name: fifty windows
    flows: [${flows.join(', ')}]
    expect: { logs/drops: [${flows.map(() => '{ Revision: 0 }').join(', ')}] }
`,
  )
  assert.equal(code, 0, out)
})

test('without tests, and with mistakes, the exit code is 78', async (t) => {
  const none = await flowfoldTest(t, '')
  assert.deepEqual([none.code, none.out], [78, ''])
  assert.equal(none.err, 'flowfold: prod.yaml: there are no tests; write some below "tests"\n')
  const wrong = await flowfoldTest(t, 'tests: [{ name: x, flows: [], expect: { logs/nix: [] } }]\n')
  assert.equal(wrong.code, 78)
  assert.match(
    wrong.err,
    /^prod\.yaml:14:41 tests\[0\]\.expect\.logs\/nix: there is no such pipeline; did you mean/,
  )
})

test('validate takes a config with tests, and names what is wrong with them', async (t) => {
  const path = join(tempDir(t), 'prod.yaml')
  const tests = 'tests: [{ name: x, file: not-there.log, expect: { logs/all: [{ Verdict: X }] } }]\n'
  writeFileSync(path, CONFIG + tests)
  assert.equal(await cli(catalog, ['validate', '--config', path], new TestTerminal()), 0)
  writeFileSync(path, CONFIG + tests.replace('Verdict', 'Verdict2'))
  const terminal = new TestTerminal()
  assert.equal(await cli(catalog, ['validate', '--config', path], terminal), 78)
  assert.match(terminal.complained, /Verdict2: unknown setting; did you mean "Verdict"\?/)
})

const EXAMPLES = join(import.meta.dirname, '../../../config')
const TESTED = globSync('**/*.yaml', { cwd: EXAMPLES }).filter((path) =>
  /^tests:/m.test(readFileSync(join(EXAMPLES, path), 'utf8')),
)

test('some of the examples carry tests', () => {
  assert.ok(TESTED.length >= 2)
})

for (const path of TESTED)
  test(`config/${path} does what its tests say`, async () => {
    const terminal = new TestTerminal()
    const code = await cli(catalog, ['test', '--config', join(EXAMPLES, path)], terminal)
    assert.equal(code, 0, terminal.printed + terminal.complained)
    assert.ok(!existsSync('/var/log/flowfold'))
  })
