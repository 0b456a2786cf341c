import { join } from 'node:path'
import type { SelfMeasured } from './cases/self-measure.ts'
import type { Command, Measured } from './measure.ts'

/** One line of the table: something that is run over the same file as all others. */
export interface BenchCase {
  readonly id: string
  readonly title: string
  /** Why it does not run here; null when it does. */
  readonly skipped: string | null
  /** Writes what it needs into `dir`, which is empty, and tells what to run. */
  prepare(input: string, dir: string): Command
  outcome(measured: Measured, dir: string): Outcome
}

export interface Outcome {
  readonly cpuS: number
  readonly peakBytes: number
  /** Flows it accounts for, which should be those that went in. */
  readonly flows: number
  /** Groups or rows; 0 where it makes none. */
  readonly rows: number
  /** Size of the rows it wrote; 0 where it wrote none. */
  readonly rowBytes: number
}

export const ROOT = join(import.meta.dirname, '..')

/** A stage of the work, alone in a Node of its own: it measures itself, so that the start of Node does not count. */
export function stage(id: string, title: string): BenchCase {
  return {
    id,
    title,
    skipped: null,
    prepare: (input) => ({
      argv: [process.execPath, join(import.meta.dirname, 'cases', `${id}.ts`), input],
      cwd: ROOT,
      ends: 'by itself',
    }),
    outcome(measured) {
      const { cpuS, flows, rows } = JSON.parse(measured.stdout) as SelfMeasured
      return { cpuS, peakBytes: measured.peakBytes, flows, rows, rowBytes: 0 }
    },
  }
}
