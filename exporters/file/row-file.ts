import { type RowBatch, SettingError } from '../../src/sdk/index.ts'
import type { FileFormat, RowEncoder } from './file-format.ts'
import { OpenFile } from './open-file.ts'
import { foreignProblem } from './problem.ts'

/** A file that takes rows, behind all that it holds. */
export class RowFile {
  readonly #file: OpenFile
  readonly #encoder: RowEncoder

  private constructor(file: OpenFile, encoder: RowEncoder) {
    this.#file = file
    this.#encoder = encoder
  }

  /**
   * Opens the file at `path`, or makes it; one that holds rows, but takes no more, is given to `setAside` to move it away.
   * Throws a `SettingError` for one that is not ours to touch.
   */
  static open(path: string, mode: number, format: FileFormat, setAside: (reason: string) => void): RowFile {
    const file = new OpenFile(path, mode)
    const opened = format.open(file)
    if (opened.kind === 'writable') return new RowFile(file, opened.encoder)
    file.close()
    if (opened.kind === 'foreign') throw new SettingError(['path'], foreignProblem(path, opened.reason))
    setAside(opened.reason)
    return RowFile.open(path, mode, format, setAside)
  }

  get path(): string {
    return this.#file.path
  }

  get id(): string {
    return this.#file.id
  }

  get size(): number {
    return this.#file.size
  }

  /** All of the rows, or none: what a full disk took of them is cut off again. Returns their bytes. */
  write(rows: RowBatch): number {
    const before = this.size
    try {
      for (const piece of this.#encoder.encode(rows)) this.#file.append(piece)
    } catch (error) {
      this.#file.tryToCut(before)
      throw error
    }
    return this.size - before
  }

  fate(): ReturnType<OpenFile['fate']> {
    return this.#file.fate()
  }

  sync(): void {
    this.#file.sync()
  }

  close(): void {
    this.#file.close()
  }
}
