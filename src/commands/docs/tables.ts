import type { Section } from '../../config/components.ts'
import type { MetricDoc } from '../../sdk/index.ts'
import type { SettingDoc } from '../setting-docs.ts'

export function settingsTable(settings: readonly SettingDoc[]): string {
  if (settings.length === 0) return 'It has no settings.\n'
  const rows = settings.map((setting) => [names(setting), setting.type, fallback(setting), setting.doc])
  return markdown(['Setting', 'Type', 'Default', 'What it does'], rows)
}

export function metricsTable(metrics: readonly MetricDoc[]): string {
  if (metrics.length === 0) return 'It has none of its own; the engine counts its flows, rows and bytes.\n'
  return markdown(
    ['Metric', 'What it counts'],
    metrics.map(({ name, doc }) => [code(name), doc]),
  )
}

export function componentsTable(
  components: readonly { readonly section: Section; readonly type: string; readonly summary: string }[],
): string {
  const rows = components.map(({ section, type, summary }) => [
    section.slice(0, -1),
    `[\`${type}\`](${section}/${type}/README.md)`,
    summary,
  ])
  return markdown(['Kind', 'Type', 'What it does'], rows)
}

function names({ name, also }: SettingDoc): string {
  return [name, ...also].map(code).join(', ')
}

function fallback({ required, default: value, secret }: SettingDoc): string {
  const text = required ? 'required' : value === null ? '' : code(JSON.stringify(value))
  return secret ? `${text} (secret)`.trim() : text
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

/** A bar or a line feed would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ')
}

function code(text: string): string {
  return `\`${text}\``
}
