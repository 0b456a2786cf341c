import { readFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

/**
 * Builds `kernel.wasm`, which is committed so that nobody needs the compiler to run flowfold. With an argument it
 * writes there instead; a test compares the two.
 */
const folder = import.meta.dirname
const target = process.argv[2] ?? `${folder}/kernel.wasm`
const { error, stderr } = await asc.main([
  `${folder}/assembly/index.ts`,
  ...['--outFile', target],
  ...['--runtime', 'stub', '--noAssert', '-O3'],
  ...['--enable', 'simd', '--enable', 'threads', '--enable', 'bulk-memory'],
  // As `kernel.ts` makes the memory.
  ...['--importMemory', '--sharedMemory', '--initialMemory', '2', '--maximumMemory', '32768'],
])
process.stderr.write(stderr.toString())
if (error) throw error
process.stdout.write(`${target}: ${readFileSync(target).length} bytes\n`)
