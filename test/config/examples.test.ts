import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { catalog } from '../../flowfold.ts'
import { loadConfig } from '../../src/config/load.ts'

const FOLDER = join(import.meta.dirname, '../../config')
const OVERRIDE = 'resources.yaml'

for (const path of globSync(['quickstart.yaml', 'examples/*.yaml'], { cwd: FOLDER }))
  test(`config/${path} is valid, without a warning`, async () => {
    const loaded = await load([join(FOLDER, path)])
    assert.deepEqual(loaded, { kind: 'valid', errors: [], warnings: [] })
  })

test('the ContainerNetworkLogs that go with the examples are valid', async () => {
  const override = JSON.stringify({
    processors: { 'filter/acns': { container_network_logs: [join(FOLDER, 'examples/cnl/*.yaml')] } },
  })
  const files = [join(FOLDER, 'examples/acns.yaml'), OVERRIDE]
  assert.deepEqual(await load(files, override), { kind: 'valid', errors: [], warnings: [] })
  const misspelt = override.replace('cnl/*.yaml', 'acns.yaml')
  assert.equal((await load(files, misspelt)).kind, 'invalid')
})

async function load(files: readonly string[], override = '') {
  const loaded = await loadConfig(catalog, files, {
    env: {},
    readFile: (path) => (path === OVERRIDE ? override : readFileSync(path, 'utf8')),
  })
  const errors = loaded.kind === 'invalid' ? loaded.errors : []
  return { kind: loaded.kind, errors, warnings: loaded.warnings }
}
