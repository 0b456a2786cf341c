import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Git ignores it; a second run finds it there. */
const FOLDER = join(import.meta.dirname, '../../../node_modules/.cache/fastavro')
const PYTHON = join(FOLDER, 'bin/python')
const INSTALL_TIMEOUT_MS = 120_000

const READ = `
import fastavro, json, sys
with open(sys.argv[1], 'rb') as file:
    reader = fastavro.reader(file)
    rows = list(reader)
    print(json.dumps({'codec': reader.codec, 'rows': rows}, default=lambda time: time.isoformat()))
`

export interface ReadByPython {
  readonly codec: string
  readonly rows: readonly { readonly [column: string]: unknown }[]
}

/** Why Python's Avro reader cannot be had; false when it is there. Installs it at the first time. */
export function noFastavro(): string | false {
  if (existsSync(PYTHON) && run(PYTHON, ['-c', 'import fastavro, backports.zstd']).ok) return false
  const steps: [program: string, ...argv: string[]][] = [
    ['python3', '-m', 'venv', '--clear', FOLDER],
    [
      PYTHON,
      '-m',
      'pip',
      'install',
      '--quiet',
      '--retries',
      '1',
      '--timeout',
      '10',
      'fastavro',
      'backports.zstd',
    ],
  ]
  for (const [program, ...argv] of steps) {
    const { ok, problem } = run(program, argv)
    if (!ok) return `fastavro (Python) cannot be installed: ${problem}`
  }
  return false
}

/** An Avro file as Python reads it; times in ISO 8601. */
export function readByPython(path: string): ReadByPython {
  const { ok, output, problem } = run(PYTHON, ['-c', READ, path])
  if (!ok) throw new Error(problem)
  return JSON.parse(output)
}

function run(program: string, argv: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
    maxBuffer: 64 * 2 ** 20,
  })
  const problem = error?.message ?? stderr.trim().split('\n').at(-1) ?? ''
  return { ok: status === 0, output: stdout, problem }
}
