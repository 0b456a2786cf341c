import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorsOf, load, SOUND } from './support.ts'

const TEST = `tests:
  - name: it folds
    flows: [{ verdict: DROPPED }]
    expect:
      logs/acns: [{ Verdict: DROPPED }]
`

/** What is wrong, what it replaces, what stands there instead, and every line of the answer. */
const MISTAKES: readonly (readonly [what: string, from: string, to: string, answer: readonly string[]])[] = [
  [
    'a misspelt column',
    'Verdict:',
    'Verdct:',
    ['prod.yaml:22:21 tests[0].expect.logs/acns[0].Verdct: unknown setting; did you mean "Verdict"?'],
  ],
  [
    'a value of another kind',
    'Verdict: DROPPED }',
    'SourceIdentity: web }',
    ['prod.yaml:22:21 tests[0].expect.logs/acns[0].SourceIdentity: must be a number, not "web"'],
  ],
  [
    'a pipeline that is not there',
    'logs/acns: [{ V',
    'logs/anc: [{ V',
    ['prod.yaml:22:7 tests[0].expect.logs/anc: there is no such pipeline; did you mean "logs/acns"?'],
  ],
  [
    'no input',
    '    flows: [{ verdict: DROPPED }]\n',
    '',
    ['prod.yaml:19:5 tests[0]: has no input; give it "flows" or a "file"'],
  ],
  [
    'two inputs',
    'flows: [',
    'file: events.log\n    flows: [',
    ['prod.yaml:19:5 tests[0]: has "flows" and a "file"; remove one of the two'],
  ],
  [
    'nothing expected',
    'expect:\n      logs/acns: [{ Verdict: DROPPED }]',
    'expect: {}',
    ['prod.yaml:19:5 tests[0]: expects nothing; name a pipeline below "expect", with its rows or with []'],
  ],
  [
    'a flow that is none',
    'flows: [{ verdict: DROPPED }]',
    'flows: [5]',
    ['prod.yaml:20:13 tests[0].flows[0]: must be a map or text, not 5'],
  ],
  [
    'no name',
    'name: it folds\n    flows',
    'flows',
    ['prod.yaml:19:5 tests[0].name: missing; it takes text: What it shows, in a few words'],
  ],
  [
    'a match of another kind',
    'name: it folds',
    'name: it folds\n    match: exactly',
    [
      'prod.yaml:20:5 tests[0].match: must be one of "partial", "exact", not "exactly"; did you mean "exact"?',
    ],
  ],
  ['no list', TEST, 'tests: { name: x }\n', ['prod.yaml:18:1 tests: must be a list, not a map']],
]

for (const [what, from, to, answer] of MISTAKES)
  test(`in a test, ${what} is named with its place and a way out`, async (t) => {
    const text = `${SOUND}${TEST}`
    assert.ok(text.includes(from))
    assert.deepEqual(await errorsOf(t, { 'prod.yaml': text.replace(from, to) }), answer)
  })

test('a config without tests, or with an empty section, is valid', async (t) => {
  for (const text of [SOUND, `${SOUND}tests:\n`, `${SOUND}tests: []\n`]) {
    const { loaded } = await load(t, { 'prod.yaml': text })
    assert.deepEqual(loaded.kind === 'valid' ? loaded.tests : loaded, [])
  }
})

test('tests may stand in a file of their own, and name recordings beside it', async (t) => {
  const { loaded, dir } = await load(t, {
    'prod.yaml': SOUND,
    'tests.yaml': TEST.replace('flows: [{ verdict: DROPPED }]', 'file: recorded/events.log'),
  })
  assert.ok(loaded.kind === 'valid')
  assert.deepEqual(loaded.tests[0].input, { kind: 'file', path: join(dir, 'recorded/events.log') })
})

test('a flow is put into a record, a record and a line stay as they are', async (t) => {
  const flows = `[{ verdict: DROPPED, node_name: n, time: t }, { lost_events: {} }, '{"flow":{}}']`
  const { loaded } = await load(t, {
    'prod.yaml': `${SOUND}${TEST.replace('[{ verdict: DROPPED }]', flows)}`,
  })
  assert.ok(loaded.kind === 'valid')
  assert.deepEqual(loaded.tests[0].input, {
    kind: 'lines',
    lines: [
      '{"flow":{"verdict":"DROPPED","node_name":"n","time":"t"},"node_name":"n","time":"t"}',
      '{"lost_events":{}}',
      '{"flow":{}}',
    ],
  })
})
