import { Dictionary } from '../../src/record/dictionary.ts'
import type { Host, LogFields } from '../../src/sdk/host.ts'
import { FakeClock } from './fake-clock.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

export interface TestHost extends Host {
  readonly clock: FakeClock
  /** Everything logged so far. */
  readonly lines: readonly LogLine[]
  /** Everything written to `out` so far. */
  readonly printed: () => string
  /** Value of a counter or gauge by its name, summed over labels; undefined when nobody announced it. */
  metric(name: string): number | undefined
}

/** A host for one component under test: it keeps what was logged and counted. */
export function testHost({
  id = 'test',
  dictionary = new Dictionary(),
  columns = 120,
  colors = false,
} = {}): TestHost {
  const lines: LogLine[] = []
  let printed = ''
  const metrics = new Map<string, (() => number)[]>()
  const announce = (name: string, read: () => number) => {
    metrics.set(name, [...(metrics.get(name) ?? []), read])
  }
  const logAt =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields })
    }
  return {
    id,
    node: 'node-1',
    clock: new FakeClock(),
    dictionary,
    lines,
    printed: () => printed,
    out: {
      isTty: colors,
      columns,
      colors,
      write(text) {
        printed += text
      },
    },
    log: { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') },
    metrics: {
      counter(name) {
        let total = 0
        announce(name, () => total)
        return {
          add(amount) {
            total += amount
          },
        }
      },
      total: (name, _doc, read) => announce(name, read),
      gauge: (name, _doc, read) => announce(name, read),
    },
    metric: (name) => metrics.get(name)?.reduce((sum, read) => sum + read(), 0),
  }
}
