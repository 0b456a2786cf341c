import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { aggregate } from '../../../processors/aggregate/index.ts'
import { FIELDS, FLOW_COLUMN_NAMES, SettingError } from '../../../src/sdk/index.ts'

/** Settings, the path of the mistake, and what the message must say. */
const MISTAKES: readonly [settings: object, path: readonly (string | number)[], says: RegExp][] = [
  [
    { key: ['verdict', 'sorce_namespace'] },
    ['key', 1],
    /unknown field "sorce_namespace"; did you mean "source_namespace"\?/,
  ],
  [{ key: ['zzzzzzzzzzzzzzzzzzzz'] }, ['key', 0], /the README of aggregate lists them/],
  [{ carry: ['verdikt'] }, ['carry', 0], /did you mean "verdict"\?/],
  [{ key: [] }, ['key'], /names no field/],
  [{ key: ['server_port'] }, ['key'], /"server_port" needs "l4_protocol" beside it/],
  [{ key: ['icmp_type'] }, ['key'], /"icmp_type" needs "l4_protocol"/],
  [{ key: ['verdict'], carry: ['destination_port'] }, ['carry'], /"destination_port" needs "l4_protocol"/],
  [
    { key: ['l4_protocol', 'server_port', 'source_port'] },
    ['key'],
    /have the same place in a row; take one of them/,
  ],
  [{ key: 'workload', carry: ['source_port'] }, ['carry'], /"server_port" and "source_port"/],
  [{ window: '1500ms' }, ['window'], /whole seconds/],
]

for (const [settings, path, says] of MISTAKES)
  test(`${JSON.stringify(settings)} is refused with a way out`, () => {
    const parsed = aggregate.settings.parse(settings)
    for (const refuse of [() => aggregate.check!(parsed), () => create(parsed)])
      assert.throws(refuse, (error) => {
        assert.ok(error instanceof SettingError)
        assert.deepEqual(error.path, path)
        assert.match(error.message, says)
        return true
      })
  })

const OUT_OF_RANGE = [
  { window: '500ms' },
  { window: '2d' },
  { evidence: 21 },
  { evidence: -1 },
  { max_groups: 0 },
  { key: 'worklod' },
  { carry: 'all' },
  { dns_rcode: 'text' },
  { on_shutdown: 'drop' },
  { windw: '30s' },
]

for (const settings of OUT_OF_RANGE)
  test(`${JSON.stringify(settings)} does not fit the schema`, () => {
    assert.equal(aggregate.settings.safeParse(settings).success, false)
  })

test('the defaults are those of the docs', () => {
  assert.deepEqual(aggregate.settings.parse({}), {
    window: 30_000,
    key: 'workload',
    lateness: 5000,
    carry: 'agreed',
    evidence: 5,
    max_groups: 50_000,
    dns_rcode: 'name',
    on_shutdown: 'flush',
  })
})

test('it reads the columns of its settings and no others', () => {
  const reads = (settings: object) => aggregate.reads(aggregate.settings.parse(settings)).toSorted()
  const always = [
    'aggregated',
    'bytes',
    'bytes_high',
    'drop_reason',
    'egress_flows',
    'ingress_flows',
    'packets',
    'time_ns',
    'time_s',
    'unknown_flows',
    'verdict',
  ]
  const bare = { carry: 'none', evidence: 0 }
  assert.deepEqual(reads({}), FLOW_COLUMN_NAMES.filter((name) => !/^line_/.test(name)).toSorted())
  assert.deepEqual(reads({ key: ['source_namespace'], ...bare }), [...always, 'source'].toSorted())
  assert.deepEqual(
    reads({ key: ['l4_protocol', 'server_port'], ...bare }),
    [...always, 'l4_protocol', 'is_reply', 'source_port', 'destination_port'].toSorted(),
  )
  assert.deepEqual(
    reads({ key: ['tcp_destination_port'], ...bare }),
    [...always, 'l4_protocol', 'destination_port'].toSorted(),
  )
})

test('the README lists every field that a key may name', () => {
  const readme = readFileSync(new URL('../../../processors/aggregate/README.md', import.meta.url), 'utf8')
  const missing = FIELDS.filter(({ name }) => !readme.includes(`\`${name}\``))
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  )
})

function create(settings: unknown): void {
  aggregate.create({ settings, host: undefined as never, pipeline: 'logs' } as never)
}
