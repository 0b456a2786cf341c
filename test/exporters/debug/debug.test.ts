import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { debug } from '../../../exporters/debug/index.ts'
import type { Row } from '../../../src/sdk/index.ts'
import { rowBatch } from '../../../src/sdk/index.ts'
import { testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'

const NOBODY: Partial<Row> = {
  DestinationNamespace: undefined,
  DestinationWorkloads: undefined,
  DestinationIdentity: undefined,
} as object

/** What these rows look like, written and committed at once. */
function shown(rows: readonly Row[], { settings = {}, host = testHost() } = {}): string {
  const sink = debug.create({ settings: debug.settings.parse(settings), host, position: null })
  assert.deepEqual(sink.write(rowBatch(rows)), { kind: 'written', bytes: 0 })
  sink.committed()
  return host.printed()
}

const WINDOW = [
  row({ IngressFlowCount: 1200, EgressFlowCount: 34 }),
  row({
    Reply: true,
    SourceWorkloads: [{ name: 'api' }],
    DestinationWorkloads: [{ name: 'web' }],
    IngressFlowCount: 0,
    EgressFlowCount: 1100,
  }),
  row({
    ...NOBODY,
    Verdict: 'DROPPED',
    DropReason: 'POLICY_DENIED',
    DestinationIdentity: 2,
    IP: { destination: '93.184.216.34' },
    Layer4: { TCP: { destination_port: 443 } },
    IngressFlowCount: 0,
    EgressFlowCount: 3,
  }),
  row({
    SourceNamespace: 'team-checkout-production',
    DestinationWorkloads: [{ name: 'a-very-long-workload-name-of-the-checkout-service' }],
    Layer7: { type: 'RESPONSE', http: { code: 503, method: 'GET', url: '/api/v1/orders/1234567890/lines' } },
  }),
  row({
    DestinationNamespace: 'kube-system',
    DestinationWorkloads: [{ name: 'coredns' }],
    Layer4: { UDP: { destination_port: 53 } },
    Layer7: { dns: { rcode: 'NXDOMAIN', query: 'shop.exampel.com.' } },
    IngressFlowCount: 2,
    Revision: 1,
  }),
  row({
    ...NOBODY,
    DestinationIdentity: 6,
    Layer4: { ICMPv4: { type: 8 } },
    IngressFlowCount: 0,
    UnknownDirectionFlowCount: 4,
  }),
]

test('a window is a table: trouble first, then what there is most of', () => {
  assert.equal(
    shown(WINDOW),
    `
2026-01-01 00:00:00 to 00:00:30 UTC  6 rows, 2,355 flows, 3 with trouble; + adds to an earlier row
FLOWS     IN    OUT  ?  CLIENT                       SERVER                   PROTO   VERDICT    DETAIL
    3      -      3  -  shop/web                 ->  world/93.184.216.34:443  TCP     DROPPED    POLICY_DENIED
   12     12      -  -  team-checkout-producti…  ->  shop/a-very-long-…:8080  TCP     FORWARDED  HTTP 503 GET /api/v1/o…
   +2      2      -  -  shop/web                 ->  kube-system/coredns:53   UDP     FORWARDED  DNS NXDOMAIN shop.exam…
1,234  1,200     34  -  shop/web                 ->  shop/api:8080            TCP     FORWARDED
1,100      -  1,100  -  shop/web                 <-  shop/api:8080            TCP     FORWARDED
    4      -      -  4  shop/web                 ->  remote-node              ICMPv4  FORWARDED
`,
  )
})

test('a narrow terminal cuts names, never ports or numbers', () => {
  assert.equal(
    shown(WINDOW, { host: testHost({ columns: 90 }) }),
    `
2026-01-01 00:00:00 to 00:00:30 UTC  6 rows, 2,355 flows, 3 with trouble; + adds to an earlier row
FLOWS     IN    OUT  ?  CLIENT            SERVER          PROTO   VERDICT    DETAIL
    3      -      3  -  shop/web      ->  world/93.…:443  TCP     DROPPED    POLICY_DENIED
   12     12      -  -  team-checko…  ->  shop/a-v…:8080  TCP     FORWARDED  HTTP 503 GET…
   +2      2      -  -  shop/web      ->  kube-syste…:53  UDP     FORWARDED  DNS NXDOMAIN…
1,234  1,200     34  -  shop/web      ->  shop/api:8080   TCP     FORWARDED
1,100      -  1,100  -  shop/web      <-  shop/api:8080   TCP     FORWARDED
    4      -      -  4  shop/web      ->  remote-node     ICMPv4  FORWARDED
`,
  )
})

test('colours are for terminals that want them, and change nothing else', () => {
  const plain = shown(WINDOW)
  const colored = shown(WINDOW, { host: testHost({ colors: true }) })
  assert.equal(plain, stripVTControlCharacters(plain))
  assert.ok(colored.includes('\u001b[31mDROPPED'))
  assert.ok(colored.includes('\u001b[33mHTTP 503'))
  assert.equal(stripVTControlCharacters(colored).replace(/ +$/gm, ''), plain)
})

test('single flows are in the order of time, with the port of the server', () => {
  const single = (differs: Partial<Row>) => {
    const { WindowStart, WindowEnd, LastFlowTime, Revision, ...rest } = row(differs)
    return { ...rest, IngressFlowCount: differs.Reply ? 0 : 1, EgressFlowCount: differs.Reply ? 1 : 0 }
  }
  const flows = [
    single({
      TimeGenerated: '2026-01-01T00:00:02.5Z',
      Verdict: 'DROPPED',
      DropReason: 'POLICY_DENIED',
      Layer4: { TCP: { source_port: 41000, destination_port: 8080 } },
    }),
    single({
      TimeGenerated: '2026-01-01T00:00:01.000000001Z',
      Layer4: { TCP: { source_port: 41000, destination_port: 50051 } },
    }),
    single({
      TimeGenerated: '2026-01-01T00:00:01.123456789Z',
      Reply: true,
      SourceWorkloads: [{ name: 'api' }],
      DestinationWorkloads: [{ name: 'web' }],
      Layer4: { TCP: { source_port: 50051, destination_port: 41000 } },
    }),
  ]
  assert.equal(
    shown(flows),
    `
2026-01-01 00:00:01 to 00:00:02 UTC  3 rows, 3 flows, 1 with trouble
TIME          DIR  CLIENT        SERVER          PROTO  VERDICT    DETAIL
00:00:01.000  in   shop/web  ->  shop/api:50051  TCP    FORWARDED
00:00:01.123  out  shop/web  <-  shop/api:50051  TCP    FORWARDED
00:00:02.500  in   shop/web  ->  shop/api:8080   TCP    DROPPED    POLICY_DENIED
`,
  )
})

test('rows beyond max_rows are counted, and trouble is never among them', () => {
  const host = testHost()
  const text = shown([...WINDOW, row({ IngressFlowCount: 5 })], { settings: { max_rows: 3 }, host })
  assert.deepEqual(text.match(/DROPPED|HTTP 503|NXDOMAIN/g), ['DROPPED', 'HTTP 503', 'NXDOMAIN'])
  assert.match(text, /\n\.\.\. and 4 more rows \(2,343 flows\); raise max_rows to see them\n$/)
  assert.equal(host.metric('debug_rows_shown_total'), 3)
  assert.equal(host.metric('debug_rows_hidden_total'), 4)
})

test('JSON is one row a line, and an object that counts the others', () => {
  const rows = [
    row({ UUID: '1', IngressFlowCount: 3 }),
    row({ UUID: '2' }),
    row({ UUID: '3', IngressFlowCount: 1 }),
  ]
  const text = shown(rows, { settings: { format: 'json', max_rows: 2 } })
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(lines, [rows[1], rows[0], { HiddenRows: 1, HiddenFlows: 1 }])
})

test('rows are shown once, with their commit', () => {
  const host = testHost()
  const sink = debug.create({ settings: debug.settings.parse({ format: 'json' }), host, position: null })
  sink.write(rowBatch([row({ UUID: '1' })]))
  assert.equal(host.printed(), '')
  sink.committed()
  sink.committed()
  assert.equal(host.printed().match(/UUID/g)?.length, 1)
})

test('names from the network cannot steer the terminal', () => {
  const text = shown([row({ Layer7: { dns: { rcode: 'NXDOMAIN', query: 'a\u001b[2Jb\u009bc\nd' } } })])
  assert.match(text, /DNS NXDOMAIN a\?\[2Jb\?c\?d\n$/)
})

const SIDES: readonly [what: string, differs: object, shows: string][] = [
  ['a workload', {}, 'shop/api:8080'],
  [
    'a pod where the workload is unknown',
    { DestinationWorkloads: undefined, DestinationPodName: 'api-1' },
    'shop/api-1:8080',
  ],
  ['a namespace where pods differ', { DestinationWorkloads: undefined }, 'shop:8080'],
  ['an address', { ...NOBODY, IP: { destination: '10.0.0.9' } }, '10.0.0.9:8080'],
  ['the world', { ...NOBODY, DestinationIdentity: 2 }, 'world:8080'],
  ['something unknown', NOBODY, '?:8080'],
  ['other groups', { ...NOBODY, Other: true, Layer4: undefined }, '(other groups)'],
  ['ports of no protocol that has them', { Layer4: { ICMPv6: { type: 128 } } }, 'shop/api'],
]

for (const [what, differs, shows] of SIDES)
  test(`the server may be ${what}`, () => {
    const columns = shown([row(differs)])
      .trimEnd()
      .split('\n')
      .at(-1)!
      .split(/ {2,}/)
    assert.equal(columns[columns.indexOf('->') + 1], shows)
  })
