import type { ConfigTest } from '../../config/tests.ts'
import type { Catalog } from '../../sdk/index.ts'
import { counted } from '../format.ts'
import { readConfig } from '../read-config.ts'
import type { ExitCode, Terminal } from '../terminal.ts'
import { agrees, compareRows } from './comparison.ts'
import { comparisonText, failureText, heading } from './report.ts'
import { runTest } from './run-test.ts'

/** Runs the tests of a config, one after the other, and tells what differs. */
export async function test(
  catalog: Catalog,
  terminal: Terminal,
  files: readonly string[],
): Promise<ExitCode> {
  const loaded = await readConfig(catalog, terminal, files)
  if (loaded === null) return 78
  const { config, tests } = loaded
  if (tests.length === 0) {
    terminal.err.write(`flowfold: ${files.join(', ')}: there are no tests; write some below "tests"\n`)
    return 78
  }
  let failed = 0
  for (const test of tests) {
    const faults = await faultsOf(test)
    if (faults.length > 0) failed++
    terminal.out.write(heading(config.placeOf(test.path), test.name, faults))
  }
  terminal.out.write(`${counted(tests.length, 'test')}: ${tests.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1

  async function faultsOf(test: ConfigTest): Promise<string[]> {
    const faults: string[] = []
    for (const [pipeline, patterns] of test.expect) {
      const outcome = await runTest(config, test, pipeline, terminal)
      if (outcome.kind === 'failed') {
        faults.push(failureText(pipeline, outcome.reason))
        continue
      }
      const comparison = compareRows(patterns, outcome.rows, test.match)
      const placeOf = (row: number) => config.placeOf([...test.path, 'expect', pipeline, row])
      if (!agrees(comparison)) faults.push(comparisonText(pipeline, comparison, placeOf))
    }
    return faults
  }
}
