import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { file } from '../../../exporters/file/index.ts'
import { type Place, placeFrom } from '../../../exporters/file/place.ts'
import type { Json, Sink, WriteResult } from '../../../src/sdk/index.ts'
import { rowBatch } from '../../../src/sdk/index.ts'
import { type TestHost, testHost } from '../../support/host.ts'
import { row } from '../../support/rows.ts'
import { avroRows, isAvroFile } from './avro-reader.ts'

export type FileSettings = {
  readonly path: string
  readonly format?: 'jsonl' | 'avro'
  readonly avro?: object
  readonly rotation?: object
  readonly mode?: string | number
}

/** A file exporter with these settings, as a config would make it. */
export function fileSink(
  settings: FileSettings,
  { host = testHost(), position = null }: { host?: TestHost; position?: Json | null } = {},
): Sink {
  return file.create({ settings: file.settings.parse(settings), host, position })
}

/** What the engine does around a commit; returns what it stored. */
export function commit(sink: Sink): Json {
  const position = JSON.parse(JSON.stringify(sink.position()))
  sink.committed()
  return position
}

/** The UUIDs of the rows in a file, compressed or not, in either format; lines that are no rows as they are. */
export function rowsIn(path: string): string[] {
  const bytes = readBytes(path)
  if (isAvroFile(bytes)) return avroRows(bytes).map(({ UUID }) => String(UUID))
  const lines = bytes.toString().split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('{') ? JSON.parse(line).UUID : line))
}

/** What stands in all files of the exporter in a folder, wherever they were moved there. */
export function allRows(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => /^rows\b.*(?<!\.begun|\.tmp)$/.test(name))
  return files.sort().flatMap((name) => rowsIn(join(folder, name)))
}

function readBytes(path: string): Buffer {
  const bytes = readFileSync(path)
  if (path.endsWith('.gz')) return gunzipSync(bytes)
  return path.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes
}

/**
 * A file exporter, the engine around it, and what others do to its files. Rows are numbered. Whatever happens, after
 * each start the files must hold each committed row once, no other, and each line of a stranger.
 */
export class World {
  readonly host = testHost()
  readonly path: string
  readonly #folder: string
  readonly #format: 'jsonl' | 'avro'
  readonly #rotation: object
  /** Every sink there was: the dead ones left their files open. */
  readonly #sinks: Sink[] = []
  #sink: Sink
  #stored: Json | null = null
  readonly #committed: string[] = []
  readonly #strangers: string[] = []
  /** Stood in a file when somebody deleted it. */
  readonly #deleted = new Set<string>()
  #written: string[] = []
  #waiting: string[] = []
  #rows = 0
  #names = 0

  constructor(folder: string, rotation: object = {}, format: 'jsonl' | 'avro' = 'jsonl') {
    this.#folder = folder
    this.#format = format
    this.path = join(folder, `rows.${format}`)
    this.#rotation = { compress: 'none', keep: 0, ...rotation }
    if (existsSync(this.path)) this.#strangers.push(...rowsIn(this.path))
    this.#sink = this.#start()
  }

  write(count: number): WriteResult {
    for (let i = 0; i < count; i++) this.#waiting.push(`row-${this.#rows++}`)
    const result = this.#sink.write(rowBatch(this.#waiting.map((UUID) => row({ UUID }))))
    if (result.kind === 'written') this.#written.push(...this.#waiting.splice(0))
    return result
  }

  commit(): void {
    this.#store()
    this.#sink.committed()
  }

  crash(): void {
    this.#waiting.unshift(...this.#written.splice(0))
    this.#sink = this.#start()
    this.check()
  }

  crashBeforeCommit(): void {
    this.#sink.position()
    this.crash()
  }

  /** The commit is durable, and of what follows it so many steps were done. */
  crashAfterCommit(steps: number): void {
    const { id, rotate_to: rotateTo } = this.#store() ?? { id: '', rotate_to: null }
    if (steps > 0) rmSync(`${this.path}.begun`, { force: true })
    const rotates = rotateTo !== null && existsSync(this.path) && id.startsWith(`${inode(this.path)}.`)
    if (steps > 1 && rotates) renameSync(this.path, join(this.#folder, rotateTo))
    if (steps > 2 && rotates) fits(() => writeFileSync(this.path, ''))
    this.crash()
  }

  crashInWrite(): void {
    if (this.write(1).kind === 'written') fits(() => appendFileSync(this.path, '{"UUID":"half a r'))
    this.crash()
  }

  crashInNote(): void {
    fits(() => writeFileSync(`${this.path}.begun.tmp`, '[{"path"'))
    this.crash()
  }

  move(): void {
    if (existsSync(this.path)) renameSync(this.path, `${this.path}.${this.#names++}`)
  }

  /** As a stranger leaves it: with a last line that has no end. */
  writeAsStranger(): void {
    if (existsSync(this.path)) return
    const line = `stranger-${this.#names++}`
    if (fits(() => writeFileSync(this.path, line))) this.#strangers.push(line)
  }

  copyAndTruncate(): void {
    if (!existsSync(this.path)) return
    this.commit()
    if (!existsSync(this.path)) return
    const copy = `${this.path}.${this.#names++}`
    if (fits(() => copyFileSync(this.path, copy))) truncateSync(this.path)
    else rmSync(copy, { force: true })
  }

  delete(): void {
    if (!existsSync(this.path)) return
    for (const line of rowsIn(this.path)) this.#deleted.add(line)
    rmSync(this.path)
  }

  /** Leaves so much room on the disk, and no more. */
  fillDisk(freeBytes: number): void {
    this.emptyDisk()
    const { bavail, bsize } = statfsSync(this.#folder)
    writeFileSync(join(this.#folder, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
  }

  emptyDisk(): void {
    rmSync(join(this.#folder, 'ballast'), { force: true })
  }

  check(): void {
    const found = allRows(this.#folder)
    const counts = new Map<string, number>()
    for (const line of found) counts.set(line, (counts.get(line) ?? 0) + 1)
    const expected = [...this.#committed, ...this.#strangers].filter(
      (line) => counts.has(line) || !this.#deleted.has(line),
    )
    assert.deepEqual(found.sort(), expected.sort())
  }

  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close()
  }

  #start(): Sink {
    const sink = fileSink(
      { path: this.path, format: this.#format, rotation: this.#rotation },
      { host: this.host, position: this.#stored },
    )
    this.#sinks.push(sink)
    return sink
  }

  #store(): Place | null {
    const text = JSON.stringify(this.#sink.position())
    this.#stored = JSON.parse(text)
    this.#committed.push(...this.#written.splice(0))
    return placeFrom(this.#stored)
  }
}

/** Others meet the full disk too. */
function fits(writing: () => void): boolean {
  try {
    writing()
    return true
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    return false
  }
}

function inode(path: string): bigint {
  return statSync(path, { bigint: true }).ino
}
