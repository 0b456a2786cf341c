import type { Catalog } from '../sdk/index.ts'
import { wayOut } from '../util/nearest.ts'
import { readSection, readSettings } from './components.ts'
import { expand } from './expand.ts'
import { checkLoops } from './loops.ts'
import { type Parsed, parseConfig } from './parse.ts'
import { checkPipelines, readPipelines } from './pipelines.ts'
import { formatPlace, type Problem } from './problem.ts'
import { Report } from './report.ts'
import type { ResolvedConfig } from './resolved.ts'
import { serviceConfig, serviceSettings } from './service-settings.ts'
import type { Surroundings } from './surroundings.ts'
import { type ConfigTest, readTests } from './tests.ts'
import { type ConfigNode, merge, placeOf } from './tree.ts'

export type LoadedConfig =
  | {
      readonly kind: 'valid'
      readonly config: ResolvedConfig
      readonly tests: readonly ConfigTest[]
      readonly warnings: readonly Problem[]
      /** What was written, merged and expanded. */
      readonly root: ConfigNode
    }
  | { readonly kind: 'invalid'; readonly errors: readonly Problem[]; readonly warnings: readonly Problem[] }

/** Reads config files, the later ones over the earlier ones, and checks everything that can be checked without starting. */
export async function loadConfig(
  catalog: Catalog,
  files: readonly string[],
  around: Surroundings,
): Promise<LoadedConfig> {
  const read = readFiles(files, around)
  if (read.kind === 'invalid') return read
  const report = new Report()
  const root = expand(read.root, around, report)
  const config = await resolve(root, catalog, report)
  const tests = readTests(root, readPipelines(root), report)
  const { errors, warnings } = report
  if (config === null || errors.length > 0) return { kind: 'invalid', errors, warnings }
  return { kind: 'valid', config, tests, warnings, root }
}

type ReadFiles = { readonly kind: 'read'; readonly root: ConfigNode } | (LoadedConfig & { kind: 'invalid' })

function readFiles(files: readonly string[], around: Surroundings): ReadFiles {
  let root = emptyMap(files[0])
  const errors: Problem[] = []
  for (const file of files) {
    const read = readTree(file, around)
    if (read.kind === 'broken') errors.push(...read.problems)
    else root = merge(root, read.root)
  }
  return errors.length > 0 ? { kind: 'invalid', errors, warnings: [] } : { kind: 'read', root }
}

function readTree(file: string, around: Surroundings): Parsed {
  const broken = (problem: string): Parsed => ({
    kind: 'broken',
    problems: [{ file, place: null, path: [], problem }],
  })
  let text: string
  try {
    text = around.readFile(file)
  } catch (error) {
    return broken(`cannot be read: ${(error as Error).message}`)
  }
  const parsed = parseConfig(file, text)
  if (parsed.kind === 'broken' || parsed.root.kind === 'map') return parsed
  // An empty file, or one of comments alone, says nothing.
  if (parsed.root.kind === 'scalar' && parsed.root.value === null)
    return { kind: 'tree', root: emptyMap(file) }
  return broken('is no config: it must be a map with "receivers", "exporters" and "service"')
}

function emptyMap(file: string): ConfigNode {
  return { kind: 'map', place: { file, line: 1, column: 1 }, entries: new Map() }
}

const SECTIONS = ['receivers', 'processors', 'exporters', 'service', 'tests']

/** Null when the service's own settings are wrong; else a config that is as good as the report says. */
async function resolve(root: ConfigNode, catalog: Catalog, report: Report): Promise<ResolvedConfig | null> {
  if (root.kind === 'map')
    for (const section of root.entries.keys())
      if (!SECTIONS.includes(section))
        report.error(root, [section], `unknown section; ${wayOut(section, SECTIONS)}`)
  const receivers = await readSection(root, 'receivers', catalog.receivers, report)
  const processors = await readSection(root, 'processors', catalog.processors, report)
  const exporters = await readSection(root, 'exporters', catalog.exporters, report)
  const service = readSettings(root, ['service'], serviceSettings, report)
  const pipelines = readPipelines(root)
  checkPipelines(root, pipelines, { receivers, processors, exporters }, report)
  checkLoops(root, { receivers, exporters }, report)
  if (service === null) return null
  return {
    receivers,
    processors,
    exporters,
    pipelines,
    service: serviceConfig(service.output),
    placeOf: (path) => formatPlace(placeOf(root, path)),
  }
}
