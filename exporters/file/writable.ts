import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { FileFormat } from './file-format.ts'
import { lookAt } from './open-file.ts'
import { explain, foreignProblem } from './problem.ts'

/** Why no rows of a format could be appended to a file; null when they could. Looks, and changes nothing. */
export function whyNotWritable(path: string, format: FileFormat): string | null {
  try {
    const file = statSync(path, { throwIfNoEntry: false })
    if (file?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    if (file && !file.isFile()) return `${path} is no regular file; name one, or a new one`
    if (file) accessSync(path, constants.R_OK | constants.W_OK)
    // The folder too: files are begun, noted and rotated there.
    const folder = existing(dirname(path))
    accessSync(folder, constants.W_OK | constants.X_OK)
    if (statfsSync(folder).bavail === 0) throw Object.assign(new Error(), { code: 'ENOSPC' })
    const opened = file ? lookAt(path, (bytes) => format.open(bytes)) : null
    return opened?.kind === 'foreign' ? foreignProblem(path, opened.reason) : null
  } catch (error) {
    return explain(error as NodeJS.ErrnoException, path)
  }
}

/** The folder, or the nearest one above it that is there: the others can be made. */
function existing(folder: string): string {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) {
    if (dirname(folder) === folder) return folder
    return existing(dirname(folder))
  }
  if (!found.isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
  return folder
}
