import assert from 'node:assert/strict'
import { type ChildProcessByStdio, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { whyNothingWorks } from '../../../receivers/ebpf/probe.ts'
import type { NodeWorld } from './node-world.ts'
import type { Seen, WatchArguments } from './watch-process.ts'

/** Why tests in the kernel are skipped here, or false. With `REQUIRE_EBPF=1` nothing is skipped: it fails. */
export async function skipReason(...tools: string[]): Promise<string | false> {
  const reason = (await whyNothingWorks()) ?? whyNoNamespaces() ?? missing(tools)
  if (reason !== null && process.env.REQUIRE_EBPF === '1') throw new Error(`REQUIRE_EBPF=1, but ${reason}`)
  return reason ?? false
}

function whyNoNamespaces(): string | null {
  const name = `ff${process.pid}probe`
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' })
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' })
    return null
  } catch (error) {
    return `no network namespace can be made: ${String((error as Error).message).split('\n', 1)[0]}`
  }
}

function missing(tools: readonly string[]): string | null {
  for (const tool of ['nsenter', ...tools])
    try {
      execFileSync('which', [tool], { stdio: 'pipe' })
    } catch {
      return `${tool} is not installed`
    }
  return null
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** Resolves with what a program has printed once that contains `word`. */
export function printed(child: Child, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    let complaints = ''
    child.stderr.on('data', (piece) => {
      complaints += piece
    })
    child.stdout.on('data', (piece) => {
      out += piece
      if (out.includes(word)) resolve(out)
    })
    child.on('exit', (code) => reject(new Error(`ended with ${code} before "${word}": ${out}${complaints}`)))
  })
}

const TRAFFIC = join(import.meta.dirname, 'traffic.ts')
const WATCH = join(import.meta.dirname, 'watch-process.ts')

type Cleanup = { after(work: () => void): void }

/** A listener in a pod, ready to take what comes. */
export async function listen(
  context: Cleanup,
  world: NodeWorld,
  pod: 1 | 2,
  kind: 'sink' | 'hole',
  options: object,
) {
  const child = world.start(context, world.pod(pod), process.execPath, TRAFFIC, kind, JSON.stringify(options))
  await printed(child, 'ready')
}

/** Sends some traffic from a pod, all of it. */
export async function send(
  context: Cleanup,
  world: NodeWorld,
  pod: 1 | 2,
  kind: 'bulk' | 'datagrams' | 'refused',
  options: object,
) {
  const child = world.start(context, world.pod(pod), process.execPath, TRAFFIC, kind, JSON.stringify(options))
  let complaints = ''
  child.stderr.on('data', (piece) => {
    complaints += piece
  })
  const code = await new Promise((resolve) => child.on('exit', resolve))
  assert.equal(code, 0, complaints)
}

export interface Watching {
  readonly pid: number
  /** Ends it; what it has seen. */
  stop(): Promise<Seen>
  kill(): Promise<void>
}

/** The kernel's side in the namespace of the node. */
export async function watch(context: Cleanup, world: NodeWorld, options: WatchArguments): Promise<Watching> {
  const child = world.start(
    context,
    world.node,
    process.execPath,
    '--expose-gc',
    WATCH,
    JSON.stringify({ ...options, netns: world.netns }),
  )
  await printed(child, 'ready')
  const ended = new Promise((resolve) => child.on('exit', resolve))
  return {
    pid: child.pid ?? 0,
    async stop() {
      let out = ''
      child.stdout.on('data', (piece) => {
        out += piece
      })
      child.stdin.end()
      assert.equal(await ended, 0)
      return JSON.parse(out.slice(out.indexOf('{')))
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
