import { basename, dirname, extname, join } from 'node:path'

/** A file that lumberjack, Hubble's log rotator, has moved away: `events-2026-01-01T00-00-00.000.log`, or `.log.gz`. */
export interface Backup {
  /** The file it was before: `events.log`. */
  readonly log: string
  /** When it was rotated, in UTC; texts of this form sort by time. */
  readonly rotatedAt: string
}

const BACKUP_NAME = /^(.+)-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3})(\.(?!gz$)[^.]*)?(\.gz)?$/

/** What the name says about a rotated file; null when it is no rotated file's name. */
export function backupOf(path: string): Backup | null {
  const match = BACKUP_NAME.exec(basename(path))
  if (match === null) return null
  const [, stem, rotatedAt, extension = ''] = match
  return { log: join(dirname(path), stem + extension), rotatedAt }
}

/** What lumberjack is still compressing; the original stays until it is done. */
export function isUnfinished(path: string): boolean {
  return path.endsWith('.gz.tmp')
}

/** What names of a log's rotated files begin with, whoever rotates it: `events` for `events.log`. */
export function stemOf(log: string): string {
  return basename(log, extname(log))
}
