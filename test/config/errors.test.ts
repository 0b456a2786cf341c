import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { surroundings } from '../../src/config/surroundings.ts'
import { testCatalog } from '../support/catalog.ts'
import { tempDir } from '../support/temp-dir.ts'
import { errorsOf, lines, load, SOUND } from './support.ts'

/** What is wrong, the line of the sound config it replaces, what stands there instead, and every line of the answer. */
const MISTAKES: readonly (readonly [
  what: string,
  line: string,
  instead: string,
  answer: readonly string[],
])[] = [
  [
    'a misspelt setting',
    'endpoint:',
    'endpont:',
    ['prod.yaml:10:5 exporters.hec.endpont: unknown setting; did you mean "endpoint"?'],
  ],
  [
    'a setting that is like no other',
    'key: workload',
    'colour: blue',
    ['prod.yaml:7:5 processors.fold.colour: unknown setting; there are key, max_groups, window'],
  ],
  [
    'a missing setting',
    '    endpoint: https://hec\n',
    '',
    ['prod.yaml:9:3 exporters.hec.endpoint: missing; it takes text: Where to send'],
  ],
  [
    'settings that are all missing',
    '  tail:\n    include: [/var/log/events.log]',
    '  tail:',
    ['prod.yaml:2:3 receivers.tail.include: missing; it takes a list: Globs of the files to follow'],
  ],
  [
    'text where a list is wanted',
    'include: [/var/log/events.log]',
    'include: /var/log/events.log',
    ['prod.yaml:3:5 receivers.tail.include: must be a list, not "/var/log/events.log"; put it in brackets'],
  ],
  [
    'an empty list',
    'include: [/var/log/events.log]',
    'include: []',
    ['prod.yaml:3:5 receivers.tail.include: must not be empty'],
  ],
  [
    'numbers where text is wanted',
    'include: [/var/log/events.log]',
    'include: [a, 5, true]',
    [
      'prod.yaml:3:18 receivers.tail.include[1]: must be text, not 5; put it in quotes',
      'prod.yaml:3:21 receivers.tail.include[2]: must be text, not true; put it in quotes',
    ],
  ],
  [
    'a word that is not one of those',
    'include: [/var/log/events.log]',
    'include: [x]\n    start_at: begining',
    [
      'prod.yaml:4:5 receivers.tail.start_at: must be one of "beginning", "end", not "begining"; did you mean "beginning"?',
    ],
  ],
  [
    'text where a switch is wanted',
    'include: [/var/log/events.log]',
    'include: [x]\n    stop_at_end: yes',
    ['prod.yaml:4:5 receivers.tail.stop_at_end: must be true or false, not "yes"'],
  ],
  [
    'a duration without a unit, and one that is too short',
    'key: workload',
    'window: "30"\n  fold/2: { window: 10ms }',
    [
      'prod.yaml:7:5 processors.fold.window: "30" is no duration; write for example "30s", "5m" or "1h30m"',
      'prod.yaml:8:13 processors.fold/2.window: must be at least 1s',
    ],
  ],
  [
    'a size that is none, and one that is too small',
    'endpoint: https://hec',
    'endpoint: x\n    max_bytes: 1 apple\n    retry: { attempts: 1.5, pause: 1s }',
    [
      'prod.yaml:11:5 exporters.hec.max_bytes: "1 apple" is no size; write for example "64MiB" or 1048576',
      'prod.yaml:12:14 exporters.hec.retry.attempts: must be a whole number, not 1.5',
      'prod.yaml:12:29 exporters.hec.retry.pause: unknown setting; there are attempts, first',
    ],
  ],
  [
    'a number out of bounds',
    'key: workload',
    'max_groups: 0',
    ['prod.yaml:7:5 processors.fold.max_groups: must be at least 1'],
  ],
  [
    'a misspelt choice between words and a list',
    'key: workload',
    'key: workloda',
    [
      'prod.yaml:7:5 processors.fold.key: must be one of "acns", "workload" or a list, not "workloda"; did you mean "workload"?',
    ],
  ],
  [
    'a list with the wrong entries where words or a list are wanted',
    'key: workload',
    'key: [verdict, 5]',
    ['prod.yaml:7:20 processors.fold.key[1]: must be text, not 5; put it in quotes'],
  ],
  [
    'an empty value',
    'key: workload',
    'key:',
    ['prod.yaml:7:5 processors.fold.key: must be one of "acns", "workload" or a list, not empty'],
  ],
  [
    'a mistake inside a list of maps',
    '  keep:',
    '  keep: { rules: [{ verdict: DROPPED }, { prot: 53 }] }',
    ['prod.yaml:5:43 processors.keep.rules[1].prot: unknown setting; did you mean "port"?'],
  ],
  [
    'what only the component understands',
    '  keep:',
    '  keep: { language: klingon }',
    ['prod.yaml:5:11 processors.keep.language: "klingon" is not understood; write "kql"'],
  ],
  [
    'a misspelt component type',
    '  hec:',
    '  hek:',
    ['prod.yaml:9:3 exporters.hek: unknown exporter type "hek"; did you mean "hec"?'],
  ],
  [
    'a component type that is like no other',
    '  keep:',
    '  teleport:\n  keep:',
    ['prod.yaml:5:3 processors.teleport: unknown processor type "teleport"; there are fold, keep'],
  ],
  [
    'an id that is none',
    '  keep:',
    '  keep/:\n  keep:',
    [
      'prod.yaml:5:3 processors.keep/: no id; write the type, or "type/name" with letters, digits, "_", "-" and "."',
    ],
  ],
  [
    'a section that does not exist',
    'receivers:',
    'recievers: {}\nreceivers:',
    ['prod.yaml:1:1 recievers: unknown section; did you mean "receivers"?'],
  ],
  [
    'a section that is no map',
    '  keep:\n  fold:\n    key: workload',
    '  - keep\n  - fold',
    [
      'prod.yaml:4:1 processors: must be a map of processors by id',
      'prod.yaml:15:20 service.pipelines.logs/acns.processors[0]: processor "keep" is not defined; define it below "processors"',
      'prod.yaml:15:26 service.pipelines.logs/acns.processors[1]: processor "fold" is not defined; define it below "processors"',
    ],
  ],
  [
    'components that are used but not defined',
    'receivers: [tail]',
    'receivers: [tial, hubble]',
    [
      'prod.yaml:15:19 service.pipelines.logs/acns.receivers[0]: receiver "tial" is not defined; did you mean "tail"?',
      'prod.yaml:15:25 service.pipelines.logs/acns.receivers[1]: receiver "hubble" is not defined; define it below "receivers"',
    ],
  ],
  [
    'a component that is used twice',
    'exporters: [hec]',
    'exporters: [hec, hec]',
    ['prod.yaml:17:24 service.pipelines.logs/acns.exporters[1]: "hec" is here twice; keep one of them'],
  ],
  [
    'a fold that is not the last processor',
    'processors: [keep, fold]',
    'processors: [fold, keep]',
    [
      'prod.yaml:16:20 service.pipelines.logs/acns.processors[0]: "fold" folds flows into rows, so it must be the last processor',
    ],
  ],
  [
    'a pipeline without exporters',
    '      exporters: [hec]',
    '      exporters: []',
    ['prod.yaml:17:7 service.pipelines.logs/acns.exporters: must not be empty'],
  ],
  [
    'a pipeline without receivers',
    '      receivers: [tail]\n',
    '',
    [
      'prod.yaml:14:5 service.pipelines.logs/acns.receivers: missing; it takes a list: Ids of the receivers that feed it',
    ],
  ],
  [
    'a pipeline of another signal',
    'logs/acns:',
    'traces:',
    [
      'prod.yaml:14:5 service.pipelines.traces: no pipeline id; write "logs", or "logs/name" with letters, digits, "_", "-" and "."',
    ],
  ],
  [
    'a misspelt setting of the service, beside a use of what is not defined',
    'service:\n  pipelines:\n    logs/acns:\n      receivers: [tail]',
    'service:\n  state_dri: x\n  pipelines:\n    logs/acns:\n      receivers: [nix]',
    [
      'prod.yaml:13:3 service.state_dri: unknown setting; did you mean "state_dir"?',
      'prod.yaml:16:19 service.pipelines.logs/acns.receivers[0]: receiver "nix" is not defined; define it below "receivers"',
    ],
  ],
  [
    'an endpoint without a port',
    'service:',
    'service:\n  health: { endpoint: localhost }',
    [
      'prod.yaml:13:13 service.health.endpoint: "localhost" is no endpoint; write "host:port", such as "localhost:8888", or "none"',
    ],
  ],
  [
    'an endpoint that is another one under another name',
    'service:',
    'service:\n  health: { endpoint: "0.0.0.0:9000" }\n  telemetry: { metrics: { endpoint: "localhost:9000" } }',
    [
      'prod.yaml:14:27 service.telemetry.metrics.endpoint: has port 9000 as service.health.endpoint has, at another host; give both the same host, or another port',
    ],
  ],
  ['a tab', '  keep:', '\tkeep:', ['prod.yaml:5:1: a tab indents this line, and YAML wants spaces']],
  [
    'a key that is there twice',
    '  keep:',
    '  keep:\n  keep:',
    ['prod.yaml:6:3: "keep" is here twice; keep one of them'],
  ],
  [
    'a second document',
    'processors:',
    '---\nprocessors:',
    ['prod.yaml:4:1: a second document begins here, and a config file is one; give each its own --config'],
  ],
  [
    'an alias of nothing',
    'include: [/var/log/events.log]',
    'include: *base',
    ['prod.yaml:3:14: there is no "&base" above'],
  ],
]

for (const [what, line, instead, answer] of MISTAKES)
  test(`${what} is reported with its place and a way out`, async (t) => {
    assert.ok(SOUND.includes(line), `the sound config has no "${line}"`)
    assert.deepEqual(await errorsOf(t, { 'prod.yaml': SOUND.replace(line, instead) }), answer)
  })

test('a second fold is one too many', async (t) => {
  const twoFolds = SOUND.replace('  fold:', '  fold/again:\n  fold:').replace(
    '[keep, fold]',
    '[fold, fold/again]',
  )
  assert.deepEqual(await errorsOf(t, { 'prod.yaml': twoFolds }), [
    'prod.yaml:17:26 service.pipelines.logs/acns.processors[1]: a pipeline folds once, and "fold" does; take one of them out',
  ])
})

test('mistakes of all kinds are reported together, from top to bottom', async (t) => {
  const text =
    'exporters:\n  hek: {}\nservice:\n  pipelines:\n    logs: { receivers: [], exporters: [plain] }\nreceivers: 5\n'
  assert.deepEqual(await errorsOf(t, { 'prod.yaml': text }), [
    'prod.yaml:2:3 exporters.hek: unknown exporter type "hek"; did you mean "hec"?',
    'prod.yaml:5:13 service.pipelines.logs.receivers: must not be empty',
    'prod.yaml:5:40 service.pipelines.logs.exporters[0]: exporter "plain" is not defined; define it below "exporters"',
    'prod.yaml:6:1 receivers: must be a map of receivers by id',
  ])
})

test('files that are no config are reported as a whole, all of them', async (t) => {
  const errors = await errorsOf(t, { 'list.yaml': '- a\n', 'broken.yaml': 'a: [1\n', 'text.yaml': 'hello' })
  assert.deepEqual(errors, [
    'list.yaml: is no config: it must be a map with "receivers", "exporters" and "service"',
    'broken.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    'text.yaml: is no config: it must be a map with "receivers", "exporters" and "service"',
  ])
})

test('a config that is not there is reported', async (t) => {
  const dir = tempDir(t)
  const loaded = await loadConfig(testCatalog, [`${dir}/nix.yaml`, dir], surroundings({}))
  assert.ok(loaded.kind === 'invalid')
  assert.deepEqual(lines(loaded.errors, dir), [
    'nix.yaml: cannot be read: there is no such file',
    `${dir}: cannot be read: it is a folder`,
  ])
})

test('aliases that repeat or contain themselves end with an error, not with a full memory', async (t) => {
  const bomb = Array.from({ length: 30 }, (_, i) => `x${i + 1}: &x${i + 1} [*x${i}, *x${i}]\n`).join('')
  const [first, ...more] = await errorsOf(t, { 'bomb.yaml': `x0: &x0 [a]\n${bomb}` })
  assert.match(first, /^bomb.yaml:1:1: too large or too deeply nested/)
  assert.deepEqual(more, [])
  const [circle] = await errorsOf(t, { 'circle.yaml': 'receivers: &r\n  tail: *r\n' })
  assert.match(circle, /^circle.yaml:1:1: too large or too deeply nested/)
})

test('a component that no pipeline uses is a warning', async (t) => {
  const { loaded, dir } = await load(t, { 'prod.yaml': SOUND.replace('[keep, fold]', '[fold]') })
  assert.equal(loaded.kind, 'valid')
  assert.deepEqual(lines(loaded.warnings, dir), [
    'prod.yaml:5:3 processors.keep: no pipeline uses this processor',
  ])
})

test('a sound config has no errors', async (t) => {
  assert.deepEqual(await errorsOf(t, { 'prod.yaml': SOUND }), [])
})
