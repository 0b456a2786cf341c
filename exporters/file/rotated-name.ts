import { existsSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'

/** What a compressed file's name ends with. */
export const SUFFIXES = { gzip: '.gz', zstd: '.zst' } as const

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}$/

export interface RotatedName {
  /** Without what compression added: `rows-2026-01-01T00-00-00.000.jsonl`. */
  readonly name: string
  readonly state: 'plain' | 'compressed' | 'unfinished'
}

/** A name that no rotated file of `path` has, for one rotated at `nowMs`. Names sort by time. */
export function rotatedName(path: string, nowMs: number): string {
  const { stem, extension } = partsOf(path)
  for (let timeMs = nowMs; ; timeMs++) {
    const time = new Date(timeMs).toISOString().replaceAll(':', '-').replace('Z', '')
    const name = `${stem}-${time}${extension}`
    const names = ['', ...Object.values(SUFFIXES)].map((suffix) => join(dirname(path), name + suffix))
    if (!names.some((taken) => existsSync(taken))) return name
  }
}

/** Reads a file name of the folder of `path`; null when it is no rotated file of ours. */
export function parseRotatedName(path: string, file: string): RotatedName | null {
  const { stem, extension } = partsOf(path)
  const suffix = /(\.gz|\.zst)?(\.tmp)?$/.exec(file)!
  const name = file.slice(0, suffix.index)
  if (!name.startsWith(`${stem}-`) || !name.endsWith(extension)) return null
  if (!TIME.test(name.slice(stem.length + 1, name.length - extension.length))) return null
  if (suffix[2]) return { name, state: 'unfinished' }
  return { name, state: suffix[1] ? 'compressed' : 'plain' }
}

function partsOf(path: string): { readonly stem: string; readonly extension: string } {
  const extension = extname(path)
  return { stem: basename(path, extension), extension }
}
