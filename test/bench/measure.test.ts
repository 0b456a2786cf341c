import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, measure } from '../../bench/measure.ts'

const linux = { skip: process.platform !== 'linux' && 'reads /proc' }

test('CPU time and memory of a whole tree are measured', linux, async () => {
  const burn = `const until = process.cpuUsage().user + 300_000
    globalThis.held = Buffer.alloc(100 * 2 ** 20, 1)
    while (process.cpuUsage().user < until);
    setTimeout(() => {}, 100)`
  const parent = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}])`
  const { cpuS, peakBytes, wallS } = await measure(node(parent))
  assert.ok(cpuS > 0.3 && cpuS < 3, `${cpuS} s`)
  assert.ok(peakBytes > 100 * 2 ** 20 && peakBytes < 400 * 2 ** 20, `${peakBytes} bytes`)
  assert.ok(wallS >= 0.3, `${wallS} s`)
})

test('what it says is handed on', linux, async () => {
  const { stdout } = await measure(node('process.stdout.write("grüße")'))
  assert.equal(stdout, 'grüße')
})

test('a command that fails is an error with its last words', linux, async () => {
  const failing = measure(node('process.stderr.write("no such thing"); process.exit(3)'))
  await assert.rejects(failing, /ended with code 3:\nno such thing/)
})

test('a command that does not exist is an error', linux, async () => {
  await assert.rejects(
    measure({ argv: ['flowfold-has-no-such-program'], cwd: '.', ends: 'by itself' }),
    /ENOENT/,
  )
})

function node(script: string): Command {
  return { argv: [process.execPath, '-e', script], cwd: import.meta.dirname, ends: 'by itself' }
}
