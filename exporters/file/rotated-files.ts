import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'
import type { Host } from '../../src/sdk/index.ts'
import type { FileMetrics } from './metrics.ts'
import { explain } from './problem.ts'
import { parseRotatedName, type RotatedName, SUFFIXES } from './rotated-name.ts'

/** A 100 MiB file takes a few seconds; what is not done at shutdown is done after the next start. */
const CLOSE_TIMEOUT_MS = 5_000

export type Compression = 'none' | keyof typeof SUFFIXES

const COMPRESSORS: { readonly [how in keyof typeof SUFFIXES]: () => Duplex } = {
  gzip: createGzip,
  zstd: createZstdCompress,
}

export interface RotatedFilesOptions {
  /** Of the file they were. */
  readonly path: string
  readonly mode: number
  readonly compress: Compression
  /** How many to keep; 0 is all. */
  readonly keep: number
}

/**
 * The files that were rotated away: compresses them in the background and removes the oldest. The folder itself is the
 * list of what is to be done, so a pass after a crash finishes what was begun.
 */
export class RotatedFiles {
  readonly #options: RotatedFilesOptions
  readonly #host: Host
  readonly #metrics: FileMetrics
  readonly #abort = new AbortController()
  #running: Promise<void> | null = null
  #again = false
  #kept = 0

  constructor(options: RotatedFilesOptions, host: Host, metrics: FileMetrics) {
    this.#options = options
    this.#host = host
    this.#metrics = metrics
    metrics.gauge('file_rotated_files', () => this.#kept)
  }

  /** Starts a pass, or asks the running one to look again when it is through. */
  tidy(): void {
    this.#again = true
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  /** Waits for what is under way, but not long. */
  async close(): Promise<void> {
    if (this.#running === null) return
    const waited = new AbortController()
    await Promise.race([this.#running, this.#host.clock.sleep(CLOSE_TIMEOUT_MS, waited.signal)])
    waited.abort()
    this.#abort.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#abort.signal.aborted) {
      this.#again = false
      try {
        await this.#pass()
      } catch (error) {
        this.#host.log.warn('rotated files cannot be tidied up; it is tried again after the next rotation', {
          reason: (error as Error).message,
        })
      }
    }
  }

  async #pass(): Promise<void> {
    const { compress, keep } = this.#options
    const files = await this.#list()
    const whole = files.filter(({ state }) => state !== 'unfinished')
    const names = [...new Set(whole.map(({ name }) => name))].sort()
    const old = new Set(keep > 0 ? names.slice(0, -keep) : [])
    const compressed = new Set(whole.filter(({ state }) => state === 'compressed').map(({ name }) => name))
    this.#kept = names.length - old.size

    for (const { file, name, state } of files) {
      // A crash behind compressing left the same rows twice.
      const isTwice = state === 'plain' && compressed.has(name)
      if (state === 'unfinished' || old.has(name) || isTwice) await this.#remove(file)
      else if (state === 'plain' && compress !== 'none') await this.#compress(name, compress)
    }
  }

  async #list(): Promise<(RotatedName & { readonly file: string })[]> {
    const files = await readdir(dirname(this.#options.path))
    return files.flatMap((file) => {
      const parsed = parseRotatedName(this.#options.path, file)
      return parsed ? [{ ...parsed, file }] : []
    })
  }

  async #compress(name: string, how: keyof typeof SUFFIXES): Promise<void> {
    const { signal } = this.#abort
    if (signal.aborted) return
    const source = this.#at(name)
    const target = source + SUFFIXES[how]
    const unfinished = `${target}.tmp`
    const { mode } = this.#options
    try {
      const output = createWriteStream(unfinished, { mode, flush: true })
      await pipeline(createReadStream(source), COMPRESSORS[how](), output, { signal })
      await chmod(unfinished, mode).catch(() => {})
      await rename(unfinished, target)
      await rm(source)
    } catch (error) {
      await rm(unfinished, { force: true })
      if (signal.aborted) return
      this.#metrics.compressFailures.add(1)
      this.#host.log.warn('a rotated file cannot be compressed; it stays as it is until the next rotation', {
        path: source,
        reason: explain(error as NodeJS.ErrnoException, target),
      })
    }
  }

  #remove(file: string): Promise<void> {
    return rm(this.#at(file), { force: true })
  }

  #at(file: string): string {
    return join(dirname(this.#options.path), file)
  }
}
