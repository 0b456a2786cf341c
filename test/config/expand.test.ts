// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in a config look like placeholders
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { errorsOf, load, SOUND, settingsOf } from './support.ts'

const ENV = {
  HOST: 'https://hec',
  EMPTY: '',
  COUNT: '7',
  DIGITS: '00123456',
  YES: 'true',
  DOLLARS: '${env:HOST} $$',
  EVIL: 'x\n  token: stolen\nservice: {}',
}

/** What is written as a text setting, and what comes of it. */
const TEXTS: readonly (readonly [written: string, expanded: string])[] = [
  ['${env:HOST}', 'https://hec'],
  ['${env:HOST}:8088/${env:COUNT}', 'https://hec:8088/7'],
  ['${env:NIX:-fallback}', 'fallback'],
  ['${env:NIX:-}x', 'x'],
  ['${env:EMPTY:-fallback}', 'fallback'],
  ['${env:NIX:-${env:HOST}}', 'https://hec'],
  ['${env:NIX:-a:-b}', 'a:-b'],
  ['x${env:EMPTY}', 'x'],
  ['$$', '$'],
  ['$${env:HOST}', '${env:HOST}'],
  ['$$$$x', '$$x'],
  ['price: 5$', 'price: 5$'],
  ['$HOST', '$HOST'],
  ['${file:secret.txt}', 'from a file'],
  ['Bearer ${file:secret.txt}', 'Bearer from a file'],
]

for (const [written, expanded] of TEXTS)
  test(`${written} becomes ${expanded}`, async (t) => {
    assert.equal(await endpointOf(t, written), expanded)
  })

test('what a reference gives is not read again: no variable brings in settings or references', async (t) => {
  assert.equal(await endpointOf(t, '${env:EVIL}'), ENV.EVIL)
  assert.equal(await endpointOf(t, '${env:DOLLARS}'), ENV.DOLLARS)
})

test('any variable at all stays one scalar, character by character', async (t) => {
  const value = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !text.includes('\0'))
  const check = async (text: string) => {
    const { loaded } = await load(t, { 'prod.yaml': withEndpoint('${env:ANY}') }, { ANY: text })
    assert.equal(settingsOf(loaded, 'exporters', 'hec').endpoint, text)
    assert.ok(loaded.kind === 'valid' && loaded.config.exporters.size === 1)
  }
  await fc.assert(fc.asyncProperty(value, check), { numRuns: 50, verbose: 1 })
})

test('a reference alone keeps its type where the setting wants one', async (t) => {
  const config = SOUND.replace('key: workload', 'max_groups: ${env:COUNT}').replace(
    'include: [/var/log/events.log]',
    'include: ["${env:HOST}"]\n    stop_at_end: ${env:YES}',
  )
  const { loaded } = await load(t, { 'prod.yaml': config }, ENV)
  assert.equal(settingsOf(loaded, 'processors', 'fold').max_groups, 7)
  assert.equal(settingsOf(loaded, 'receivers', 'tail').stop_at_end, true)
})

test('digits stay text where the setting wants text', async (t) => {
  assert.equal(await endpointOf(t, '${env:COUNT}'), '7')
  assert.equal(await endpointOf(t, '${env:DIGITS}'), '00123456')
  assert.equal(await endpointOf(t, '${env:YES}'), 'true')
})

/** What is written, and what is said of it, after the place. */
const FAULTS: readonly (readonly [written: string, problem: string])[] = [
  ['${env:NIX}', 'environment variable NIX is not set; set it, or give a default: "${env:NIX:-default}"'],
  [
    '${env:NIX:-${env:NUX}}',
    'environment variable NUX is not set; set it, or give a default: "${env:NUX:-default}"',
  ],
  [
    '${HOST}',
    '"${HOST}" is no reference; write "${env:HOST}", "${file:PATH}", or "$$" for a "$" that means itself',
  ],
  [
    '${yaml:x}',
    '"${yaml:x}" is no reference; write "${env:NAME}", "${file:PATH}", or "$$" for a "$" that means itself',
  ],
  [
    '${env:A B}',
    '"${env:A B}" is no reference; write "${env:NAME}", "${file:PATH}", or "$$" for a "$" that means itself',
  ],
  ['a${env:HOST', '"${env:HOST" has no closing "}"; for a "$" that means itself write "$$"'],
  ['${file:nix.txt}', '"nix.txt" cannot be read: there is no such file'],
  ['${file:.}', '"." cannot be read: it is a folder'],
]

for (const [written, problem] of FAULTS)
  test(`${written} is refused, and nothing else is said of its setting`, async (t) => {
    assert.deepEqual(await errorsOf(t, { 'prod.yaml': withEndpoint(written) }, ENV), [
      `prod.yaml:10:5 exporters.hec.endpoint: ${problem}`,
    ])
  })

test('a broken reference in a number, a list or a pipeline is reported once', async (t) => {
  const config = SOUND.replace('key: workload', 'max_groups: ${env:NIX}')
    .replace('[/var/log/events.log]', '["${env:NIX}"]')
    .replace('[hec]', '["${env:NIX}"]')
  const errors = await errorsOf(t, { 'prod.yaml': config })
  assert.deepEqual(
    errors.map((error) => error.split(': ')[0]),
    [
      'prod.yaml:3:15 receivers.tail.include[0]',
      'prod.yaml:7:5 processors.fold.max_groups',
      'prod.yaml:17:19 service.pipelines.logs/acns.exporters[0]',
    ],
  )
})

test('${file:} is relative to the config that names it, and loses one trailing line feed', async (t) => {
  const { loaded } = await load(t, {
    'prod.yaml': withEndpoint('${file:crlf.txt}|${file:./two.txt}'),
    'crlf.txt': 'a\r\n',
    'two.txt': 'b\n\n',
  })
  assert.equal(settingsOf(loaded, 'exporters', 'hec').endpoint, 'a|b\n')
})

function withEndpoint(text: string): string {
  return SOUND.replace('https://hec', () => JSON.stringify(text))
}

async function endpointOf(...[test, written]: [Parameters<typeof load>[0], string]): Promise<unknown> {
  const { loaded } = await load(
    test,
    { 'prod.yaml': withEndpoint(written), 'secret.txt': 'from a file\n' },
    ENV,
  )
  return settingsOf(loaded, 'exporters', 'hec').endpoint
}
