import { filter } from '../../../processors/filter/index.ts'
import { batchOf, type Flow, type Processor } from '../../../src/sdk/index.ts'
import { type TestHost, testHost } from '../../support/host.ts'

/** The processor as a config makes it. */
export function filterOf(settings: object, host: TestHost = testHost()): Processor {
  return filter.create({ settings: filter.settings.parse(settings), host })
}

/** Which of the flows pass. */
export function passing(settings: object, flows: readonly Flow[]): readonly Flow[] {
  const host = testHost()
  const kept = filterOf(settings, host).process(batchOf(host.dictionary, flows))
  return kept ? Array.from(kept.rows, (row) => flows[row]) : []
}

/** Whether a flow passes when this is the only filter. */
export function matches(included: object, flow: Flow): boolean {
  return passing({ include: [included] }, [flow]).length === 1
}

/** What is wrong with settings, as `path: message`. */
export function mistakes(settings: object): readonly string[] {
  const result = filter.settings.safeParse(settings)
  return result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}
