import type { Section } from '../config/components.ts'
import type { AnyDefinition, Catalog, MetricDoc } from '../sdk/index.ts'
import { wayOut } from '../util/nearest.ts'
import { type SettingDoc, settingDocs } from './setting-docs.ts'
import type { ExitCode, Terminal } from './terminal.ts'

interface ComponentDoc {
  readonly section: Section
  readonly type: string
  readonly summary: string
  readonly settings: readonly SettingDoc[]
  readonly metrics: readonly MetricDoc[]
}

/** Prints what this build has. */
export async function components(
  catalog: Catalog,
  { out, err }: Terminal,
  { type, json }: { readonly type: string | undefined; readonly json: boolean },
): Promise<ExitCode> {
  const all = await componentDocs(catalog)
  const chosen = type === undefined ? all : all.filter((component) => component.type === type)
  if (chosen.length === 0) {
    err.write(
      `flowfold: no component "${type}"; ${wayOut(
        String(type),
        all.map((component) => component.type),
      )}\n`,
    )
    return 78
  }
  out.write(
    json
      ? `${JSON.stringify(chosen, null, 2)}\n`
      : chosen.map((component) => asText(component, out.columns)).join('\n'),
  )
  return 0
}

export async function componentDocs(catalog: Catalog): Promise<ComponentDoc[]> {
  const docs: ComponentDoc[] = []
  for (const section of ['receivers', 'processors', 'exporters'] as const)
    for (const load of Object.values<() => Promise<AnyDefinition>>(catalog[section])) {
      const definition = await load()
      const { type, summary, metrics } = definition
      docs.push({ section, type, summary, settings: settingDocs(definition), metrics })
    }
  return docs
}

function asText({ section, type, summary, settings }: ComponentDoc, columns: number): string {
  const lines = settings.flatMap((setting) => [
    `    ${[setting.name, ...setting.also].join(', ')}  (${setting.type}${remark(setting)})`,
    ...wrapped(setting.doc, columns - 8).map((line) => `        ${line}`),
  ])
  return [
    `${section.slice(0, -1)} ${type}`,
    ...wrapped(summary, columns - 2).map((line) => `  ${line}`),
    ...lines,
    '',
  ].join('\n')
}

function remark({ required, default: value, secret }: SettingDoc): string {
  const rest = required ? '; required' : value === null ? '' : `; ${JSON.stringify(value)} unless set`
  return secret ? `${rest}; secret` : rest
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < Math.max(width, 40))
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
