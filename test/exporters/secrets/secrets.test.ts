import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { catalog } from '../../../flowfold.ts'
import { cli } from '../../../src/commands/cli.ts'
import { follow, type JsonSchema, jsonSchemaOf } from '../../../src/config/settings-schema.ts'
import { freePort } from '../../support/free-port.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { TestTerminal } from '../../support/terminal.ts'
import { ECHO } from './internet.ts'
import { type Scenario, STORIES, type Story } from './scenarios.ts'

const FRONT_DOOR = resolve('flowfold.ts')
/** So many rows that every answer of the echo comes, and more than once. */
const LINES = readFileSync('config/sample/events.log', 'utf8')
  .split('\n')
  .slice(0, 60)
  .join('\n')
  .concat('\n')
const LONGEST_MS = 60_000

const schemas = await Promise.all(
  Object.entries(catalog.exporters).map(async ([type, load]) => {
    const { settings } = await load()
    return [type, jsonSchemaOf(settings)] as const
  }),
)

for (const [type, schema] of schemas) {
  const secrets = secretSettings(schema)
  const stories = STORIES[type] ?? []
  test(`every secret setting of ${type} has a story: ${secrets.join(', ') || 'there is none'}`, () => {
    assert.deepEqual([...new Set(stories.flatMap(({ covers }) => covers))].toSorted(), secrets.toSorted())
  })
}

test('no receiver and no processor has a secret setting; one that has needs a story', async () => {
  for (const load of [...Object.values(catalog.receivers), ...Object.values(catalog.processors)]) {
    const { type, settings } = await load()
    assert.deepEqual([type, secretSettings(jsonSchemaOf(settings))], [type, []])
  }
})

// They wait more than they work.
suite('what stands where somebody may look', { concurrency: 4 }, () => {
  for (const [type] of schemas)
    for (const story of STORIES[type] ?? []) suite(`${type} with ${story.what}`, () => tell(type, story))
})

function tell(type: string, story: Story): void {
  test('no log, metric, error, dead letter or printed config has a secret', async (t) => {
    const dir = tempDir(t)
    const scenario = await story.begin(t, dir)
    const port = await freePort()
    const config = write(dir, 'flowfold', type, scenario.settings, port)
    const run = (...argv: string[]) => flowfold(argv, scenario.env)
    const running = run('run', '--config', config)
    const seen = [await watch(port, running)]
    const dead = join(dir, 'refused.jsonl')
    seen.push(
      await running,
      await run('print-config', '--config', config),
      await run('validate', '--connect', '--config', config),
      await run('replay', dead, '--config', config, '--patience', '300ms'),
      ...filesIn(dir, [config]),
    )
    const all = seen.join('\n')
    for (const secret of scenario.sent)
      assert.ok(scenario.heard().includes(secret), 'the backend never heard of it')
    if (scenario.sent.length > 0) assert.ok(all.includes(ECHO), 'nothing that the backend repeats is shown')
    assertNoSecret(all, scenario)
  })

  test('no mistake in the config that is told has a secret', async (t) => {
    const dir = tempDir(t)
    const scenario = await story.begin(t, dir)
    for (const [i, wrong] of mistakes(scenario.settings, story.covers).entries()) {
      const config = write(dir, `wrong-${i}`, type, wrong, 1)
      const terminal = new TestTerminal()
      await cli(catalog, ['validate', '--config', config], terminal)
      const told = terminal.printed + terminal.complained
      assert.match(told, /mistakes? in the configuration/)
      assertNoSecret(told, scenario)
    }
  })
}

/** Whether a text holds a secret, whole or most of it, in any spelling. */
function assertNoSecret(text: string, { secrets }: Scenario): void {
  for (const [what, secret] of Object.entries(secrets))
    for (const form of [
      secret,
      secret.slice(0, 20),
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64').slice(0, 24),
    ]) {
      const at = text.indexOf(form)
      assert.ok(at < 0, `${what} is shown: ${text.slice(Math.max(0, at - 200), at + 200)}`)
    }
}

/** Settings in which each secret stands where it is not understood. */
function mistakes(settings: Scenario['settings'], covers: readonly string[]): object[] {
  const paths = covers.map((path) => path.split('.'))
  return [
    { ...settings, unknown_setting: true },
    ...paths.flatMap((path) => [
      changed(settings, path, (value) => [value]),
      changed(settings, path, (value) => ({ nested: { value } })),
      changed(settings, path, (value) =>
        typeof value === 'object' ? JSON.stringify(value) : { [String(value)]: 1 },
      ),
    ]),
  ]
}

function changed(
  settings: object,
  [key, ...more]: readonly string[],
  how: (value: unknown) => unknown,
): object {
  const value = (settings as { readonly [key: string]: unknown })[key]
  return { ...settings, [key]: more.length > 0 ? changed(value as object, more, how) : how(value) }
}

function write(dir: string, name: string, type: string, settings: object, port: number): string {
  const path = join(dir, `${name}.yaml`)
  writeFileSync(join(dir, 'events.log'), LINES)
  const endpoint = `127.0.0.1:${port}`
  const config = {
    receivers: { events_log: { include: [join(dir, 'events.log')], stop_at_end: true } },
    exporters: { [type]: { ...settings, dead_letter: join(dir, 'refused.jsonl') } },
    service: {
      state_dir: join(dir, 'state'),
      commit_interval: '100ms',
      shutdown_timeout: '3s',
      telemetry: { logs: { level: 'debug' }, metrics: { endpoint } },
      health: { endpoint },
      pipelines: { logs: { receivers: ['events_log'], exporters: [type] } },
    },
  }
  writeFileSync(path, stringify(config))
  return path
}

/** All that a flowfold of its own process says. */
function flowfold(argv: readonly string[], env: { readonly [name: string]: string }): Promise<string> {
  return new Promise((done) => {
    const options = { env: { ...process.env, ...env }, timeout: LONGEST_MS, maxBuffer: 2 ** 26 }
    execFile(process.execPath, [FRONT_DOOR, ...argv], options, (_, out, err) => done(`${out}\n${err}`))
  })
}

/** What its admin server says while it runs. */
async function watch(port: number, running: Promise<string>): Promise<string> {
  let all = ''
  let isOver = false
  void running.then(() => {
    isOver = true
  })
  while (!isOver) {
    for (const path of ['metrics', 'readyz', 'balance'])
      all += await fetch(`http://127.0.0.1:${port}/${path}`).then(
        (response) => response.text(),
        () => '',
      )
    await sleep(200)
  }
  return all
}

/** Every file that it made. */
function filesIn(dir: string, except: readonly string[]): string[] {
  const given = /token-file|\.pem$|\.key$|\.crt$|events\.log$/
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name))
  return paths
    .filter((path) => statSync(path).isFile() && !given.test(path) && !except.includes(path))
    .map((path) => readFileSync(path, 'latin1'))
}

/** Paths of all settings that are marked as secret, those of every choice included. */
function secretSettings(root: JsonSchema): string[] {
  const found = new Set<string>()
  const walk = (schema: JsonSchema, path: readonly string[]) => {
    const { secret, properties = {}, anyOf = [], oneOf = [] } = follow(root, schema)
    if (secret === true) found.add(path.join('.'))
    for (const choice of [...anyOf, ...oneOf]) walk(choice, path)
    for (const [name, below] of Object.entries(properties)) walk(below, [...path, name])
  }
  walk(root, [])
  return [...found]
}
