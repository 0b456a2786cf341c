import assert from 'node:assert/strict'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { filter } from '../../../processors/filter/index.ts'
import { batchOf, type Flow, SettingError } from '../../../src/sdk/index.ts'
import { flow } from '../../support/flows.ts'
import { testHost } from '../../support/host.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { filterOf } from './support.ts'

const fromNamespace = (namespace: string): Flow => flow({ source: { namespace } })
const NAMESPACES = ['a', 'b', 'c', 'd']

/** A resource that lets the flows out of one namespace pass. */
const resource = (name: string, namespace = name, kind = 'ContainerNetworkLog') => `
apiVersion: acn.azure.com/v1alpha1
kind: ${kind}
metadata: { name: ${name} }
spec:
  includefilters:
    - from: { namespacedPod: ["${namespace}/"] }
`

function write(t: TestContext, files: { readonly [name: string]: string }): string {
  const dir = tempDir(t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

/** The namespaces whose flows pass, and what the log says. */
function takeUp(t: TestContext, patterns: readonly string[], settings: object = {}) {
  const host = testHost()
  const processor = filterOf({ container_network_logs: patterns, ...settings }, host)
  t.after(() => processor.close?.())
  const kept = processor.process(batchOf(host.dictionary, NAMESPACES.map(fromNamespace)))
  return { passing: Array.from(kept?.rows ?? [], (row) => NAMESPACES[row]), host }
}

test('resources of several files, documents and lists add up', (t) => {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'acn.azure.com/v1alpha1',
        kind: 'ContainerNetworkLog',
        spec: { includefilters: [{ from: { namespacedPod: ['c/'] } }] },
      },
    ],
  }
  const dir = write(t, {
    'one.yaml': `# first\n---\n${resource('a')}---\n${resource('b', 'b', 'RetinaNetworkFlowLog')}---\n`,
    'list.json': JSON.stringify(list),
    'other.txt': resource('d'),
  })
  const { passing, host } = takeUp(t, [join(dir, '*.yaml'), join(dir, 'list.json')])
  assert.deepEqual(passing, ['a', 'b', 'c'])
  assert.equal(host.metric('filter_resources'), 3)
  assert.equal(host.metric('filter_reload_failed'), 0)
})

test('a file that two patterns find counts once', (t) => {
  const dir = write(t, { 'a.yaml': resource('a') })
  const { host } = takeUp(t, [join(dir, '*.yaml'), join(dir, 'a.*')])
  assert.equal(host.metric('filter_resources'), 1)
})

test('filters of files and of the config add up, and exclude wins over both', (t) => {
  const dir = write(t, { 'ab.yaml': `${resource('a')}---${resource('b')}` })
  const { passing } = takeUp(t, [join(dir, 'ab.yaml')], {
    include: [{ from: { namespace: ['c'] } }],
    exclude: [{ from: { namespace: ['b'] } }],
  })
  assert.deepEqual(passing, ['a', 'c'])
})

for (const [what, spec] of [
  ['lower case', 'includefilters: [{ from: { labelSelector: { matchLabels: { k8s.io/namespace: a } } } }]'],
  ['camelCase', 'includeFilters: [{ from: { namespacedPod: [a/] } }]'],
  ['fields beyond the CRD', 'includefilters: [{ from: { namespace: [a] }, destinationPort: [8080] }]'],
  ['anchors and merge keys', 'includefilters: [{ <<: &x { from: { namespace: [a] } } }, *x]'],
] as const)
  test(`a spec in ${what} is taken`, (t) => {
    const head = 'apiVersion: acn.azure.com/v1alpha1\nkind: ContainerNetworkLog\nspec:'
    const dir = write(t, { 'a.yaml': `${head} { ${spec} }\n` })
    assert.deepEqual(takeUp(t, [join(dir, 'a.yaml')]).passing, ['a'])
  })

test('resources of other kinds are left aside with a log line', (t) => {
  const dir = write(t, {
    'a.yaml': `kind: ConfigMap\napiVersion: v1\ndata: { x: y }\n---${resource('a')}---\n${resource('b', 'b', 'ContainerNetworkMetric')}`,
  })
  const { passing, host } = takeUp(t, [join(dir, 'a.yaml')])
  assert.deepEqual(passing, ['a'])
  const [line] = host.lines.filter(({ message }) => message.includes('other kinds'))
  assert.deepEqual(line.fields.resources, [
    `ConfigMap at ${join(dir, 'a.yaml')}:1:1`,
    `ContainerNetworkMetric at ${join(dir, 'a.yaml')}:13:1`,
  ])
})

for (const [what, files] of [
  ['no file', {}],
  ['an empty file', { 'a.yaml': '' }],
  ['comments only', { 'a.yaml': '# nothing yet\n---\n# nor here\n' }],
  ['other kinds only', { 'a.yaml': 'kind: Service\napiVersion: v1\n' }],
] as const)
  test(`${what}: no resource, so nothing passes, and the log says so`, (t) => {
    const dir = write(t, files)
    const { passing, host } = takeUp(t, [join(dir, '*.yaml')])
    assert.deepEqual(passing, [])
    assert.equal(host.metric('filter_resources'), 0)
    assert.deepEqual(
      host.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
      ['no ContainerNetworkLog found: container_network_logs lets no flow pass'],
    )
  })

test('without a resource the filters of the config still let flows pass', (t) => {
  const { passing } = takeUp(t, [join(tempDir(t), '*.yaml')], { include: [{ from: { namespace: ['c'] } }] })
  assert.deepEqual(passing, ['c'])
})

const HEAD = 'apiVersion: acn.azure.com/v1alpha1\nkind: ContainerNetworkLog\n'
/** What a file holds; where its problem stands; what is said of it. */
const BAD_FILES: readonly (readonly [what: string, text: string, place: string, message: RegExp])[] = [
  ['broken YAML', 'kind: [Container', ':1:17', /is not YAML: /],
  ['a key twice', `${HEAD}kind: ContainerNetworkLog\n`, ':3:1', /is not YAML: Map keys must be unique/],
  ['a text', 'ContainerNetworkLog\n', ':1:1', /is no Kubernetes resource; it should begin with/],
  ['no kind', `\napiVersion: v1\n`, ':2:1', /has no "kind"; write "kind: ContainerNetworkLog"/],
  [
    'another group',
    'kind: ContainerNetworkLog\napiVersion: v1\n',
    ':2:13',
    /apiVersion: must be "acn.azure.com\/v1alpha1"/,
  ],
  ['no spec', HEAD, ':1:1', /spec: must be a map of fields/],
  ['no filter', `${HEAD}spec: {}\n`, ':3:7', /spec.includefilters: needs at least one filter/],
  ['an empty list', `${HEAD}spec:\n  includeFilters: []\n`, ':4:3', /needs at least one filter/],
  [
    'a misspelt field of the spec',
    `${HEAD}spec:\n  includefilter: []\n`,
    ':4:3',
    /spec: unknown field "includefilter"; did you mean "includefilters"\?/,
  ],
  [
    'exclude filters',
    `${HEAD}spec:\n  excludeFilters: []\n`,
    ':4:3',
    /put the filters under "exclude" of the filter processor/,
  ],
  [
    'a misspelt field',
    `${HEAD}spec:\n  includefilters:\n    - protocl: [tcp]\n`,
    ':5:7',
    /spec.includefilters\[0\]: unknown field "protocl"; did you mean "protocol"\?/,
  ],
  [
    'a bad value',
    `${HEAD}spec:\n  includefilters:\n    - {}\n    - from:\n        ip: [10.0.0.0/8, 10.0.0.0/33]\n`,
    ':7:26',
    /spec.includefilters\[1\].from.ip\[1\]: "10.0.0.0\/33" is neither an address nor a CIDR/,
  ],
  [
    'an empty entry',
    `${HEAD}spec:\n  includefilters:\n    -\n`,
    ':5:6',
    /spec.includefilters\[0\]: must be a map of fields/,
  ],
  [
    'a bad item of a list',
    'kind: List\nitems:\n  - kind: ContainerNetworkLog\n',
    ':3:5',
    /items\[0\].apiVersion: must be/,
  ],
  ['an unknown alias', `${HEAD}spec: *x\n`, ':1:1', /cannot be read: Unresolved alias/],
]

for (const [what, text, place, message] of BAD_FILES)
  test(`${what}: a start-up error with its place`, (t) => {
    const dir = write(t, { 'bad.yaml': text, 'good.yaml': resource('a') })
    const path = join(dir, 'bad.yaml')
    const settings = filter.settings.parse({
      container_network_logs: [join(dir, 'good.yaml'), path],
    }) as object
    const isExpected = (error: unknown) => {
      assert.ok(error instanceof SettingError)
      assert.ok(error.message.startsWith(`${path}${place} `), error.message)
      assert.match(error.message, message)
      assert.equal(error.message.includes('\n'), false, error.message)
      assert.deepEqual(error.path, ['container_network_logs', 1])
      return true
    }
    assert.throws(() => filter.create({ settings, host: testHost() }), isExpected)
    assert.throws(() => filter.check?.(settings), isExpected)
  })

test('all problems of all files are told at once, ten of them by name', (t) => {
  const bad = `${HEAD}spec:\n  includefilters:\n${'    - protocol: [x]\n'.repeat(8)}`
  const dir = write(t, { '1.yaml': bad, '2.yaml': bad })
  const settings = filter.settings.parse({ container_network_logs: [join(dir, '*.yaml')] })
  assert.throws(
    () => filter.check?.(settings),
    ({ message }: SettingError) => {
      const lines = message.split('\n')
      assert.equal(lines.length, 11)
      assert.ok(lines[9].startsWith(join(dir, '2.yaml')))
      assert.equal(lines[10], 'and 6 more')
      return true
    },
  )
})

test('what cannot be read is a start-up error', (t) => {
  const dir = tempDir(t)
  mkdirSync(join(dir, 'folder.yaml'))
  writeFileSync(join(dir, 'huge.yaml'), '')
  truncateSync(join(dir, 'huge.yaml'), 9 * 2 ** 20)
  const problem = (name: string) => {
    const settings = filter.settings.parse({ container_network_logs: [join(dir, name)] })
    try {
      filter.check?.(settings)
    } catch (error) {
      return (error as Error).message
    }
    return 'none'
  }
  assert.equal(
    problem('folder.yaml'),
    `${join(dir, 'folder.yaml')} is a directory; write "${join(dir, 'folder.yaml')}/*.yaml"`,
  )
  assert.match(problem('huge.yaml'), /huge.yaml is larger than 8 MiB/)
})

test('a check of good files starts nothing and says nothing', (t) => {
  const dir = write(t, { 'a.yaml': resource('a') })
  assert.doesNotThrow(() =>
    filter.check?.(filter.settings.parse({ container_network_logs: [join(dir, '*')] })),
  )
})
