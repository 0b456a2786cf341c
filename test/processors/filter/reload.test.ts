import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { batchOf } from '../../../src/sdk/index.ts'
import { flow } from '../../support/flows.ts'
import { testHost } from '../../support/host.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { filterOf } from './support.ts'

/** Past the next look at the files, and past the second one that must see the same. */
const TWO_LOOKS_MS = 6000

const resource = (namespace: string, name = 'pods') => `
apiVersion: acn.azure.com/v1alpha1
kind: ContainerNetworkLog
metadata: { name: ${name} }
spec:
  includefilters:
    - from: { namespacedPod: ["${namespace}/"] }
`

/** A filter that follows `pattern`, and what a test wants to know of it. */
function following(t: TestContext, pattern: string) {
  const host = testHost()
  const filter = filterOf({ container_network_logs: [pattern] }, host)
  t.after(() => filter.close?.())
  return {
    host,
    filter,
    passes(namespace: string): boolean {
      return filter.process(batchOf(host.dictionary, [flow({ source: { namespace } })])) !== null
    },
    said: (level: string) => host.lines.filter((line) => line.level === level),
  }
}

test('a changed file is taken over without a restart, and the log says what changed', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'a.yaml'), resource('a', 'one'))
  writeFileSync(join(dir, 'b.yaml'), resource('b', 'two'))
  const { host, passes, said } = following(t, join(dir, '*.yaml'))
  assert.deepEqual([passes('a'), passes('b'), passes('c')], [true, true, false])

  writeFileSync(join(dir, 'a.yaml'), resource('c', 'one'))
  rmSync(join(dir, 'b.yaml'))
  writeFileSync(join(dir, 'd.yaml'), resource('d', 'three'))
  assert.equal(passes('c'), false)
  await host.clock.advance(TWO_LOOKS_MS)

  assert.deepEqual([passes('a'), passes('b'), passes('c'), passes('d')], [false, false, true, true])
  assert.deepEqual(said('info').at(-1), {
    level: 'info',
    message: 'ContainerNetworkLogs in force',
    fields: {
      resources: 2,
      added: [`three (${join(dir, 'd.yaml')})`],
      removed: [`two (${join(dir, 'b.yaml')})`],
      changed: [`one (${join(dir, 'a.yaml')})`],
    },
  })
})

test('files that do not change are not taken over again', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'a.yaml'), resource('a'))
  const { host } = following(t, join(dir, 'a.yaml'))
  const before = host.lines.length
  writeFileSync(join(dir, 'a.yaml'), resource('a'))
  await host.clock.advance(10 * TWO_LOOKS_MS)
  assert.equal(host.lines.length, before)
})

test('a ConfigMap that Kubernetes swaps by symlink is taken over', async (t) => {
  const dir = tempDir(t)
  const version = (name: string, namespace: string) => {
    mkdirSync(join(dir, name))
    writeFileSync(join(dir, name, 'cnl.yaml'), resource(namespace))
    symlinkSync(name, join(dir, '..data_tmp'))
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'))
  }
  version('..2026_01_01', 'a')
  symlinkSync(join('..data', 'cnl.yaml'), join(dir, 'cnl.yaml'))
  const { host, passes } = following(t, join(dir, '*.yaml'))
  assert.deepEqual([passes('a'), passes('b')], [true, false])

  version('..2026_01_02', 'b')
  rmSync(join(dir, '..2026_01_01'), { recursive: true })
  await host.clock.advance(TWO_LOOKS_MS)

  assert.deepEqual([passes('a'), passes('b')], [false, true])
  assert.equal(host.metric('filter_resources'), 1)
})

test('a bad file keeps the old filter, says so once, and a mended one is taken over', async (t) => {
  const dir = tempDir(t)
  const path = join(dir, 'a.yaml')
  writeFileSync(path, resource('a'))
  const { host, passes, said } = following(t, path)

  writeFileSync(path, resource('b').replace('from:', 'form:'))
  await host.clock.advance(10 * TWO_LOOKS_MS)
  assert.deepEqual([passes('a'), passes('b')], [true, false])
  assert.equal(host.metric('filter_reload_failed'), 1)
  assert.deepEqual(said('error'), [
    {
      level: 'error',
      message: 'a changed filter is bad; the old one stays in force until the files are mended',
      fields: {
        problems: [`${path}:7:7 spec.includefilters[0]: unknown field "form"; did you mean "from"?`],
      },
    },
  ])

  writeFileSync(path, resource('b'))
  await host.clock.advance(TWO_LOOKS_MS)
  assert.deepEqual([passes('a'), passes('b')], [false, true])
  assert.equal(host.metric('filter_reload_failed'), 0)
  assert.equal(said('error').length, 1)
})

test('one bad file among good ones keeps them all as they were', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'a.yaml'), resource('a'))
  const { host, passes } = following(t, join(dir, '*.yaml'))
  writeFileSync(join(dir, 'a.yaml'), resource('b'))
  writeFileSync(join(dir, 'bad.yaml'), 'kind: [')
  await host.clock.advance(TWO_LOOKS_MS)
  assert.deepEqual([passes('a'), passes('b')], [true, false])
})

test('when the last resource is deleted nothing passes, as on ACNS', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'a.yaml'), resource('a'))
  const { host, passes, said } = following(t, join(dir, 'a.yaml'))
  rmSync(join(dir, 'a.yaml'))
  await host.clock.advance(TWO_LOOKS_MS)
  assert.equal(passes('a'), false)
  assert.equal(
    said('warn').at(-1)?.message,
    'no ContainerNetworkLog found: container_network_logs lets no flow pass',
  )
})

test('a file that is still being written is left alone until it rests', async (t) => {
  const dir = tempDir(t)
  const path = join(dir, 'a.yaml')
  writeFileSync(path, resource('a'))
  const { host, passes, said } = following(t, path)
  const text = resource('b')
  await host.clock.advance(4900)
  for (let end = 0; end < text.length; end += 20) {
    writeFileSync(path, text.slice(0, end))
    await host.clock.advance(200)
    assert.equal(passes('a'), true)
  }
  assert.deepEqual([said('error'), said('warn')], [[], []])
  writeFileSync(path, text)
  await host.clock.advance(TWO_LOOKS_MS)
  assert.deepEqual([passes('a'), passes('b')], [false, true])
})

for (const [what, pattern] of [
  ['a file', 'a.yaml'],
  ['a glob', '*.yaml'],
] as const)
  test(`an event of the file system is heard before the next look: ${what}`, async (t) => {
    const dir = tempDir(t)
    writeFileSync(join(dir, 'a.yaml'), resource('a'))
    const { host, passes } = following(t, join(dir, pattern))
    // The watcher needs a moment to stand. Together the steps stay below the time of the look that needs no event.
    for (let step = 0; step < 90 && !passes('b'); step++) {
      writeFileSync(join(dir, 'a.yaml'), resource('b'))
      await setTimeout(20)
      await host.clock.advance(50)
    }
    assert.equal(passes('b'), true)
  })

test('after close nobody looks any more', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'a.yaml'), resource('a'))
  const { host, filter, passes } = following(t, join(dir, 'a.yaml'))
  filter.close?.()
  writeFileSync(join(dir, 'a.yaml'), resource('b'))
  await host.clock.advance(10 * TWO_LOOKS_MS)
  assert.equal(passes('b'), false)
})
