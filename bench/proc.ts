import { readFileSync } from 'node:fs'
import koffi from 'koffi'

/** Linux reports CPU time to programs in hundredths of a second, whatever the kernel's own tick is (proc(5)). */
const TICKS_PER_SECOND = 100

const getrusage = koffi.load(null).func('int getrusage(int who, void *usage)') as (
  who: number,
  usage: BigInt64Array,
) => number
const RUSAGE_CHILDREN = -1

/**
 * CPU time, user and system, of all children that have ended, and of theirs. To the microsecond, which /proc is not:
 * the least of several runs would be the one that its hundredths flatter most. Source: getrusage(2); its first four
 * words are the seconds and microseconds of both.
 */
export function endedChildrenCpuS(): number {
  const usage = new BigInt64Array(18)
  getrusage(RUSAGE_CHILDREN, usage)
  const [userS, userUs, systemS, systemUs] = Array.from(usage, Number)
  return userS + systemS + (userUs + systemUs) / 1e6
}

/** CPU time of a process and those below it, as far as they still run. */
export function treeCpuS(pid: number): number {
  const own = statOf(pid)
  const ended = own ? (own[11] + own[12] + own[13] + own[14]) / TICKS_PER_SECOND : 0
  return childrenOf(pid).reduce((sum, child) => sum + treeCpuS(child), ended)
}

/** The most memory that any one process of a tree has held so far. */
export function treePeakBytes(pid: number): number {
  const status = read(`/proc/${pid}/status`)
  const peakKib = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0)
  return childrenOf(pid).reduce((most, child) => Math.max(most, treePeakBytes(child)), peakKib * 1024)
}

/** Fields of /proc/PID/stat behind the name, which may hold blanks: the first is the state, 3 in proc(5). */
function statOf(pid: number): number[] | null {
  const stat = read(`/proc/${pid}/stat`)
  return stat
    ? stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number)
    : null
}

function childrenOf(pid: number): number[] {
  const list = read(`/proc/${pid}/task/${pid}/children`)
  return list.split(' ').filter(Boolean).map(Number)
}

/** Empty when the process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
