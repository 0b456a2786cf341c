import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

/** A flowfold of its own process, with V8's code of the last one. */
export function startFlowfold(configPath: string): ChildProcess {
  const root = join(import.meta.dirname, '../..')
  return spawn(process.execPath, [join(root, 'flowfold.ts'), 'run', '--config', configPath], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/flowfold') },
  })
}
