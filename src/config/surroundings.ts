import { readFileSync, statSync } from 'node:fs'

/** What a config may look at besides itself. */
export interface Surroundings {
  readonly env: { readonly [name: string]: string | undefined }
  /** Throws an error whose message a person can read. */
  readFile(path: string): string
}

/** No config and no secret is that large; a wrong path may well be. */
const LARGEST_FILE_BYTES = 4 * 2 ** 20

export function surroundings(env: Surroundings['env']): Surroundings {
  return { env, readFile }
}

function readFile(path: string): string {
  try {
    const stat = statSync(path)
    // A pipe would keep us waiting for ever.
    if (!stat.isFile()) throw new Error(stat.isDirectory() ? 'it is a folder' : 'it is no regular file')
    if (stat.size > LARGEST_FILE_BYTES) throw new Error('it is larger than 4 MiB')
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(readable(error as NodeJS.ErrnoException))
  }
}

/** Why a file cannot be read, without the system's codes where there are words. */
export function readable({ code, message }: NodeJS.ErrnoException): string {
  return (code && READABLE[code]) || message
}

const READABLE: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
}
