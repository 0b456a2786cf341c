import { dirname } from 'node:path'
import { SettingError } from '../../src/sdk/index.ts'

/** Errors that go away by themselves or by cleaning up; all others need another setting. */
const PASSING = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ESTALE',
  'ETIMEDOUT',
  'EBUSY',
])

/** An error of the outside world; any other is a bug. */
export function isExpected(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof SettingError || (error instanceof Error && 'syscall' in error)
}

export function isPassing({ code = '' }: NodeJS.ErrnoException): boolean {
  return PASSING.has(code)
}

/** Why a file that holds something else gets no rows. */
export function foreignProblem(path: string, reason: string): string {
  return `${path} ${reason}; set another path, or move the file elsewhere`
}

/** What is wrong with the file, and the way out, for the person who is called at night. */
export function explain(error: NodeJS.ErrnoException, path: string): string {
  const folder = dirname(path)
  switch (error.code) {
    case 'ENOSPC':
      return `no space left for ${path}; free some in ${folder}, or lower rotation.keep or rotation.max_size`
    case 'EDQUOT':
      return `the disk quota for ${path} is used up; raise it, or free some space in ${folder}`
    case 'EIO':
      return `the disk fails to read or write ${path}; look into the kernel log and check the volume`
    case 'EROFS':
      return `${path} is on a read-only file system; mount a writable volume at ${folder}, or set path to one`
    case 'EACCES':
    case 'EPERM':
      return `no permission to write ${path}; let this process's user write in ${folder}, or set another path`
    case 'EISDIR':
      return `${path} is a folder; name a file in it, such as ${path}/rows.jsonl`
    case 'ENOTDIR':
    case 'EEXIST':
      return `a part of ${folder} is a file, not a folder; set another path`
    default:
      return error instanceof SettingError ? error.message : `cannot write ${path}: ${error.message}`
  }
}
