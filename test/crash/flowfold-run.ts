import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const END_TIMEOUT_MS = 120_000

/** Runs of flowfold in a process of its own. */
export const FlowfoldRun = {
  /** Kills it when `work` is done, or fails. */
  async killedAfter(configPath: string, work: () => Promise<void>): Promise<void> {
    const child = start(configPath)
    const exited = once(child, 'exit')
    try {
      await work()
      assert.equal(child.exitCode, null, 'it runs until it is killed')
    } finally {
      child.kill('SIGKILL')
      await exited
    }
  },

  /** With `stop_at_end`. */
  async toItsEnd(configPath: string): Promise<void> {
    const child = start(configPath)
    const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS)
    const [exitCode] = await once(child, 'exit')
    clearTimeout(timer)
    assert.equal(exitCode, 0, 'the last run reads to the end by itself')
  },
}

/** With V8's code of the last one. */
function start(configPath: string): ChildProcess {
  const root = join(import.meta.dirname, '../..')
  return spawn(process.execPath, [join(root, 'flowfold.ts'), 'run', '--config', configPath], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/flowfold') },
  })
}
