import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { endedChildrenCpuS, treeCpuS, treePeakBytes } from './proc.ts'

export interface Command {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  /** Whether it ends by itself, or is asked to end once it has nothing more to do. */
  readonly ends: 'by itself' | 'when idle'
}

export interface Measured {
  /** User and system time of the process and all below it, from start to end. */
  readonly cpuS: number
  readonly wallS: number
  /** Of the largest process. */
  readonly peakBytes: number
  readonly stdout: string
}

const LOOK_EVERY_MS = 25
/** Longer than the windows of the peers, which deliver by the clock. */
const IDLE_AFTER_MS = 8000
const GIVE_UP_AFTER_MS = 10 * 60_000

/** Runs a command to its end; nothing else may be a child of this process meanwhile. */
export async function measure({ argv, cwd, ends }: Command): Promise<Measured> {
  const cpuBeforeS = endedChildrenCpuS()
  const startedMs = performance.now()
  const child = spawn(argv[0], argv.slice(1), { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const watch = watchTree(child.pid as number, ends, startedMs)
  const [code] = (await once(child, 'close').finally(() => clearInterval(watch.timer))) as [number | null]
  if (code !== 0 && !watch.wasStopped)
    throw new Error(`${argv.join(' ')}\nended with code ${code}:\n${stderr.text || stdout.text}`)
  return {
    cpuS: endedChildrenCpuS() - cpuBeforeS,
    wallS: (performance.now() - startedMs) / 1000,
    peakBytes: watch.peakBytes,
    stdout: stdout.text,
  }
}

/** The kernel keeps each process's peak, so that looking now and then is enough. */
function watchTree(pid: number, ends: Command['ends'], startedMs: number) {
  const watch = { peakBytes: 0, wasStopped: false, timer: setInterval(look, LOOK_EVERY_MS) }
  let busyUntilMs = startedMs
  let cpuS = 0
  function look(): void {
    const nowMs = performance.now()
    watch.peakBytes = Math.max(watch.peakBytes, treePeakBytes(pid))
    if (nowMs - startedMs > GIVE_UP_AFTER_MS) stop()
    if (ends === 'by itself') return
    const cpuNowS = treeCpuS(pid)
    // A waiting collector still ticks: a hundredth of a second now and then is not work.
    if (cpuNowS - cpuS > 0.05) {
      cpuS = cpuNowS
      busyUntilMs = nowMs
    }
    if (nowMs - busyUntilMs > IDLE_AFTER_MS) stop()
  }
  function stop(): void {
    if (watch.wasStopped) return
    watch.wasStopped = true
    process.kill(pid, 'SIGTERM')
  }
  return watch
}

function collect(stream: NodeJS.ReadableStream): { readonly text: string } {
  const collected = { text: '' }
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    collected.text += text
  })
  return collected
}
