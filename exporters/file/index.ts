import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { defineSink, duration, SettingError, size } from '../../src/sdk/index.ts'
import { AVRO_CODECS } from './avro-file.ts'
import { FileSink } from './file-sink.ts'
import { FORMATS, formatOf, measured } from './formats.ts'
import { FILE_METRICS, FileMetrics } from './metrics.ts'
import { placeFrom } from './place.ts'
import { RotatedFiles } from './rotated-files.ts'
import { SUFFIXES } from './rotated-name.ts'
import { whyNotWritable } from './writable.ts'

const ROTATION = z.strictObject({
  max_size: size()
    .prefault('100MiB')
    .describe('Rotate with the commit that passes this size; 0 rotates by age only.'),
  max_age: duration()
    .prefault('0s')
    .describe('Rotate with the first commit so long after the first row; 0s rotates by size only.'),
  keep: z.int().min(0).default(10).describe('Rotated files to keep, the newest ones; 0 keeps all.'),
  compress: z
    .enum(['none', 'gzip', 'zstd'])
    .optional()
    .describe(
      'How rotated files are compressed, in the background. Unless set, `gzip` for `jsonl` and `none` for `avro`, which is compressed inside.',
    ),
})

export const file = defineSink({
  kind: 'sink',
  type: 'file',
  summary: 'Appends rows to a file, each exactly once, and rotates it.',
  metrics: FILE_METRICS,
  settings: z.strictObject({
    path: z.string().min(1).describe('File to append to; its folder is made when it is missing.'),
    format: z
      .enum(FORMATS)
      .default('jsonl')
      .describe('`jsonl` is JSON, one row a line; `avro` is Avro object container files.'),
    avro: z
      .strictObject({
        codec: z
          .enum(AVRO_CODECS)
          .default('deflate')
          .describe('How blocks are compressed. Every reader knows `none` and `deflate`, many know `zstd`.'),
      })
      .optional()
      .describe('With `format: avro`.'),
    mode: fileMode().prefault('0640').describe('Permissions of the files it makes.'),
    rotation: ROTATION.prefault({}).describe('When to begin a new file, and what becomes of the old ones.'),
  }),
  writes: ({ path }) => resolve(path),
  probe: ({ path, format }) => whyNotWritable(resolve(path), formatOf(format)),
  check({ path, format, avro }) {
    if (Object.values(SUFFIXES).some((suffix) => path.endsWith(suffix)))
      throw new SettingError(
        ['path'],
        'is written as it is, so its name must not say that it is compressed; rotated files are, by rotation.compress',
      )
    if (avro !== undefined && format !== 'avro')
      throw new SettingError(['avro'], `is for format avro, and format is ${format}; remove one of the two`)
  },
  measure: ({ format, avro }) => measured(formatOf(format, avro?.codec)),
  create({ settings, host, position }) {
    const { format, avro, mode, rotation } = settings
    const path = existsSync(settings.path) ? realpathSync(settings.path) : resolve(settings.path)
    const metrics = new FileMetrics(host.metrics)
    const rotated = new RotatedFiles(
      {
        path,
        mode,
        compress: rotation.compress ?? (format === 'avro' ? 'none' : 'gzip'),
        keep: rotation.keep,
      },
      host,
      metrics,
    )
    return new FileSink(
      { path, mode, maxBytes: rotation.max_size, maxAgeMs: rotation.max_age },
      { host, metrics, format: formatOf(format, avro?.codec), rotated, place: placeFrom(position) },
    )
  },
})

/** Octal as `chmod` takes it. YAML reads a bare 0640 as the number 640 and 0o640 as 416: the former is meant so. */
function fileMode() {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const text = String(value)
    if (/^0?[67][0-7]{2}$/.test(text)) return Number.parseInt(text, 8)
    context.addIssue({
      code: 'custom',
      message: `"${text}" is no mode that lets the owner read and write; write for example "0640"`,
    })
    return z.NEVER
  })
}
