import type { Counter, Meter, MetricDoc } from '../../src/sdk/index.ts'

const DOCS = {
  file_bytes_written_total: 'Bytes of rows written',
  file_write_failures_total: 'Writes the disk refused; their rows come again',
  file_size_bytes: 'Size of the file that is written to',
  file_rotations_total: 'Times the file was set aside and a new one begun',
  file_rotated_files: 'Rotated files kept',
  file_compress_failures_total:
    'Rotated files that could not be compressed; they stay as they are until the next try',
} as const

export const FILE_METRICS: readonly MetricDoc[] = Object.entries(DOCS).map(([name, doc]) => ({
  name: `flowfold_${name}`,
  doc,
}))

/** What one file exporter counts. */
export class FileMetrics {
  readonly bytesWritten: Counter
  readonly writeFailures: Counter
  readonly rotations: Counter
  readonly compressFailures: Counter
  readonly #meter: Meter

  constructor(meter: Meter) {
    const counter = (name: keyof typeof DOCS) => meter.counter(name, DOCS[name])
    this.#meter = meter
    this.bytesWritten = counter('file_bytes_written_total')
    this.writeFailures = counter('file_write_failures_total')
    this.rotations = counter('file_rotations_total')
    this.compressFailures = counter('file_compress_failures_total')
  }

  gauge(name: 'file_size_bytes' | 'file_rotated_files', read: () => number): void {
    this.#meter.gauge(name, DOCS[name], read)
  }
}
