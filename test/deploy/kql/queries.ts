import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TABLE } from '../../../src/commands/azure/table.ts'
import { COLUMNS } from '../../../src/sdk/index.ts'
import { columnsOf, problemsOf } from '../../support/kql/workspace.ts'
import { PUBLISHED } from './published.ts'
import { BUILT_IN, PLAIN_WORKSPACE, QUERIES, text, WORKSPACE } from './workspace.ts'

for (const [name, query] of QUERIES) {
  test(`${name} fits the table`, () => {
    assert.deepEqual(problemsOf(query, PLAIN_WORKSPACE), [])
  })

  test(`${name} says what it asks, and keeps to what the plan Basic can do: one table, no functions`, () => {
    assert.match(query, /^\/\/ [A-Z].*\?\n/)
    const words = query.replace(/^\/\/.*$/gm, '').match(/\w+/g) ?? []
    const foreign = ['join', 'union', 'lookup', 'find', 'search', 'table', BUILT_IN]
    assert.deepEqual(
      words.filter((word) => foreign.includes(word)),
      [],
    )
    assert.equal(words.filter((word) => word === TABLE).length, 1)
  })
}

test('a query for a column that is not there is told apart', () => {
  const [problem] = problemsOf(`${TABLE} | where Verdikt == "DROPPED"`, PLAIN_WORKSPACE)
  assert.match(problem, /'Verdikt' does not refer to any known column/)
})

test('the function fits both tables, and answers with the columns of the built-in one', () => {
  const builtIn = COLUMNS.filter((column) => column.builtIn).map(({ name }) => name)
  const standard = ['TenantId', 'Type', '_ResourceId']
  assert.deepEqual(problemsOf(text('function.kql'), PLAIN_WORKSPACE), [])
  assert.deepEqual(columnsOf(text('function.kql'), PLAIN_WORKSPACE), [...builtIn, ...standard])
  assert.deepEqual(columnsOf(BUILT_IN, WORKSPACE), [...builtIn, ...standard])
  assert.deepEqual(columnsOf(BUILT_IN, WORKSPACE), columnsOf(BUILT_IN, PLAIN_WORKSPACE))
})

for (const [name, { query, unknown = [] }] of Object.entries(PUBLISHED)) {
  test(`published: ${name} runs on the function as it does on the built-in table`, () => {
    const problems = problemsOf(query, WORKSPACE)
    assert.deepEqual(problems, problemsOf(query, PLAIN_WORKSPACE))
    const names = problems.map((problem) => /The name '(\w+)' does not refer/.exec(problem)?.[1] ?? problem)
    assert.deepEqual(names, unknown)
  })
}
