import type { Report } from './report.ts'
import type { ResolvedConfig } from './resolved.ts'
import type { ConfigNode } from './tree.ts'

/** Finds exporters that write what a receiver reads: rows would come back as flows, for ever. */
export function checkLoops(
  root: ConfigNode,
  { receivers, exporters }: Pick<ResolvedConfig, 'receivers' | 'exporters'>,
  report: Report,
): void {
  for (const { id, definition, settings } of exporters.values()) {
    const file = definition.kind === 'sink' ? definition.writes?.(settings) : undefined
    if (file === undefined) continue
    const reader = [...receivers.values()].find(({ definition, settings }) =>
      definition.readsFile?.(settings, file),
    )
    if (reader !== undefined)
      report.error(
        root,
        ['exporters', id],
        `writes ${file}, which receiver ${reader.id} reads: its rows would come back as flows; write elsewhere, or exclude it there`,
      )
  }
}
