import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { logEntry } from '../../exporters/azure_log_analytics/log-entry.ts'
import { TABLE, TABLE_COLUMNS } from '../../src/commands/azure/table.ts'
import { bicep } from '../../src/commands/azure/template.ts'
import { cli } from '../../src/commands/cli.ts'
import { COLUMNS } from '../../src/sdk/index.ts'
import { testCatalog } from '../support/catalog.ts'
import { row } from '../support/rows.ts'
import { TestTerminal } from '../support/terminal.ts'

/** Printed by the command; `flowfold azure template ... > FILE` prints them anew. */
const PRINTED: readonly (readonly [file: string, ...options: string[]])[] = [
  ['deploy/azure/flowfold.bicep'],
  ['test/deploy/golden/basic.bicep', '--plan', 'basic'],
  ['test/deploy/golden/with-endpoint.bicep', '--plan', 'analytics', '--with-endpoint'],
]

for (const [file, ...options] of PRINTED)
  test(`flowfold azure template ${options.join(' ')} prints ${file}`, async () => {
    const { code, out } = await flowfold('azure', 'template', ...options)
    assert.equal(code, 0)
    assert.equal(out, readFileSync(join(import.meta.dirname, '../..', file), 'utf8'))
  })

test('a plan that is none is told of', async () => {
  const { code, err } = await flowfold('azure', 'template', '--plan', 'premium')
  assert.equal(code, 78)
  assert.match(err, /Allowed choices are analytics, basic/)
})

test('all that the exporter sends has a column, and all columns of rows are there', () => {
  const names: readonly string[] = TABLE_COLUMNS.map(({ name }) => name)
  const sent = Object.keys(JSON.parse(logEntry(row())))
  assert.deepEqual(
    [...sent, ...COLUMNS.map(({ name }) => name)].filter((name) => !names.includes(name)),
    [],
  )
  assert.ok(sent.includes('FirstFlowTime'))
  assert.equal(new Set(names).size, names.length)
})

/** Source: azure-monitor-docs, create-custom-table.md, and the limits of workspaces. */
test('Log Analytics takes the names of table and columns', () => {
  const reserved = ['_ResourceId', 'id', '_SubscriptionId', 'TenantId', 'Type', 'UniqueId', 'Title']
  for (const { name } of TABLE_COLUMNS) {
    assert.match(name, /^[A-Za-z][A-Za-z0-9_]{0,44}$/)
    assert.ok(!reserved.some((word) => word.toLowerCase() === name.toLowerCase()), name)
  }
  assert.match(TABLE, /^[A-Za-z][A-Za-z0-9_]{0,59}_CL$/)
  assert.ok(TABLE_COLUMNS.length <= 500)
})

test('what would end a string in Bicep is escaped', () => {
  const texts = bicep({ plan: 'analytics', withEndpoint: false })
    .split('\n')
    .filter((line) => line.includes('{ name:'))
  assert.equal(texts.length, TABLE_COLUMNS.length)
  for (const line of texts) assert.match(line, /^ {2}\{( \w+: '([^'\\]|\\['\\$])*',?){3} \}$/)
})

async function flowfold(...argv: string[]) {
  const terminal = new TestTerminal()
  const code = await cli(testCatalog, argv, terminal)
  return { code, out: terminal.printed, err: terminal.complained }
}
