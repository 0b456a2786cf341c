import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../support/temp-dir.ts'

test('the committed programs are what their source compiles to', async (context) => {
  const reason = whyNoBuild()
  if (reason !== null && process.env.REQUIRE_EBPF !== '1') return context.skip(reason)
  assert.equal(reason, null)
  const bpf = join(import.meta.dirname, '../../bpf')
  const built = tempDir(context)
  execFileSync(process.execPath, [join(bpf, 'build.ts'), built])
  for (const name of ['flow.bpf.o', 'drops.bpf.o', 'tcp.bpf.o'])
    assert.ok(
      readFileSync(join(built, name)).equals(readFileSync(join(bpf, 'dist', name))),
      `bpf/ has changed: run \`npm run bpf\` and commit dist/${name}`,
    )
})

/** The bytes are those of one compiler; another one is no reason to complain. */
function whyNoBuild(): string | null {
  const wanted = readFileSync(join(import.meta.dirname, '../../bpf/dist/built-with.txt'), 'utf8').trim()
  const version = (command: string, ...args: string[]) => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' })
    } catch {
      return ''
    }
  }
  const clang = /version (\S+)/.exec(version('clang', '--version'))?.[1] ?? 'none'
  const headers = version('dpkg-query', '--show', 'libbpf-dev').trim().split('\t')[1] ?? 'none'
  const here = `clang ${clang}, libbpf-dev ${headers}`
  if (version('llvm-strip', '--version') === '') return 'llvm-strip is not installed'
  return here === wanted ? null : `the programs were built with ${wanted}; here is ${here}`
}
