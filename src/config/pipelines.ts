import { nearest } from '../util/nearest.ts'
import type { Section } from './components.ts'
import type { SettingPath } from './problem.ts'
import type { Report } from './report.ts'
import type { PipelineConfig, ResolvedConfig } from './resolved.ts'
import { type ConfigNode, nodeAt, plain } from './tree.ts'

type Components = Pick<ResolvedConfig, Section>

const SECTIONS: readonly Section[] = ['receivers', 'processors', 'exporters']
const ID = /^logs(\/[\w.-]+)?$/

/** The pipelines as far as they can be read: their schema says what is wrong with the rest. */
export function readPipelines(root: ConfigNode): PipelineConfig[] {
  const pipelines = nodeAt(root, ['service', 'pipelines'])
  if (pipelines?.kind !== 'map') return []
  return [...pipelines.entries].map(([id, node]) => ({
    id,
    receivers: idsUsed(node, 'receivers'),
    processors: idsUsed(node, 'processors'),
    exporters: idsUsed(node, 'exporters'),
  }))
}

/** Checks that pipelines and components fit together. */
export function checkPipelines(
  root: ConfigNode,
  pipelines: readonly PipelineConfig[],
  components: Components,
  report: Report,
): void {
  for (const pipeline of pipelines) {
    const path = ['service', 'pipelines', pipeline.id]
    if (!ID.test(pipeline.id))
      report.error(
        root,
        path,
        'no pipeline id; write "logs", or "logs/name" with letters, digits, "_", "-" and "."',
      )
    for (const section of SECTIONS) checkUses(root, [...path, section], section, pipeline[section], report)
    checkFolds(root, [...path, 'processors'], pipeline.processors, components, report)
  }
  for (const section of SECTIONS) warnOfUnused(root, section, pipelines, report)
}

function checkUses(
  root: ConfigNode,
  path: SettingPath,
  section: Section,
  ids: readonly string[],
  report: Report,
): void {
  const defined = idsIn(root, section)
  ids.forEach((id, index) => {
    if (ids.indexOf(id) < index)
      report.error(root, [...path, index], `"${id}" is here twice; keep one of them`)
    if (defined.includes(id)) return
    const meant = nearest(id, defined)
    // A definition whose own id is wrong explains the use of it.
    if (meant !== null && report.hasError([section, meant])) return
    const hint = meant === null ? `define it below "${section}"` : `did you mean "${meant}"?`
    report.error(root, [...path, index], `${section.slice(0, -1)} "${id}" is not defined; ${hint}`)
  })
}

/** A fold turns flows into rows, and nothing after it could work on rows. */
function checkFolds(
  root: ConfigNode,
  path: SettingPath,
  ids: readonly string[],
  { processors }: Components,
  report: Report,
): void {
  const folds = ids.flatMap((id, index) => (processors.get(id)?.definition.kind === 'fold' ? [index] : []))
  for (const index of folds.slice(1))
    report.error(
      root,
      [...path, index],
      `a pipeline folds once, and "${ids[folds[0]]}" does; take one of them out`,
    )
  if (folds.length === 1 && folds[0] < ids.length - 1)
    report.error(
      root,
      [...path, folds[0]],
      `"${ids[folds[0]]}" folds flows into rows, so it must be the last processor`,
    )
}

function warnOfUnused(
  root: ConfigNode,
  section: Section,
  pipelines: readonly PipelineConfig[],
  report: Report,
): void {
  const used = new Set(pipelines.flatMap((pipeline) => pipeline[section]))
  for (const id of idsIn(root, section))
    if (!used.has(id)) report.warning(root, [section, id], `no pipeline uses this ${section.slice(0, -1)}`)
}

function idsUsed(pipeline: ConfigNode, section: Section): string[] {
  const list = nodeAt(pipeline, [section])
  return list?.kind === 'list' ? list.items.map((item) => String(plain(item))) : []
}

/** Also those with wrong settings: they are defined, and that they are wrong is said elsewhere. */
function idsIn(root: ConfigNode, section: Section): string[] {
  const node = nodeAt(root, [section])
  return node?.kind === 'map' ? [...node.entries.keys()] : []
}
