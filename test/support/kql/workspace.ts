import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'

/** A node of a bound query, as far as tests look at it; its properties are those of its kind. */
export interface SyntaxNode {
  readonly [property: string]: unknown
}

export interface Schema {
  /** Columns by table, as KQL writes them: `(Time: datetime, Name: string)`. */
  readonly tables: { readonly [name: string]: string }
  /** Bodies of saved functions. */
  readonly functions?: { readonly [name: string]: string }
}

/** Errors and warnings of a query in a workspace with these tables and functions; empty when it can run. */
export function problemsOf(query: string, schema: Schema): string[] {
  return problemsIn(codeOf(query, schema))
}

/** The columns that a query answers with. */
export function columnsOf(query: string, schema: Schema): string[] {
  return listOf(codeOf(query, schema).ResultType.Columns).map(({ Name }) => Name)
}

/** The query's syntax tree, bound to the schema; throws where it cannot run. */
export function bound(query: string, schema: Schema): SyntaxNode {
  const code = codeOf(query, schema)
  const problems = problemsIn(code)
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\nin:\n${query}`)
  return code.Syntax
}

function problemsIn(code: KustoCode): string[] {
  return listOf(code.GetDiagnostics()).map(({ Severity, Message }) => `${Severity}: ${Message}`)
}

/** What the language service, a program for browsers, offers: only what is used here, in its own names. */
interface Kusto {
  readonly Language: {
    readonly KustoCode: { ParseAndAnalyze(text: string, globals: unknown): KustoCode }
    readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } }
    readonly Symbols: {
      readonly TableSymbol: { readonly $ctor7: new (name: string, schema: string, doc: string) => unknown }
      readonly FunctionSymbol: {
        readonly $ctor16: new (name: string, parameters: string, body: string, doc: string) => unknown
      }
      readonly DatabaseSymbol: { readonly ctor: new (name: string, members: readonly unknown[]) => unknown }
    }
  }
}

interface KustoCode {
  readonly Syntax: SyntaxNode
  readonly ResultType: { readonly Columns: KustoList<{ readonly Name: string }> }
  GetDiagnostics(): KustoList<{ readonly Severity: string; readonly Message: string }>
}

export interface KustoList<T> {
  readonly Count: number
  getItem(index: number): T
}

export function listOf<T>(list: KustoList<T>): T[] {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index))
}

let kusto: Kusto | null = null
/** What was analyzed already, by schema and text. */
const analyzed = new WeakMap<Schema, { readonly globals: unknown; readonly codes: Map<string, KustoCode> }>()

function codeOf(query: string, schema: Schema): KustoCode {
  kusto ??= load()
  const { globals, codes } = analyzed.get(schema) ?? { globals: globalsFrom(kusto, schema), codes: new Map() }
  analyzed.set(schema, { globals, codes })
  const code = codes.get(query) ?? kusto.Language.KustoCode.ParseAndAnalyze(query, globals)
  codes.set(query, code)
  return code
}

function globalsFrom(
  { Language: { GlobalState, Symbols } }: Kusto,
  { tables, functions = {} }: Schema,
): unknown {
  const members = [
    ...Object.entries(tables).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, '')),
    ...Object.entries(functions).map(
      ([name, body]) => new Symbols.FunctionSymbol.$ctor16(name, '()', `{\n${body}\n}`, ''),
    ),
  ]
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', members))
}

/** Two scripts that expect to share a page; `Array` is ours, so that they know our arrays for arrays. */
function load(): Kusto {
  const folder = dirname(fileURLToPath(import.meta.resolve('@kusto/language-service-next')))
  const page = createContext({ Array })
  for (const script of ['bridge.min.js', 'Kusto.Language.Bridge.min.js'])
    runInContext(readFileSync(join(folder, script), 'utf8'), page, { filename: script })
  return page.Kusto as Kusto
}
