import { catalog } from '../../flowfold.ts'
import type { Dictionary } from '../../src/record/dictionary.ts'
import { testHost } from '../../test/support/host.ts'

/** The fold that the whole job uses, outside the engine. */
export async function workloadFold(dictionary: Dictionary) {
  const aggregate = await catalog.processors.aggregate()
  if (aggregate.kind !== 'fold') throw new Error('aggregate does not fold')
  const settings = aggregate.settings.parse({ window: '30s', key: 'workload' })
  const host = testHost({ dictionary })
  const fold = aggregate.create({ settings, host, pipeline: 'logs' })
  return { fold, reads: aggregate.reads(settings), nowMs: host.clock.now() }
}
