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

for (const ip of ['10.0.0.7', 'fd00::7'])
  test(`the example for ACNS listens at the address of a pod, ${ip}`, async () => {
    const loaded = await loadConfig(catalog, [join(FOLDER, 'examples/acns.yaml')], {
      env: { POD_IP: ip },
      readFile: (path) => readFileSync(path, 'utf8'),
    })
    assert.equal(loaded.kind === 'valid' && loaded.config.service.healthEndpoint?.host, ip)
  })

for (const include of ['/var/log/*.log', '/var/log/rows.log'])
  test(`an exporter that writes what a receiver reads is refused (${include})`, async () => {
    const config = (exclude: string[]) => ({
      receivers: { events_log: { include: [include], exclude } },
      exporters: { file: { path: '/var/log/rows.log' } },
      service: { pipelines: { logs: { receivers: ['events_log'], exporters: ['file'] } } },
    })
    const { errors } = await load([OVERRIDE], JSON.stringify(config([])))
    assert.deepEqual(
      errors.map(({ path, problem }) => [path, problem]),
      [
        [
          ['exporters', 'file'],
          'writes /var/log/rows.log, which receiver events_log reads: its rows would come back as flows; write elsewhere, or exclude it there',
        ],
      ],
    )
    assert.equal((await load([OVERRIDE], JSON.stringify(config(['rows*'])))).kind, 'valid')
  })

async function load(files: readonly string[], override = '') {
  const loaded = await loadConfig(catalog, files, {
    env: {},
    readFile: (path) => (path === OVERRIDE ? override : readFileSync(path, 'utf8')),
  })
  const errors = loaded.kind === 'invalid' ? loaded.errors : []
  return { kind: loaded.kind, errors, warnings: loaded.warnings }
}
