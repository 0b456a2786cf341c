import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Builds the kernel's programs into `dist/`, which is committed so that nobody needs clang to run flowfold. With an
 * argument it writes there instead; a test compares the two. The same compiler and headers give the same bytes, whatever
 * folder they are built in and whatever machine they are for.
 */
const OBJECTS = ['flow', 'drops', 'tcp']

const folder = import.meta.dirname
const target = process.argv[2] ?? join(folder, 'dist')
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8' })

const clang = /version (\S+)/.exec(run('clang', '--version'))?.[1] ?? 'unknown'
const [, headers] = run('dpkg-query', '--show', 'libbpf-dev').trim().split('\t')
mkdirSync(target, { recursive: true })
for (const name of OBJECTS) {
  const object = join(target, `${name}.bpf.o`)
  run(
    ...(['clang', '-O2', '-g', '-Wall', '-Werror', '-target', 'bpf', '-mlittle-endian'] as const),
    ...[`-ffile-prefix-map=${folder}=.`, '-c', `${name}.bpf.c`, '-o', object],
  )
  // The types (BTF) stay: libbpf fits the object to the running kernel by them.
  run('llvm-strip', '-g', object)
  process.stdout.write(`${object}: ${readFileSync(object).length} bytes\n`)
}
writeFileSync(join(target, 'built-with.txt'), `clang ${clang}, libbpf-dev ${headers}\n`)
