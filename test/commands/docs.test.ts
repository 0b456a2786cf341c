import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { docs } from '../../src/commands/docs/docs.ts'
import { settingDocs } from '../../src/commands/setting-docs.ts'
import { duration, size } from '../../src/sdk/index.ts'
import { testCatalog } from '../support/catalog.ts'
import { tempDir } from '../support/temp-dir.ts'
import { TestTerminal } from '../support/terminal.ts'

const PAGE = `# Title

## Settings

<!-- generated: settings -->
<!-- /generated -->

## Metrics

<!-- generated: metrics -->
<!-- /generated -->

The end.
`

/** A checkout with a page for every component of the test catalog. */
function checkout(test: TestContext): string {
  const root = tempDir(test)
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  for (const folder of [
    'receivers/tail',
    'processors/keep',
    'processors/fold',
    'exporters/hec',
    'exporters/plain',
  ])
    write(`${folder}/README.md`, PAGE)
  write('README.md', '<!-- generated: components -->\n\nold\n<!-- /generated -->\n')
  mkdirSync(join(root, 'config'))
  return root
}

async function run(root: string, check: boolean) {
  const terminal = new TestTerminal()
  const code = await docs(testCatalog, terminal, { root, check })
  return { code, out: terminal.printed, err: terminal.complained }
}

test('docs fills the tables from the definitions, and says what it wrote', async (t) => {
  const root = checkout(t)
  const { code, out } = await run(root, false)
  assert.equal(code, 0)
  assert.equal(out.split('\n').length - 1, 7)
  const page = readFileSync(join(root, 'processors/keep/README.md'), 'utf8')
  assert.equal(
    page,
    `# Title

## Settings

<!-- generated: settings -->

| Setting | Type | Default | What it does |
| --- | --- | --- | --- |
| \`rules\` | list of map | \`[]\` | What to keep \\| all of it |
| \`rules[].verdict\` | text |  | Verdict |
| \`rules[].port\` | whole number |  | Port |
| \`language\` | text |  | A text that only \`check\` understands |

<!-- /generated -->

## Metrics

<!-- generated: metrics -->

It has none of its own; the engine counts its flows, rows and bytes.

<!-- /generated -->

The end.
`,
  )
  assert.match(
    readFileSync(join(root, 'README.md'), 'utf8'),
    /\| receiver \| \[`tail`\]\(receivers\/tail\/README\.md\) \| Follows a file\. \|/,
  )
})

test('docs has nothing to do a second time, and --check agrees', async (t) => {
  const root = checkout(t)
  await run(root, false)
  assert.deepEqual(await run(root, false), { code: 0, out: '', err: '' })
  assert.deepEqual(await run(root, true), { code: 0, out: '', err: '' })
})

test('--check names what is stale and the way out, and writes nothing', async (t) => {
  const root = checkout(t)
  await run(root, false)
  const page = join(root, 'exporters/hec/README.md')
  const stale = readFileSync(page, 'utf8').replace('Where to send', 'Where to sned')
  writeFileSync(page, stale)
  assert.deepEqual(await run(root, true), {
    code: 1,
    out: '',
    err: 'stale: exporters/hec/README.md\nrun "npm run docs" and commit what it writes\n',
  })
  assert.equal(readFileSync(page, 'utf8'), stale)
})

test('a page without its markers is a mistake, in both modes', async (t) => {
  const root = checkout(t)
  writeFileSync(join(root, 'exporters/hec/README.md'), PAGE.replace('<!-- generated: metrics -->', ''))
  for (const check of [false, true]) {
    const { code, err } = await run(root, check)
    assert.equal(code, 1)
    assert.match(
      err,
      /^exporters\/hec\/README\.md: no "<!-- generated: metrics -->" with a "<!-- \/generated -->" below it\n/,
    )
  }
})

test('settings of every shape are told, the same ones once', () => {
  const endpoint = z.strictObject({ ip: z.array(z.string()).nullish().describe('Addresses') })
  const settings = z.strictObject({
    from: endpoint.optional().describe('The sender'),
    to: endpoint.optional().describe('The receiver'),
    drop_reason: z.string().optional().describe('Why'),
    dropReason: z.string().optional().describe('Why'),
    wait: duration().prefault('1m').describe('Time'),
    room: size().describe('Space'),
    mode: z
      .union([z.enum(['all', 'none']), z.array(z.string())])
      .default('all')
      .describe('How'),
    labels: z.record(z.string(), z.int()).optional().describe('By name'),
    sink: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('file'), path: z.string().describe('Where') }),
        z.strictObject({ kind: z.literal('null') }),
      ])
      .optional()
      .describe('One of two'),
  })
  const told = settingDocs({ type: 'x', summary: '', settings, metrics: [] })
  assert.deepEqual(
    told.map(({ name, also, type, default: value, required }) =>
      [[name, ...also].join(' '), type, required ? 'required' : JSON.stringify(value)].join(' | '),
    ),
    [
      'from | map | null',
      'from.ip | list of text | null',
      'to | map, as `from` | null',
      'drop_reason dropReason | text | null',
      'wait | duration | "1m"',
      'room | size | required',
      'mode | "all", "none" or list of text | "all"',
      'labels | map of whole number by name | null',
      'sink | map | null',
      'sink.kind | "file" | required',
      'sink.path | text | required',
      'sink.kind | "null" | required',
    ],
  )
})
