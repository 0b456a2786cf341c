import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TABLE, TABLE_COLUMNS, type TableColumn } from '../../../src/commands/azure/table.ts'
import { COLUMNS } from '../../../src/sdk/index.ts'
import type { Schema } from '../../support/kql/workspace.ts'

export const BUILT_IN = 'ContainerNetworkLogs'

const FOLDER = join(import.meta.dirname, '../../../deploy/azure')

/** What every table of Log Analytics has beside its own columns. */
const STANDARD = ['TenantId: string', 'Type: string', '_ResourceId: string']

const TABLES = {
  [TABLE]: schemaOf(TABLE_COLUMNS),
  [BUILT_IN]: schemaOf(COLUMNS.filter(({ builtIn }) => builtIn)),
}

/** A workspace with both tables, as Azure and the template make them. */
export const PLAIN_WORKSPACE: Schema = { tables: TABLES }

/** The same with the saved function that hides the built-in table. */
export const WORKSPACE: Schema = { tables: TABLES, functions: { [BUILT_IN]: text('function.kql') } }

/** The questions of `deploy/azure/queries`, by name. */
export const QUERIES: ReadonlyMap<string, string> = new Map(
  readdirSync(join(FOLDER, 'queries')).map((file) => [file.replace('.kql', ''), text('queries', file)]),
)

/** A question, asked about something: `let Namespace = ...` is set to what `about` says. */
export function question(name: string, about: { readonly [variable: string]: string } = {}): string {
  let query = QUERIES.get(name)!
  for (const [variable, value] of Object.entries(about)) {
    const set = query.replace(new RegExp(`^let ${variable} = ".*";$`, 'm'), `let ${variable} = "${value}";`)
    if (set === query) throw new Error(`${name} asks for no ${variable}`)
    query = set
  }
  return query
}

export function text(...path: readonly string[]): string {
  return readFileSync(join(FOLDER, ...path), 'utf8')
}

function schemaOf(columns: readonly TableColumn[]): string {
  return `(${[...columns.map(({ name, type }) => `${name}: ${type}`), ...STANDARD].join(', ')})`
}
