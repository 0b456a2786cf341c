import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A folder of the test's own, gone when the test is over. */
export function tempDir(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'flowfold-'))
  test.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}
