import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configSchema } from '../../config/config-schema.ts'
import type { Catalog } from '../../sdk/index.ts'
import { componentDocs } from '../components.ts'
import type { ExitCode, Terminal } from '../terminal.ts'
import { fillBlock } from './blocks.ts'
import { componentsTable, metricsTable, settingsTable } from './tables.ts'

interface Page {
  /** Below the checkout. */
  readonly path: string
  /** Null where there is no such file. */
  readonly written: string | null
  readonly fresh: string
}

/** Writes what the definitions say into READMEs and the config's schema; with `check`, only says what is stale. */
export async function docs(
  catalog: Catalog,
  { out, err }: Terminal,
  { root, check }: { readonly root: string; readonly check: boolean },
): Promise<ExitCode> {
  const { pages, problems } = await allPages(catalog, root)
  for (const problem of problems) err.write(`${problem}\n`)
  const stale = pages.filter(({ written, fresh }) => written !== fresh)
  if (!check) for (const { path, fresh } of stale) writeFileSync(join(root, path), fresh)
  for (const { path } of stale) (check ? err : out).write(`${check ? 'stale' : 'written'}: ${path}\n`)
  if (check && stale.length > 0) err.write('run "npm run docs" and commit what it writes\n')
  return problems.length > 0 || (check && stale.length > 0) ? 1 : 0
}

async function allPages(catalog: Catalog, root: string): Promise<{ pages: Page[]; problems: string[] }> {
  const pages: Page[] = []
  const problems: string[] = []
  const fill = (path: string, blocks: { readonly [name: string]: string }) => {
    const written = read(root, path)
    if (written === null) return void problems.push(`${path}: there is no such file`)
    let fresh = written
    for (const [name, content] of Object.entries(blocks)) {
      const filled = fillBlock(fresh, name, content)
      if (filled === null)
        problems.push(`${path}: no "<!-- generated: ${name} -->" with a "<!-- /generated -->" below it`)
      else fresh = filled
    }
    pages.push({ path, written, fresh })
  }
  const components = await componentDocs(catalog)
  for (const { section, type, settings, metrics } of components)
    fill(`${section}/${type}/README.md`, {
      settings: settingsTable(settings),
      metrics: metricsTable(metrics),
    })
  fill('README.md', { components: componentsTable(components) })
  const schema = 'config/schema.json'
  const fresh = `${JSON.stringify(await configSchema(catalog), null, 2)}\n`
  pages.push({ path: schema, written: read(root, schema), fresh })
  return { pages, problems }
}

function read(root: string, path: string): string | null {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
