import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../support/temp-dir.ts'

test('the committed kernel is what its source compiles to', (context) => {
  const kernel = join(import.meta.dirname, '../../src/kernel')
  const built = join(tempDir(context), 'kernel.wasm')
  execFileSync(process.execPath, [join(kernel, 'build.ts'), built])
  const isSame = readFileSync(built).equals(readFileSync(join(kernel, 'kernel.wasm')))
  assert.ok(isSame, 'src/kernel/assembly has changed: run `npm run kernel` and commit kernel.wasm')
})
